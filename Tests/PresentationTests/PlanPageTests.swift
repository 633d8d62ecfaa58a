import API
import Domain
import Presentation
import Testing

@Suite struct PlanPageTests {
    private let proven = ReleaseStatus(proven: Samples.proven)

    @Test func aCanaryShowsEveryStepOfEveryVersion() {
        #expect(
            PlanPage(Samples.release(), status: proven).text == """
                Release:            risk/fraud-scorer
                From:               7 (100 %)
                To:                 7 (75 %), 8 (25 %)
                New:                8 (d2ceb5c2)
                Takes:              1h5m, and until the pods are ready
                Pods:               3 now, 6 during the rollout, 6 after
                Taken Back:         on lost readiness at once, on a restart at once

                STEP   7    8    THEN
                1      95   5    hold 5m
                2      75   25   bake 1h, then proven

                warning: no digest pins the artifact of 7, 8: what is loaded may change without a commit

                """)
    }

    @Test func aFirstVersionHasNothingToGoBackTo() {
        var only = Samples.new
        only.weight = 100
        only.pin = "sha256:" + String(repeating: "0", count: 64)
        #expect(
            PlanPage(Samples.release([only]), status: .init()).text == """
                Release:            risk/fraud-scorer
                From:               nothing proven yet
                To:                 8 (100 %)
                New:                8 (9f828a56)
                Takes:              1h, and until the pods are ready
                Pods:               0 now, 3 during the rollout, 3 after
                Taken Back:         never: there is nothing proven to go back to

                STEP   8     THEN
                1      100   bake 1h, then proven

                """)
    }

    @Test func whatServesAlreadyIsNoChange() {
        var only = Samples.old
        only.weight = 100
        let page = PlanPage(Samples.release([only]), status: proven)
        #expect(page.isEmpty)
        #expect(
            page.text == """
                Release:            risk/fraud-scorer
                Change:             none, 7 (100 %) serves

                """)
    }

    @Test func aRefusedVersionGoesNowhere() {
        let page = PlanPage(
            Samples.release(), status: Samples.reverted.status)
        #expect(!page.isEmpty)
        #expect(page.text.contains("Change:             none: version 8 is refused (Restarts)\n"))
        #expect(!page.text.contains("STEP"))
    }

    @Test func gpusAndProbesAreCounted() {
        var release = Samples.release()
        release.spec.serving.template = [
            "spec": ["containers": [["resources": ["limits": ["nvidia.com/gpu": "2"]]]]]
        ]
        release.spec.health.unreadyFor = .seconds(3)
        release.spec.health.probes = [GoldenProbe(every: .seconds(5), timeout: .seconds(2))]
        let text = PlanPage(release, status: proven).text
        #expect(text.contains("GPUs:               6 now, 18 during the rollout, 12 after\n"))
        #expect(
            text.contains(
                "on lost readiness after 3s, on a restart at once, on a wrong answer within 7s\n"))
    }
}
