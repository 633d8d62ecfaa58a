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
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
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
            lines.withLock { $0.append("\(event.level): \(event.message)") }
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
