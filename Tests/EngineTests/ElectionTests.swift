import API
import ControlPlane
import Domain
import Engine
import Resources
import Testing

/// Who leads, by a Lease.
@Suite struct ElectionTests {
    private func led() throws -> Contest {
        var contest = Contest()
        contest.run(for: .seconds(1))
        try #require(contest.leaders == [0])
        return contest
    }

    @Test func theFirstCandidateLeadsAndTheLeaseSaysSoBeforeItActs() throws {
        let contest = try led()
        #expect(contest.terms == [Term(epoch: 1, holder: "0")])
        #expect(contest.lease.at("spec", "holderIdentity") == "a")
        #expect(contest.lease.at("spec", "leaseDurationSeconds") == 15)
        #expect(contest.lease.at("metadata", "annotations", Names.epoch) == "1")
        #expect(contest.processes[1].followed == ["a"])
    }

    @Test func nobodyLeadsBeforeItIsKnownWhatTheObjectsBear() {
        var contest = Contest(seen: nil)
        contest.run(for: .minutes(1))
        #expect(contest.terms == [] && contest.lease == .null)
        contest.step(1, .seen(epoch: 41))
        contest.run(for: .seconds(5))
        #expect(contest.terms == [Term(epoch: 42, holder: "1")])
    }

    @Test func aHealthyLeaderStaysForever() throws {
        var contest = try led()
        contest.join("c", holder: "2")
        contest.run(for: .minutes(10))
        #expect(contest.terms.count == 1 && contest.overlaps == [])
        #expect(contest.leaders == [0])
    }

    @Test func aLeaderThatIsPausedIsFollowedAfterTheWholeLeaseAndStopsWhenItWakes() throws {
        var contest = try led()
        contest.processes[0].isPaused = true
        contest.run(for: .seconds(12))
        #expect(contest.terms.count == 1)
        contest.run(for: .seconds(6))
        #expect(contest.terms.last == Term(epoch: 2, holder: "1"))
        contest.run(for: .minutes(1))
        contest.processes[0].isPaused = false
        contest.run(for: .milliseconds(25))
        #expect(contest.processes[0].stopped != nil)
        #expect(contest.overlaps == [] && contest.leaders == [1])
    }

    @Test func anAnswerThatComesLateExtendsNothing() throws {
        var election = Election(
            settings: .init(
                lease: .init(namespace: "default", name: "l"), identity: "a", holder: "a"))
        var jitter = SplitMix64(seed: 1)
        var store = Store(seed: 1, now: Contest.start)
        _ = election.step(.seen(epoch: 0), now: Contest.start, jitter: &jitter)
        let outputs = election.step(.read(1, .notFound), now: Contest.start, jitter: &jitter)
        guard case .write(let call, let request) = outputs.first else {
            Issue.record("\(outputs)")
            return
        }
        let outcome = store.perform(request, now: Contest.start)
        let late = Contest.start + .milliseconds(4900)
        let end = election.step(.written(call, outcome), now: late, jitter: &jitter)
        #expect(
            end.first
                == .lead(Term(epoch: 1, holder: "a"), until: Contest.start + .seconds(9)))
    }

    /// The case in which client-go lets two lead for seven seconds: the last renewal that is
    /// carried out is answered as late as can be, and nothing after it gets through.
    @Test(arguments: [0, 2000, 4900, 9900])
    func answersThatAreSlowLetNobodyOverlap(_ delay: Int64) throws {
        var contest = try led()
        contest.processes[0].delay = .milliseconds(delay)
        contest.run(for: .seconds(7))
        contest.processes[0].isCutOff = true
        contest.run(for: .minutes(1))
        #expect(contest.overlaps == [])
        #expect(contest.leaders == [1] && contest.processes[0].stopped != nil)
    }

    @Test(arguments: [(97, 103), (103, 97)] as [(Int64, Int64)])
    func clocksOfOtherRatesLetNobodyOverlap(_ leader: Int64, _ candidate: Int64) {
        var contest = Contest(names: [])
        contest.join("a", holder: "0")
        contest.processes[0].rate = leader
        contest.run(for: .seconds(5))
        contest.join("b", holder: "1")
        contest.processes[1].rate = candidate
        contest.run(for: .seconds(20))
        contest.processes[0].isCutOff = true
        contest.run(for: .minutes(1))
        #expect(contest.terms.map(\.epoch) == [1, 2] && contest.overlaps == [])
    }

    @Test func aLeaderThatCannotRenewGivesUpForGoodAfterItsDeadline() throws {
        var contest = try led()
        contest.run(for: .seconds(4))
        contest.processes[0].isCutOff = true
        contest.run(for: .seconds(9))
        #expect(contest.leaders == [] && contest.processes[0].stopped == nil)
        contest.run(for: .seconds(2))
        #expect(contest.processes[0].stopped?.contains("was not renewed for") == true)
        #expect(contest.processes[0].election.nextTick == nil)
    }

    @Test func aLeaderWhoseReadsFailLeadsOnAsLongAsItsWritesPass() throws {
        var contest = try led()
        contest.processes[0].cannotRead = true
        contest.run(for: .minutes(1))
        #expect(contest.leaders == [0] && contest.terms.count == 1)
    }

    @Test func aRenewalWhoseAnswerIsLostIsFoundInTheLease() throws {
        var contest = try led()
        for _ in 0..<10 {
            contest.run(for: .seconds(3))
            // Whatever is under way is answered by nothing.
            contest.processes[0].inbox = contest.processes[0].inbox.map { item in
                guard case .written(let call, _) = item.event else { return item }
                return (item.at, .written(call, .unknown("the connection broke")))
            }
        }
        contest.processes[0].delay = .milliseconds(1500)
        for _ in 0..<20 {
            contest.run(for: .milliseconds(1000))
            contest.processes[0].inbox = contest.processes[0].inbox.map { item in
                guard case .written(let call, _) = item.event else { return item }
                return (item.at, .written(call, .unknown("the connection broke")))
            }
        }
        #expect(contest.processes[0].stopped == nil && contest.terms.count == 1)
        #expect(contest.overlaps == [])
    }

    // MARK: Names and numbers

    @Test func twoProcessesOfOneNameDoNotBothLead() {
        var contest = Contest(names: ["a", "a"])
        contest.run(for: .seconds(30))
        #expect(contest.terms.count == 1)
        contest.processes[0].isPaused = true
        contest.run(for: .seconds(30))
        #expect(contest.terms.map(\.epoch) == [1, 2])
        contest.processes[0].isPaused = false
        contest.run(for: .seconds(30))
        #expect(contest.processes[0].stopped != nil && contest.overlaps == [])
    }

    @Test func aTermIsHigherThanAllInTheLeaseAndOnObjects() throws {
        var contest = try led()
        contest.step(1, .seen(epoch: 7))
        contest.processes[0].isPaused = true
        contest.run(for: .seconds(30))
        #expect(contest.terms.last?.epoch == 8)
        contest.processes[1].isPaused = true
        contest.join("c", holder: "2")
        contest.run(for: .seconds(30))
        #expect(contest.terms.last?.epoch == 9, "the Lease remembers")
    }

    @Test func aNumberThatNobodyCanExceedDoesNotEndAllTerms() throws {
        var contest = try led()
        contest.edit {
            $0.set(["metadata", "annotations", Names.epoch], to: .string(String(Int64.max)))
        }
        contest.run(for: .seconds(30))
        #expect(contest.leaders.count == 1 && contest.overlaps == [])
    }

    @Test func aLaterTermOnAnObjectEndsThisOneAtOnce() throws {
        var contest = try led()
        contest.step(0, .seen(epoch: 1))
        #expect(contest.leaders == [0])
        contest.step(0, .seen(epoch: 2))
        #expect(contest.processes[0].stopped == "an object bears epoch 2, which is after 1")
        #expect(contest.leaders == [])
    }

    // MARK: What hands do to the Lease

    @Test func aLeaderMakesALeaseThatWasDeletedAgainAndNobodyComesBetween() throws {
        var contest = try led()
        contest.run(for: .seconds(20))
        _ = try contest.store.delete(
            Contest.key, options: DeleteOptions(),
            WriteContext(now: contest.now, manager: "person"))
        contest.run(for: .seconds(30))
        #expect(contest.terms.count == 1 && contest.leaders == [0])
        #expect(contest.lease.at("metadata", "annotations", Names.epoch) == "1")
    }

    @Test func aDeletedLeaseOfALeaderThatIsGoneGoesToTheNextOneAfterItsTime() throws {
        var contest = try led()
        contest.run(for: .seconds(20))
        contest.processes[0].isPaused = true
        _ = try contest.store.delete(
            Contest.key, options: DeleteOptions(),
            WriteContext(now: contest.now, manager: "person"))
        contest.run(for: .seconds(8))
        #expect(contest.terms.count == 1, "the last holder may still act")
        contest.run(for: .seconds(12))
        #expect(contest.terms.last?.holder == "1" && contest.overlaps == [])
    }

    @Test func aHolderThatSomebodyWroteIntoTheLeaseEndsTheTerm() throws {
        var contest = try led()
        contest.edit { $0.set(["spec", "holderIdentity"], to: "nobody-there") }
        contest.run(for: .seconds(5))
        #expect(contest.processes[0].stopped?.contains("nobody-there") == true)
        contest.run(for: .seconds(20))
        #expect(contest.leaders == [1], "a holder that gives no sign is followed")
    }

    @Test func aLabelThatSomebodyPutsOnTheLeaseEndsNothing() throws {
        var contest = try led()
        for round in 0..<10 {
            contest.edit { $0.set(["metadata", "labels", "team"], to: .string("t\(round)")) }
            contest.run(for: .seconds(3))
        }
        #expect(contest.leaders == [0] && contest.terms.count == 1)
    }

    @Test func anEmptyLeaseThatWasShippedIsTakenAtOnce() throws {
        var contest = Contest(names: [])
        _ = try contest.store.create(
            .lease, namespace: "default", ["metadata": ["name": "slipway-controller"]],
            WriteContext(now: contest.now, manager: "person"))
        contest.join("a", holder: "0")
        contest.run(for: .seconds(1))
        #expect(contest.leaders == [0])
    }

    @Test func aDurationThatSomebodyWroteKeepsNobodyWaitingForLong() throws {
        var contest = try led()
        contest.processes[0].isPaused = true
        contest.edit { $0.set(["spec", "leaseDurationSeconds"], to: 100_000) }
        contest.run(for: .seconds(70))
        #expect(contest.leaders == [1])
    }

    @Test func whoResignsLetsTheNextOneBeginAtOnce() throws {
        var contest = try led()
        contest.run(for: .seconds(9))
        contest.step(0, .resign)
        #expect(contest.lease.at("spec", "holderIdentity") == "")
        contest.processes[0].isPaused = true
        contest.run(for: .seconds(3))
        #expect(contest.leaders == [1] && contest.terms.last?.epoch == 2)
    }

    @Test func aCandidateThatResignsLeavesTheLeaseAlone() throws {
        var contest = try led()
        contest.step(1, .resign)
        contest.run(for: .minutes(1))
        #expect(contest.leaders == [0] && contest.processes[1].election.nextTick == nil)
    }
}
