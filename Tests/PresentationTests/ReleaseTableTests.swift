import API
import Domain
import Presentation
import Testing

@Suite struct ReleaseTableTests {
    @Test func oneLineForEachReleaseInTheOrderOfNames() {
        var first = Samples.reverted
        first.metadata.name = "churn"
        let text = ReleaseTable(now: Samples.now).text(of: [Samples.waiting, first])
        #expect(
            text == """
                NAME           PHASE      VERSIONS   READY   STEP   AGE   MESSAGE
                churn          Reverted   7          3/3     -      9d    version 8 refused: \
                Restarts; version 7 serves
                fraud-scorer   Paused     7:95,8:5   5/6     2/4    9d    releasing 7: 75, 8: 25: \
                waiting for approval

                """)
    }

    @Test func wideAddsWhatIsDeclaredProvenAndWhereItCameFrom() {
        let table = ReleaseTable(now: Samples.now, wide: true, namespaces: true)
        #expect(
            table.text(of: [Samples.waiting]) == """
                NAMESPACE   NAME           PHASE    VERSIONS   READY   STEP   AGE   MESSAGE       \
                                                 DECLARED    PROVEN   COMMIT    ROUTER
                risk        fraud-scorer   Paused   7:95,8:5   5/6     2/4    9d    releasing 7: \
                75, 8: 25: waiting for approval   7:75,8:25   7        ffeeddc   gateway

                """)
    }

    @Test func aReleaseThatNobodyLookedAtSaysSo() {
        let row = ReleaseTable(now: Samples.now).row(Samples.release())
        #expect(
            row == [
                "fraud-scorer", "Unknown", "", "", "", "9d", "no controller has looked at it yet",
            ])
    }

    @Test func rowsFitTheHeadings() {
        for (wide, namespaces) in [(false, false), (true, false), (false, true), (true, true)] {
            let table = ReleaseTable(now: Samples.now, wide: wide, namespaces: namespaces)
            #expect(table.row(Samples.waiting).count == table.headings.count)
        }
    }

    @Test func historyIsNewestFirst() {
        #expect(
            HistoryTable(now: Samples.now).text(of: Samples.reverted.status) == """
                ID   ENDED    VERDICT    VERSIONS   COMMIT    AUTHOR   TOOK   EVIDENCE
                2    4m ago   Reverted   8          ffeeddc   Robin    6m     Restarts: 1 \
                restart, at most 0
                1    8d ago   Promoted   7          a1b2c3d   Dana     120m   baked 1h

                """)
    }
}
