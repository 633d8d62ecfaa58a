import Domain
import Engine
import Logging
import Resources
import Synchronization
import Testing

@testable import Daemon

/// What the log says of kinds that cannot be followed.
struct JournalTests {
    /// Keeps the lines from warnings on.
    private final class Lines: LogHandler, Sendable {
        private let lines = Mutex<[(text: String, fields: [String: String])]>([])
        var all: [String] { lines.withLock { $0.map(\.text) } }
        var fields: [[String: String]] { lines.withLock { $0.map(\.fields) } }
        var logLevel: Logger.Level {
            get { .warning }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).mapValues { "\($0)" }
            lines.withLock { $0.append(("\(event.level): \(event.message)", fields)) }
        }
    }

    @Test func workWithoutAnOptionalKindIsSaidOnceAndIsNoTrouble() {
        let lines = Lines()
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
        let lines = Lines()
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
        let lines = Lines()
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
