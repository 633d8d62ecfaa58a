import API
import Desired
import Domain
import Engine
import Observed
import Resources
import Rollouts
import Simulation

/// A controller over a sample cluster: hands the engine one event after the other, takes the time
/// of each step, and answers effects as an API server and a repository would, out of the time.
struct SampleController {
    let cluster: SampleCluster
    let count: Int
    private(set) var engine: Engine
    private(set) var now = Timestamp(milliseconds: 1_767_225_600_000) + .hours(1)
    /// What all steps so far took, and the longest of them.
    private(set) var spent = 0.0
    private(set) var longestStep = 0.0
    private var version = 1_000_000_000

    /// A controller that has seen everything and has nothing to do.
    init(_ stage: SampleCluster.Stage, releases count: Int) throws {
        try self.init(SampleCluster(stage), releases: count)
    }

    init(_ cluster: SampleCluster, releases count: Int) throws {
        self.cluster = cluster
        self.count = count
        engine = Engine(
            settings: .init(rollout: .init(settle: .seconds(1), drain: .seconds(5))))
        for (kind, _) in ClusterView.kinds {
            var objects = cluster.shared(kind)
            for number in 0..<count { objects += try cluster.objects(kind, of: number) }
            answer(step(.view(kind, .replaced(objects, resourceVersion: "999999999"))).effects)
            while let tick = engine.nextTick, tick <= now { answer(step(.tick).effects) }
        }
    }

    // MARK: Steps

    /// One step, with the seconds it took.
    mutating func step(_ event: Event) -> (effects: [Effect], seconds: Double) {
        let start = Figures.processorSeconds()
        let effects = engine.step(event, now: now)
        let seconds = Figures.processorSeconds() - start
        spent += seconds
        longestStep = max(longestStep, seconds)
        return (effects, seconds)
    }

    /// One step whose effects are answered after the time was taken.
    mutating func timed(_ event: Event) -> Double {
        let (effects, seconds) = step(event)
        answer(effects)
        return seconds
    }

    mutating func wait(_ span: TimeSpan) { now = now + span }

    // MARK: Answers

    /// Answers effects and what follows from them, until nothing is asked any more.
    mutating func answer(_ effects: [Effect]) {
        var open = effects
        var next = 0
        while next < open.count {
            defer { next += 1 }
            guard let event = answer(open[next]) else { continue }
            open += step(event).effects
        }
    }

    private mutating func answer(_ effect: Effect) -> Event? {
        switch effect {
        case .write(let id, let request): .written(id, .applied(written(request)))
        case .read(let id, _), .readMetadata(let id, _): .read(id, .notFound)
        case .fetch(let source, _, let known): .fetched(source, look(known))
        case .probe(let id, _): .probed(id, .answers([]))
        case .revert(let id, _): .reverted(id, .pushed("0123456"))
        case .record(let id, _): .recorded(id, .pushed("0123456"))
        case .emit, .intend, .leadership: nil
        }
    }

    private func look(_ known: String) -> FetchOutcome {
        guard known.isEmpty else { return .unchanged }
        let files = (0..<count).map { SampleCluster.file($0, version: declared) }
        return .commit(
            CommitNotice(
                id: "1111111111111111111111111111111111111111", author: "dana", summary: "All",
                ownFiles: [], rewritten: false, isWhole: true, files: files, removed: []))
    }

    private var declared: Int {
        let spec = engine.cluster.releases[SampleCluster.name(0)]?.value.decoded.value?.spec
        return spec?.versions.first?.name == "2" ? 2 : 1
    }

    /// What an API server answers to a write; enough of it for the engine to go on.
    private mutating func written(_ request: WriteRequest) -> Document {
        switch request {
        case .applyStatus(let key, let body):
            guard var object = object(key) else { return body }
            object["status"] = body["status"]
            return renewed(object)
        case .create(_, let object), .apply(_, let object, _): return renewed(object)
        case .jsonPatch(let key, let operations):
            guard var object = object(key) else { return .null }
            for operation in operations where operation.kind != .test {
                let path = operation.path.split(separator: "/").map {
                    String($0).replacing("~1", with: "/").replacing("~0", with: "~")
                }
                object.set(path, to: operation.value)
            }
            return renewed(object)
        case .handOver(let key, _):
            guard let object = object(key) else { return .null }
            return renewed(object)
        case .delete: return .null
        }
    }

    /// The object as the sample has it. Whatever the controller has changed since comes back too,
    /// which is enough for one write an object.
    private func object(_ key: ResourceKey) -> Document? {
        let all =
            key.kind == .releaseSource
            ? cluster.shared(key.kind)
            : (0..<count).first { SampleCluster.name($0).name == key.name }.flatMap {
                try? cluster.objects(key.kind, of: $0)
            }
        return all?.first { ObjectMetadata(of: $0).name == key.name }
    }

    /// The object with a newer version.
    mutating func renewed(_ object: Document) -> Document {
        version += 1
        var newer = object
        newer.set(["metadata", "resourceVersion"], to: .string(String(version)))
        return newer
    }
}
