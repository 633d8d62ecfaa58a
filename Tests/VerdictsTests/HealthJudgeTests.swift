import API
import Domain
import Testing
import Verdicts

struct HealthJudgeTests {
    let start = Timestamp(milliseconds: 1_000_000)

    func pod(
        _ name: String,
        ready: Bool = true,
        was: Bool = true,
        changed: Int64 = 0,
        leaving: Bool = false,
        restarts: Int = 0,
        end: String? = nil,
        waiting: String? = nil,
        golden: PodSample.Golden = .notAsked
    ) -> PodSample {
        PodSample(
            name: name,
            uid: name,
            created: start,
            ready: ready,
            wasReady: was,
            readyChanged: start + .seconds(changed),
            leaving: leaving,
            restarts: restarts,
            lastEnd: end,
            waiting: waiting.map { .init(reason: $0, message: "") },
            phaseFailed: false,
            golden: golden
        )
    }

    func verdict(
        _ pods: [PodSample],
        policy: HealthPolicy = .init(),
        desired: Int = 2,
        at: Int64 = 10,
        trusted: Bool = true
    ) -> VersionVerdict {
        HealthJudge(policy: policy, desired: desired, since: start, proberTrusted: trusted)
            .verdict(pods, now: start + .seconds(at)).verdict
    }

    func reason(_ verdict: VersionVerdict) -> VersionVerdict.Failure.Reason? {
        verdict.failure?.reason
    }

    @Test func allPodsReadyIsHealthy() {
        #expect(verdict([pod("a"), pod("b")]) == .healthy)
    }

    @Test func tooFewPodsIsNoSuccess() {
        #expect(verdict([pod("a")]) == .reduced("1/2 pods ready"))
        #expect(verdict([]) == .starting("0/2 pods ready"))
    }

    @Test func podsThatTheServerRefusesAreNamed() {
        func verdict(_ pods: [PodSample], at: Int64) -> VersionVerdict {
            HealthJudge(
                policy: .init(), desired: 2, since: start, proberTrusted: true,
                podsRefused: "exceeded quota"
            ).verdict(pods, now: start + .seconds(at)).verdict
        }
        #expect(
            verdict([], at: 10) == .starting("0/2 pods ready; pods are refused: exceeded quota"))
        #expect(
            verdict([], at: 700).failure?.message
                == "0 of 2 pods ready after 10m; pods are refused: exceeded quota")
        // What is there in full number was not refused.
        let waiting = [pod("a", ready: false, was: false), pod("b", ready: false, was: false)]
        #expect(verdict(waiting, at: 10) == .starting("0/2 pods ready"))
    }

    @Test func aPodThatWasReadyAndIsNotFailsTheVersion() {
        #expect(reason(verdict([pod("a"), pod("b", ready: false)])) == .readinessLost)
    }

    @Test func aNodeWhoseClockIsAheadDelaysNothing() {
        let lost = pod("b", ready: false, changed: 600)
        #expect(reason(verdict([pod("a"), lost])) == .readinessLost)
    }

    @Test func aPodThatWasNeverReadyOnlyStarts() {
        #expect(
            verdict([pod("a"), pod("b", ready: false, was: false)]) == .reduced("1/2 pods ready")
        )
    }

    @Test func aPodThatLeavesDoesNotCount() {
        #expect(reason(verdict([pod("a"), pod("b", ready: false, leaving: true)])) == nil)
    }

    @Test func lostReadinessMayBeToleratedForATime() {
        let policy = HealthPolicy(unreadyFor: .seconds(30))
        let pods = [pod("a"), pod("b", ready: false, changed: 5)]
        #expect(reason(verdict(pods, policy: policy, at: 34)) == nil)
        #expect(reason(verdict(pods, policy: policy, at: 35)) == .readinessLost)
        let judge = HealthJudge(policy: policy, desired: 2, since: start, proberTrusted: true)
        let early = judge.verdict(pods, now: start + .seconds(10))
        #expect(early.recheck == start + .seconds(35))
    }

    @Test func someLostPodsMayBeTolerated() {
        let policy = HealthPolicy(unreadyMax: 1)
        #expect(reason(verdict([pod("a"), pod("b", ready: false)], policy: policy)) == nil)
        #expect(
            reason(verdict([pod("a", ready: false), pod("b", ready: false)], policy: policy))
                == .readinessLost
        )
    }

    @Test func restartsAreNamedAfterTheirCause() {
        #expect(reason(verdict([pod("a", restarts: 1)])) == .restarted)
        #expect(
            reason(verdict([pod("a", restarts: 2, waiting: "CrashLoopBackOff")])) == .crashLoop
        )
        #expect(reason(verdict([pod("a", restarts: 1, end: "OOMKilled (137)")])) == .outOfMemory)
        #expect(reason(verdict([pod("a", restarts: 1)], policy: .init(restartsMax: 1))) == nil)
    }

    @Test(arguments: ["ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"])
    func anImageThatCannotBeLoadedFails(_ waiting: String) {
        let pods = [pod("a", ready: false, was: false, waiting: waiting)]
        #expect(reason(verdict(pods)) == .imageUnavailable)
    }

    @Test func theFirstPullErrorIsNotTheLast() {
        #expect(
            reason(verdict([pod("a", ready: false, was: false, waiting: "ErrImagePull")])) == nil
        )
    }

    @Test func aWrongGoldenAnswerFailsAtOnceAlsoWhenReady() {
        #expect(
            reason(verdict([pod("a"), pod("b", golden: .mismatch("got 0.9"))])) == .goldenMismatch
        )
    }

    @Test func noGoldenAnswerIsNoSuccess() {
        #expect(
            verdict([pod("a", golden: .passed), pod("b", golden: .waiting)])
                == .starting("golden inferences: 1/2 pods")
        )
    }

    @Test func unansweredProbesCountOnlyIfTheProberReachesOthers() {
        let pods = [pod("a", golden: .unanswered(3, "timed out")), pod("b", golden: .passed)]
        #expect(reason(verdict(pods)) == .probeFailed)
        #expect(reason(verdict(pods, trusted: false)) == nil)
        #expect(
            reason(verdict([pod("a", golden: .unanswered(2, "timed out"))], desired: 1)) == nil
        )
    }

    @Test func theProgressDeadlineEndsWaiting() {
        let pods = [pod("a", ready: false, was: false)]
        #expect(reason(verdict(pods, at: 599)) == nil)
        #expect(reason(verdict(pods, at: 600)) == .progressDeadline)
    }
}
