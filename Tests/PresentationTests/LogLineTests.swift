import Domain
import Presentation
import Testing

@Suite struct LogLineTests {
    private func line(_ message: String, _ fields: [(key: String, value: String)]) -> LogLine {
        LogLine(
            time: Timestamp(milliseconds: 1_800_000_000_123), level: "info", logger: "cluster",
            message: message, fields: fields)
    }

    @Test func textHasFieldsInOrderAndQuotesWhatNeedsIt() {
        let text = line("view interrupted", [("b", "two words"), ("a", "1"), ("c", "say \"x\"")])
            .text(.text)
        #expect(
            text == "2027-01-15T08:00:00.123Z info cluster: view interrupted a=1 b=\"two words\" "
                + "c=\"say \\\"x\\\"\"\n")
    }

    @Test func nobodyForgesALine() {
        let text = line("a\nb", [("k\n", "v\u{1B}[2J\n2027 info x: y")])
        #expect(text.text(.text).count { $0 == "\n" } == 1)
        #expect(!text.text(.text).contains("\u{1B}"))
        #expect(text.text(.json).count { $0 == "\n" } == 1)
    }

    @Test func jsonKeepsTheNamesThatEveryLineHas() {
        let text = line("done", [("release", "risk/a"), ("level", "other")]).text(.json)
        #expect(
            text == #"{"field.level":"other","level":"info","logger":"cluster","message":"done","#
                + #""release":"risk/a","time":"2027-01-15T08:00:00.123Z"}"# + "\n")
    }
}
