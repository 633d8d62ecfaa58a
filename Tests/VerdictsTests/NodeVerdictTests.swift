import API
import Domain
import Testing
import Verdicts

/// What pods do while their node is not Ready says nothing of their version.
struct NodeVerdictTests {
    private let start = Timestamp(milliseconds: 1_000_000)

    private func pod(
        _ name: String, node: PodSample.Node, ready: Bool = false, changed: Int64 = 0,
        writtenOff: Bool = false, created: Int64 = 0, leavingSince: Int64? = nil,
        restarts: Int = 0, ended: Int64? = nil, failed: Bool = false,
        golden: PodSample.Golden = .notAsked
    ) -> PodSample {
        PodSample(
            name: name, uid: name, created: start + .seconds(created), ready: ready,
            wasReady: true, readyChanged: start + .seconds(changed), leaving: leavingSince != nil,
            leavingSince: leavingSince.map { start + .seconds($0) }, node: node,
            isWrittenOff: writtenOff, restarts: restarts, lastEnd: nil,
            lastEnded: ended.map { start + .seconds($0) }, waiting: nil, phaseFailed: failed,
            golden: golden)
    }

    private func ready(since seconds: Int64) -> PodSample.Node {
        .ready(since: start + .seconds(seconds))
    }

    private func lost(since seconds: Int64) -> PodSample.Node {
        .notReady(since: start + .seconds(seconds))
    }

    private var well: PodSample { pod("well", node: ready(since: -900), ready: true) }

    private func judge(
        _ pods: [PodSample], at seconds: Int64 = 1000, desired: Int = 2
    ) -> (verdict: VersionVerdict, recheck: Timestamp?) {
        HealthJudge(policy: .init(), desired: desired, since: start, proberTrusted: true)
            .verdict(pods, now: start + .seconds(seconds))
    }

    private func reason(_ pods: [PodSample], at seconds: Int64 = 1000)
        -> VersionVerdict.Failure.Reason?
    {
        judge(pods, at: seconds).verdict.failure?.reason
    }

    // MARK: Against the version

    @Test func aPodThatLosesReadinessOnAReadyNodeFailsTheVersion() {
        #expect(
            reason([well, pod("b", node: ready(since: -900), changed: 999)]) == .readinessLost)
        #expect(reason([well, pod("b", node: .unknown, changed: 999)]) == .readinessLost)
    }

    @Test func aPodThatLosesReadinessWithItsNodeDoesNot() {
        let pods = [well, pod("b", node: lost(since: 995), changed: 999, writtenOff: true)]
        #expect(judge(pods).verdict == .reduced("1/2 pods ready, 1 on nodes that are not Ready"))
    }

    @Test func restartsFailuresAndSilenceOnALostNodeCountNothing() {
        let node = lost(since: 990)
        #expect(reason([well, pod("b", node: node, restarts: 7)]) == nil)
        #expect(reason([well, pod("b", node: node, failed: true)]) == nil)
        #expect(reason([well, pod("b", node: node, golden: .unanswered(9, "no route"))]) == nil)
    }

    @Test func aWrongAnswerStaysWrongWhateverBecomesOfTheNode() {
        let pods = [well, pod("b", node: lost(since: 990), golden: .mismatch("got 0.9"))]
        #expect(reason(pods) == .goldenMismatch)
    }

    @Test func otherPodsOnReadyNodesAreStillJudged() {
        let pods = [
            pod("a", node: lost(since: 990)),
            pod("b", node: ready(since: -900), changed: 999),
        ]
        #expect(reason(pods) == .readinessLost)
    }

    @Test func aNodeThatIsReadyAgainGivesItsPodsTimeToBeSo() {
        let pods = [well, pod("b", node: ready(since: 998), changed: 990, writtenOff: true)]
        #expect(reason(pods, at: 1500) == nil)
        // The ten minutes of the progress deadline run from then.
        #expect(reason(pods, at: 1597) == nil)
        #expect(reason(pods, at: 1598) == .progressDeadline)
    }

    @Test func readinessLostAfterTheNodeCameBackCounts() {
        #expect(
            reason([well, pod("b", node: ready(since: 900), changed: 901)]) == .readinessLost)
    }

    @Test func theClocksOfNodeAndControlPlaneMayDifferWhereThePodWasWrittenOff() {
        func lost(_ changed: Int64, writtenOff: Bool) -> VersionVerdict.Failure.Reason? {
            let node = ready(since: 900)
            return reason([well, pod("b", node: node, changed: changed, writtenOff: writtenOff)])
        }
        #expect(lost(910, writtenOff: true) == nil)
        #expect(lost(911, writtenOff: true) == .readinessLost)
        #expect(lost(910, writtenOff: false) == .readinessLost)
    }

    @Test func nothingIsSaidWhileTheNodeIsAsked() {
        let pods = [well, pod("b", node: .asked, changed: 999, writtenOff: true)]
        #expect(judge(pods).verdict.failure == nil)
        #expect(!judge(pods).verdict.isHealthy)
    }

    @Test func aRestartThatCameWithTheNodeIsNoneOfTheVersion() {
        func restarted(ended: Int64?) -> VersionVerdict.Failure.Reason? {
            let node = ready(since: 900)
            return reason([well, pod("b", node: node, ready: true, restarts: 1, ended: ended)])
        }
        #expect(restarted(ended: 899) == nil)
        #expect(restarted(ended: 901) == .restarted)
        #expect(restarted(ended: nil) == .restarted)
    }

    // MARK: For the version

    @Test func aPodThatIsStillCalledReadyOnALostNodeIsNoCapacity() {
        let pods = [well, pod("b", node: lost(since: 999), ready: true)]
        #expect(judge(pods).verdict == .reduced("1/2 pods ready, 1 on nodes that are not Ready"))
        #expect(judge([well, well]).verdict == .healthy)
    }

    // MARK: The deadline

    @Test func theDeadlineStandsStillWhileTheClusterMakesUpItsMind() {
        let pods = [well, pod("b", node: lost(since: 1000))]
        let end = 1000 + 360 + 600 as Int64
        #expect(reason(pods, at: end - 1) == nil)
        #expect(judge(pods, at: 1001).recheck == start + .seconds(end))
        // Nobody waits for a node for ever.
        #expect(reason(pods, at: end) == .progressDeadline)
    }

    @Test func aReplacementHasTheWholeDeadline() {
        let pods = [
            well, pod("b", node: lost(since: 1000), leavingSince: 1300),
            pod("c", node: .unknown, changed: 1300, created: 1300, restarts: 0),
        ]
        let waiting = pods.map { pod in
            pod.name == "c"
                ? PodSample(
                    name: "c", uid: "c", created: pod.created, ready: false, wasReady: false,
                    readyChanged: pod.created, leaving: false, restarts: 0, lastEnd: nil,
                    waiting: nil, phaseFailed: false, golden: .notAsked) : pod
        }
        #expect(reason(waiting, at: 1899) == nil)
        #expect(reason(waiting, at: 1900) == .progressDeadline)
    }

    @Test func aPodThatIsTakenAwayLateInARolloutEndsNothing() {
        // Its replacement is not seen yet.
        #expect(reason([well, pod("b", node: .unknown, leavingSince: 1030)], at: 1001) == nil)
    }
}
