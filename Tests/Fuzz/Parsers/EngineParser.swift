import Documents
import Domain
import Engine
import Observed
import Resources

extension Parser {
    /// A cluster as its API tells it: whatever objects and annotations say, the engine neither
    /// traps nor works without end. `{"items": [OBJECT, …]}`.
    static let engine = Parser(
        name: "engine", about: "the objects of a cluster, decided upon", longest: 60 << 10
    ) { input, check in
        guard let list = try? JSON.parse(input), let items = list["items"]?.arrayValue else {
            return
        }
        var engine = Engine(settings: EngineSettings())
        var now = Timestamp(milliseconds: 1_800_000_000_000)
        var waiting: [Effect] = []
        for (kind, _) in ClusterView.kinds {
            let objects = items.filter { $0["kind"]?.stringValue == kind.kind }
            waiting += engine.step(
                .view(kind, .replaced(objects, resourceVersion: "1")), now: now)
        }
        for round in 0..<12 {
            let effects = waiting
            waiting = []
            for effect in effects.prefix(50) {
                check.went(effect.word)
                guard let event = answer(to: effect, items, round) else { continue }
                waiting += engine.step(event, now: now)
            }
            now = max(now, min(engine.nextTick ?? now, now + .hours(1)))
            waiting += engine.step(.tick, now: now)
            check.expect(waiting.count < 2000, "effects: \(waiting.count) at once")
        }
    }

    /// What comes of an effect: it is done, not done, or nobody knows.
    private static func answer(to effect: Effect, _ items: [Document], _ round: Int) -> Event? {
        switch effect {
        case .write(let id, let request):
            switch round % 3 {
            case 0: return .written(id, .unknown("no answer"))
            case 1: return .written(id, .notApplied(WriteRefusal(.conflict, "changed")))
            default:
                let object = items.first {
                    $0.at("metadata", "name")?.stringValue == request.key.name
                }
                return .written(id, .applied(object ?? [:]))
            }
        case .read(let id, let key), .readMetadata(let id, let key):
            let found = items.first {
                $0["kind"]?.stringValue == key.kind.kind
                    && $0.at("metadata", "name")?.stringValue == key.name
            }
            return .read(id, found.map { .found($0) } ?? .notFound)
        case .probe(let id, let order):
            return .probed(
                id, .answers(order.requests.map { _ in .answered(status: 200, body: items.first) }))
        case .fetch(let source, _, _): return .fetched(source, .failed("away"))
        case .revert(let id, _): return .reverted(id, .failed("away"))
        case .record(let id, _): return .recorded(id, .pushed("c"))
        case .emit, .intend, .leadership: return nil
        }
    }
}

extension Effect {
    fileprivate var word: String {
        switch self {
        case .write(_, let request): "write \(request.key.kind.kind)"
        case .read: "read"
        case .readMetadata: "read metadata"
        case .fetch: "fetch"
        case .probe: "probe"
        case .revert: "revert"
        case .record: "record"
        case .emit(let notice): notice.reason
        case .intend(let notice): "intend \(notice.intention.action.rawValue)"
        case .leadership: "leadership"
        }
    }
}
