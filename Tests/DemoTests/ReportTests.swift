import Testing

@testable import Demo

/// What the demo's report counts as lost.
struct ReportTests {
    private static let start = ContinuousClock.now

    private static func answer(
        at milliseconds: Int, version: String?, status: Int?
    ) -> Traffic.Answer {
        Traffic.Answer(
            sent: start + .milliseconds(milliseconds), took: .milliseconds(20), version: version,
            status: status, problem: status == nil ? "no connection" : nil)
    }

    private func report(_ answers: [Traffic.Answer], sent: Int? = nil) -> Report {
        var report = Report()
        report.answers = answers
        report.sent = sent ?? answers.count
        report.refused = ("3", Self.start, Self.start)
        return report
    }

    @Test func errorsOfTheRefusedVersionAreCountedApart() {
        let report = report([
            Self.answer(at: 0, version: "2", status: 200),
            Self.answer(at: 20, version: "3", status: 200),
            Self.answer(at: 40, version: "3", status: 503),
            Self.answer(at: 140, version: "3", status: 503),
        ])
        #expect(report.lost.isEmpty)
        #expect(report.text.contains("requests lost: 0\n"))
        #expect(
            report.text.contains("failed on the refused version: 2 of 3 in 120 ms (version 3)\n"))
    }

    @Test(arguments: [
        answer(at: 0, version: "2", status: 500), answer(at: 0, version: nil, status: 503),
        answer(at: 0, version: nil, status: nil),
    ])
    func everythingElseThatFailsIsLost(_ answer: Traffic.Answer) {
        let report = report([answer])
        #expect(report.lost.count == 1)
        #expect(report.text.contains("requests lost: 1\n"))
    }

    @Test func aRequestThatNobodyAnsweredIsLost() {
        let report = report([Self.answer(at: 0, version: "2", status: 200)], sent: 3)
        #expect(report.unanswered == 2)
        #expect(report.text.contains("requests lost: 2\n"))
    }

    @Test func eachPhaseSaysWhoAnswered() {
        var report = report([
            Self.answer(at: 0, version: "1", status: 200),
            Self.answer(at: 10, version: "2", status: 200),
            Self.answer(at: 2000, version: "2", status: 200),
        ])
        report.phases = [
            .init(
                title: "a good version", times: [("from merge to first step", .milliseconds(812))],
                start: Self.start, end: Self.start + .milliseconds(1500))
        ]
        #expect(
            report.text.hasPrefix(
                """
                a good version (1.5 s)
                  from merge to first step: 812 ms
                  answered: version 1: 1, version 2: 1
                requests sent: 3

                """))
    }
}
