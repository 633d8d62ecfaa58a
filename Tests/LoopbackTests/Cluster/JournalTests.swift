import Domain
import Engine
import Logging
import Resources
import Testing

@testable import Daemon

/// What the log says of kinds that cannot be followed.
struct JournalTests {
    @Test func workWithoutAnOptionalKindIsSaidOnceAndIsNoTrouble() {
        let lines = LogLines(from: .warning)
        var journal = Journal(logger: Logger(label: "test") { _ in lines })
        journal.note(Event.view(.horizontalPodAutoscaler, .refused(.forbidden, "autoscalers: no")))
        for kind in [ResourceKind.pod, .service] {
            journal.note(Event.view(kind, .replaced([], resourceVersion: "5")))
        }
        #expect(
            lines.all == [
                "warning: cannot read autoscalers: no; replicas are held as declared, also beside "
                    + "autoscalers"
            ])
    }

    /// Who looks for a release, a commit or a step finds every line of it.
    @Test func linesOfAReleaseCarryItsNameCommitAndStep() {
        let lines = LogLines(from: .warning)
        var journal = Journal(logger: Logger(label: "test") { _ in lines })
        let release = ResourceKey(.modelRelease, namespace: "risk", name: "fraud")
        journal.note(
            .emit(
                Notice(
                    about: release, uid: "u", isWarning: true, reason: "Reverted", message: "bad",
                    commit: "0123456789abcdef", step: 2)))
        #expect(lines.all == ["warning: Reverted: bad"])
        #expect(lines.fields == [["commit": "0123456", "release": "risk/fraud", "step": "2"]])
    }

    @Test func aKindThatIsNeededIsMissed() {
        let lines = LogLines(from: .warning)
        var journal = Journal(logger: Logger(label: "test") { _ in lines })
        journal.note(Event.view(.pod, .refused(.forbidden, "pods: forbidden")))
        journal.note(Event.view(.httpRoute, .refused(.notServed, "httproutes: not served")))
        #expect(
            lines.all == [
                "warning: cannot read pods: forbidden",
                "warning: cannot read httproutes: not served; is the Gateway API installed?",
            ])
    }
}
