import API
import Domain
import Presentation
import Testing

@Suite struct ReleasePageTests {
    @Test func aRolloutThatWaits() {
        #expect(
            ReleasePage(Samples.waiting, now: Samples.now).text == """
                Name:               risk/fraud-scorer
                Source:             ReleaseSource risk/models, file models/fraud.yaml
                Commit:             ffeeddc by Robin
                Runtime:            mlserver
                Traffic:            gateway public, path /fraud
                Declared:           7 (75 %), 8 (25 %)
                Phase:              Paused
                Message:            releasing 7: 75, 8: 25: waiting for approval
                Sync Status:        OutOfSync since 25m
                Rollout:            attempt 2 to 7 (75 %), 8 (25 %) from ffeeddc by Robin, started 25m ago
                Step:               2 of 4, 5 % to the new versions, waits for approval
                Proven:             7 (100 %) from a1b2c3d since 8d
                Next:               slipway approve fraud-scorer -n risk

                VERSION   DIGEST     ROLE     WEIGHT   READY   HEALTH     AGE   MESSAGE
                7         e7087580   stable   95       3/3     Healthy    9d    -
                8         d2ceb5c2   new      5        2/3     Starting   25m   2 of 3 pods are ready

                CONDITION   STATUS   REASON      SINCE   MESSAGE
                Synced      False    Releasing   25m     on its way

                ID   ENDED    VERDICT    VERSIONS   COMMIT    AUTHOR   TOOK   EVIDENCE
                1    8d ago   Promoted   7          a1b2c3d   Dana     120m   baked 1h

                """)
    }

    @Test func aReleaseThatWasTakenBack() {
        #expect(
            ReleasePage(Samples.reverted, now: Samples.now).text == #"""
                Name:               risk/fraud-scorer
                Commit:             ffeeddc
                Runtime:            mlserver
                Traffic:            gateway public, path /fraud
                Declared:           8 (100 %)
                Phase:              Reverted
                Message:            version 8 refused: Restarts; version 7 serves
                Proven:             7 (100 %) from a1b2c3d since 8d
                Git Revert:         pending: restore the declaration of a1b2c3d
                Next:               push a fix, or slipway retry fraud-scorer -n risk --version 8

                VERSION   DIGEST     ROLE     WEIGHT   READY   HEALTH    AGE   MESSAGE
                7         e7087580   stable   100      3/3     Healthy   9d    -

                REFUSED   DIGEST     REASON     AGE   COMMIT    MESSAGE
                8         d2ceb5c2   Restarts   4m    ffeeddc   1 restart, at most 0\u{1B}[2J

                ID   ENDED    VERDICT    VERSIONS   COMMIT    AUTHOR   TOOK   EVIDENCE
                2    4m ago   Reverted   8          ffeeddc   Robin    6m     Restarts: 1 restart, at most 0
                1    8d ago   Promoted   7          a1b2c3d   Dana     120m   baked 1h

                """#)
    }

    @Test func pausedByHandTellsHowToGoOn() {
        let paused = Samples.release(annotations: [(Names.pause, "true")])
        let text = ReleasePage(paused, now: Samples.now).text
        #expect(text.contains("\nNext:               slipway resume fraud-scorer -n risk\n"))
        #expect(text.contains("\nProven:             nothing yet\n"))
    }

    @Test func onlyTheNewestHistoryStandsOnThePage() {
        var release = Samples.reverted
        release.status.history += Array(repeating: Samples.promoted, count: 6)
        let text = ReleasePage(release, now: Samples.now).text
        #expect(text.hasSuffix("(3 more: slipway history fraud-scorer -n risk)\n"))
    }
}
