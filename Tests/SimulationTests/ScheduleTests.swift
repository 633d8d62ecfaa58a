import Domain
import FoundationEssentials
import Simulation
import Testing

/// Schedules that once broke a check, and runs drawn from seeds: whatever happens, no check is
/// broken, and in the end all is as declared.
struct ScheduleTests {
    @Test(arguments: 1...8)
    func aStormOfFaultsBreaksNothingAndEverythingSettles(_ seed: UInt64) {
        expectCalm(Schedule(drawnFrom: seed))
    }

    /// Draining was counted from the acceptance of the route, not from its arrival at the proxies.
    @Test(arguments: ["proxy-still-sends-54", "proxy-still-sends-113"])
    func noPodEndsWhileAProxyStillSendsToIt(_ name: String) throws { try expectCalm(name) }

    /// An attempt whose deadline had passed took its own pods for left-over ones, for ever.
    @Test(arguments: ["deadline-on-older-pods"])
    func anAttemptEndsWithItsDeadlineAlsoOnOlderPods(_ name: String) throws {
        try expectCalm(name)
    }

    /// A commit superseded a canary while the version that served before was crashing: the first
    /// step gave it the canary's share back.
    @Test(arguments: ["dead-base-superseded", "dead-base-route-deleted"])
    func aVersionWithoutPodsGetsNothingBack(_ name: String) throws { try expectCalm(name) }

    /// A rollout back to a version without pods ended before that version had its traffic.
    @Test(arguments: ["dead-base-proven-too-early"])
    func nothingIsProvenBeforeItHasTheTraffic(_ name: String) throws { try expectCalm(name) }

    /// Somebody rolled back by hand to what a forced push had just put on the branch: the simulated
    /// Git made a commit without a change, where the real one makes none.
    @Test(arguments: ["rolled-back-to-what-git-says"])
    func nothingIsCommittedWhereGitSaysSoAlready(_ name: String) throws { try expectCalm(name) }

    /// A write that had failed and was not wanted any more stood in the status for ever.
    @Test(arguments: ["trouble-forgotten-257", "trouble-forgotten-332"])
    func aTroubleThatIsOverIsForgotten(_ name: String) throws { try expectCalm(name) }

    /// A controller whose clock was ahead took pods for those of an earlier attempt, again and
    /// again; one whose clock was behind waited until the times in the status had come.
    @Test(arguments: ["clock-ahead-of-the-server", "clock-behind-the-status", "clock-and-drain"])
    func clocksMayDiffer(_ name: String) throws { try expectCalm(name) }

    /// A node's clock that was ahead delayed the revert by as much.
    @Test(arguments: ["clock-behind-the-nodes"])
    func aNodesClockDelaysNoRevert(_ name: String) throws { try expectCalm(name) }

    /// After a forced push another controller had another status to write.
    @Test(arguments: ["branch-rewritten"])
    func anotherControllerSaysTheSameOfARewrittenBranch(_ name: String) throws {
        try expectCalm(name)
    }

    /// A route went forward by the status that was seen, while another one was on its way: after
    /// somebody had emptied the route, and when first versions were superseded.
    @Test(arguments: [
        "route-emptied-status-under-way", "first-of-two-shares-superseded",
        "two-bad-versions-superseded",
    ])
    func trafficGoesForwardByAStoredStatusOnly(_ name: String) throws { try expectCalm(name) }

    /// People let versions be scaled by the load in the middle of everything.
    @Test(arguments: [
        "autoscaler-in-a-rollout", "autoscaler-and-a-revert",
        "autoscaler-added-while-watches-are-lost",
    ])
    func anAutoscalerOfSomebodyElseStandsInNothingsWay(_ name: String) throws {
        try expectCalm(name)
    }

    /// After an outage the read that a revert waited for had half a minute to go.
    @Test(arguments: ["revert-after-outage"])
    func aRevertFollowsTheEndOfAnOutageAtOnce(_ name: String) throws { try expectCalm(name) }

    /// A controller whose clock was behind waited until pods were as old as its clock said.
    @Test(arguments: ["clock-behind-the-pods"])
    func aDeadlineIsNotMovedByClocksThatAreAhead(_ name: String) throws { try expectCalm(name) }

    /// A split that was promoted by hand in its bake was held to the end of the bake.
    @Test(arguments: ["promoted-while-it-bakes"])
    func aBakeEndsWhenSomebodyPromotes(_ name: String) throws { try expectCalm(name) }

    /// A version whose Deployment had just been deleted got traffic when it was wanted again: its
    /// pods and endpoints were still told as ready.
    @Test(arguments: ["endpoints-of-a-deleted-deployment"])
    func podsOfAnEarlierDeploymentDoNotCount(_ name: String) throws { try expectCalm(name) }

    /// A status that was lost while the route had an old mark: traffic waited for the new status.
    @Test(arguments: ["status-lost-after-a-refusal"])
    func whatARouteRefusesLosesItsTrafficFirst(_ name: String) throws { try expectCalm(name) }

    /// While the status that promotes a version was on its way the same version was reverted.
    @Test(arguments: ["promoted-and-reverted-at-once"])
    func nothingIsDecidedAboutAnAttemptThatMayBeOver(_ name: String) throws {
        try expectCalm(name)
    }

    /// A commit that still declared the bad version in part ended the rollback from it.
    @Test(arguments: ["commit-in-a-rollback-by-hand"])
    func aRollbackByHandGoesOnWhateverRefusedIsDeclared(_ name: String) throws {
        try expectCalm(name)
    }

    /// A rollback to a split that has the declared version too was not told to Git.
    @Test(arguments: ["rolled-back-to-another-split"])
    func gitIsToldOfARollbackToAnotherSplit(_ name: String) throws { try expectCalm(name) }

    /// The status called a rollback that nobody can tell Git of any more a release on its way.
    @Test(arguments: ["rolled-back-to-a-commit-that-is-gone"])
    func aRollbackThatGitCannotSayIsCalledOne(_ name: String) throws { try expectCalm(name) }

    /// The route was about to give a version its share back before its Service was made anew; an
    /// assert held the write back.
    @Test(arguments: ["route-emptied-and-service-deleted"])
    func nothingIsRoutedToAServiceThatIsToBeMade(_ name: String) throws { try expectCalm(name) }

    /// A check took the place of a bad first version, with traffic or refused, for the process's
    /// choice; another one a delete for the order it came in, not the one it was sent in; a third
    /// one what the steps leave to a dead base for a raise of it.
    @Test(arguments: [
        "compared-at-a-first-failure", "service-delete-comes-late",
        "route-deleted-while-the-base-is-dead", "clock-ahead-and-a-lost-node",
        "compared-while-a-commit-is-on-its-way", "base-back-for-a-moment",
        "route-emptied-in-a-standstill",
    ])
    func whatNoControllerCanHelpIsNoFault(_ name: String) throws { try expectCalm(name) }

    /// A version that had served before went to 100 % while its Deployment was being deleted: only
    /// new versions were sealed.
    @Test(arguments: ["released-again-while-it-is-removed"])
    func whateverIsRaisedIsSafeFromADelete(_ name: String) throws { try expectCalm(name) }

    /// The time of a step went on counting when its split changed, in a new life.
    @Test(arguments: ["step-counted-before-the-base-was-back"])
    func aStepCountsWhileItsSplitIsInForce(_ name: String) throws { try expectCalm(name) }

    /// A version was refused while the write that raises it was still on its way, and nothing else
    /// could answer: without a write of the route the late one gave it its share.
    @Test(arguments: ["late-raise-while-the-base-is-dead"])
    func aLateRaiseIsMadeVoidAlsoWithoutABase(_ name: String) throws { try expectCalm(name) }

    /// A first version failed while its route was being made: it was refused, and had the traffic.
    @Test(arguments: ["first-route-under-way"])
    func aFirstVersionIsNotRefusedWhileItsRouteIsMade(_ name: String) throws {
        try expectCalm(name)
    }

    /// A version went a second after a late write had given it a share.
    @Test(arguments: ["late-write-to-a-draining-version"])
    func drainingBeginsAnewAfterAShare(_ name: String) throws { try expectCalm(name) }

    /// A good version was refused, since its deadline had passed by a clock that was set ahead, or
    /// before a new leader had asked for golden inferences.
    @Test(arguments: ["clock-ahead-and-a-new-life", "leader-follows-in-a-pause"])
    func aNewLeaderGivesADeadlineItsTime(_ name: String) throws { try expectCalm(name) }

    /// A rollback asked for without a version found none and did nothing.
    @Test func aRollbackWithoutAVersionGoesToTheLastProvenOne() throws {
        var run = ScheduledRun(try schedule("rolled-back-without-a-name"))
        run.play()
        #expect(run.world.violations == [])
        #expect(run.world.splits.last?.split.count == 1)
        #expect(run.outcome.contains("proven [\"1\"]"))
    }

    /// What checks once took for wrong: a share kept for a version without pods, a confirmation of
    /// a split that every proxy had, a promotion while a proxy was stuck.
    @Test(arguments: [
        "dead-base-third-version", "accepted-before-a-restart", "proxy-stuck-at-the-end",
        "route-deleted-of-a-first-version", "route-deleted-in-a-rollback",
        "rolled-back-to-a-dead-version", "base-dies-at-the-promotion",
        "route-emptied-of-a-dead-version", "autoscaler-allows-fewer-than-declared",
        "status-cleared-while-a-node-is-lost",
    ])
    func checksKnowWhatNobodyCanDoBetter(_ name: String) throws { try expectCalm(name) }

    /// A version that is declared without a share was named in the route, which gateways refuse
    /// then, and was judged by pods that it has not.
    @Test(arguments: ["declared-anew-while-under-way"])
    func aVersionWithoutAShareNeedsNoPods(_ name: String) throws { try expectCalm(name) }

    /// A wrong golden answer was forgotten before the status told of it, when another status was
    /// on its way: it was asked for again and again, until the deadline blamed another version.
    @Test func aWrongAnswerCountsHoweverSlowStatusesAre() throws {
        var run = ScheduledRun(try schedule("wrong-answer-while-statuses-are-slow"))
        run.play()
        #expect(run.world.violations == [])
        #expect(run.world.trace.contains { $0.contains("version 5 refused: GoldenMismatch") })
    }

    /// The model's garbage collection missed a deletion, since what had been before was compacted.
    @Test(arguments: ["service-deleted-after-a-compaction"])
    func slicesGoWithTheirService(_ name: String) throws { try expectCalm(name) }

    /// What drawn runs seldom come to.
    @Test(arguments: [
        "status-lost-in-a-rollout", "route-emptied-in-a-pause", "golden-inferences-unanswered",
    ])
    func branchesThatAreSeldomTakenEndWellToo(_ name: String) throws { try expectCalm(name) }

    /// Another controller waits for the Lease of one that died, not of one that was told to end.
    @Test(arguments: [("stop", "00:00:28Z"), ("kill", "00:00:42Z")])
    func aLeaseThatIsGivenBackIsTakenAtOnce(_ end: String, _ time: String) throws {
        let text = """
            processes 2
            delay restart 30s
            storm 1m
            at 1s commit 0 strategy 0 1:100
            at 20s commit 0 strategy 0 2:100
            at 27s \(end) 0
            """
        var run = ScheduledRun(try Schedule(text: text))
        run.play()
        #expect(run.world.violations == [])
        let taken = run.world.trace.first { $0.contains("leads with term 2 of life-2") }
        #expect(taken?.contains(time) == true, "\(taken ?? "nobody leads")")
    }

    @Test func theTextOfAScheduleReadsAsTheSchedule() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            let schedule = Schedule(drawnFrom: seed)
            #expect(try Schedule(text: schedule.description) == schedule)
        }
    }

    @Test(arguments: [
        "at 5s fly 3", "at soon kill 0", "version 1 tired startup 3s", "lag Lamp 3s", "seed -1",
        "at 1s commit 0 strategy 9 1:100", "processes 0",
    ])
    func whatIsWrongInAScheduleIsNamedWithItsLine(_ line: String) {
        do throws(Schedule.Problem) {
            _ = try Schedule(text: "seed 1\n\(line)\n")
            Issue.record("read")
        } catch {
            #expect(error.line == 2)
            #expect(error.description.contains(line))
        }
    }

    @Test func theSameScheduleGivesTheSameRun() {
        for seed in [3, 11] as [UInt64] {
            var hashes: Set<UInt64> = []
            for _ in 0..<2 {
                var run = ScheduledRun(Schedule(drawnFrom: seed))
                run.play()
                hashes.insert(run.world.hash.value)
            }
            #expect(hashes.count == 1)
        }
    }

    /// What goes as bytes through the HTTP side of the server, and is read by what the real client
    /// reads with, comes to the same story, line by line.
    @Test(arguments: [3, 8, 21])
    func callsOverHTTPTellTheSameStory(_ seed: UInt64) {
        var schedule = Schedule(drawnFrom: seed)
        schedule.comparisons = []
        // What breaks connections is met in another way where there are some.
        schedule.entries.removeAll {
            switch $0.act {
            case .apiAway, .freeze, .relist: true
            default: false
            }
        }
        var stories: [[String]] = []
        for speaksHTTP in [false, true] {
            schedule.speaksHTTP = speaksHTTP
            var run = ScheduledRun(schedule)
            run.play()
            // The account and its roles come first there: pods have other names.
            stories.append(
                run.world.trace.map { $0.replacing(/-[a-z0-9]+-[a-z0-9]{5}\b/, with: "") })
        }
        #expect(stories[0].count > 30)
        #expect(stories[0] == stories[1])
    }

    private func expectCalm(_ name: String) throws { expectCalm(try schedule(name)) }

    private func schedule(_ name: String) throws -> Schedule {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().path
        let bytes = try Data(contentsOf: URL(filePath: "\(folder)/Schedules/\(name).txt"))
        return try Schedule(text: String(decoding: bytes, as: UTF8.self))
    }

    private func expectCalm(_ schedule: Schedule) {
        var run = ScheduledRun(schedule)
        run.play()
        #expect(run.world.violations == [], "\(schedule)")
    }
}
