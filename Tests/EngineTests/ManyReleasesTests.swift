import API
import Domain
import Engine
import Observed
import Resources
import Testing

/// Many releases at once: what has begun is finished first, and what happens is taken in at once.
struct ManyReleasesTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)
    private let many = 300

    private func name(_ number: Int) -> String {
        let digits = String(number)
        return "model-" + String(repeating: "0", count: 3 - digits.count) + digits
    }

    private func release(_ number: Int, version: Int = 1, isUnderWay: Bool = false) -> Document {
        [
            "status": isUnderWay ? ["attempt": [:]] : [:],
            "metadata": [
                "name": .string(name(number)), "namespace": "risk",
                "uid": .string("uid-\(number)"), "resourceVersion": .string("\(version)"),
                "generation": .integer(Int64(version)),
            ],
            "spec": [
                "runtime": "mlserver",
                "versions": [
                    ["name": .string("\(version)"), "uri": "s3://models/m/1", "weight": 100]
                ],
                "serving": ["replicas": 1],
                "traffic": ["gateway": ["parentRefs": [["name": "web"]]]],
            ],
        ]
    }

    /// An engine that has just seen a cluster with many releases that nobody has begun, and the
    /// writes that it sent.
    private func begun(
        underWay: Int? = nil
    ) -> (Engine, [(id: EffectID, request: WriteRequest)]) {
        var engine = Engine(settings: EngineSettings())
        var sent: [(EffectID, WriteRequest)] = []
        for (kind, _) in ClusterView.kinds {
            let releases = (0..<many).map { release($0, isUnderWay: $0 == underWay) }
            let objects = kind == .modelRelease ? releases : []
            sent += writes(
                engine.step(
                    .view(kind, .replaced(objects, resourceVersion: "1")), now: start))
        }
        return (engine, sent)
    }

    private func writes(_ effects: [Effect]) -> [(id: EffectID, request: WriteRequest)] {
        effects.compactMap {
            if case .write(let id, let request) = $0 { (id, request) } else { nil }
        }
    }

    @Test func nobodyBeginsWhileManyWritesAreUnderWay() throws {
        var (engine, sent) = begun()
        #expect(engine.waitingSubjects == many - 100)
        #expect(sent.count >= 100)
        // A tick begins one of them a second: those writes may hang for long.
        let taken = writes(engine.step(.tick, now: start))
        #expect(taken.count == 1)
        #expect(engine.waitingSubjects == many - 101)
        #expect(engine.nextTick == start + .seconds(1))
        #expect(writes(engine.step(.tick, now: start + .milliseconds(999))).isEmpty)
        // As writes end, others begin: never very many at once, and all in the end.
        var underWay = sent + taken
        var touched = Set(underWay.map(\.request.key.name))
        var most = 0
        for _ in 0..<10_000 where engine.waitingSubjects > 0 {
            if let (id, _) = underWay.popLast() {
                let refusal = WriteRefusal(.unreachable, "gone")
                underWay += writes(engine.step(.written(id, .notApplied(refusal)), now: start))
            }
            while engine.nextTick == Timestamp(milliseconds: 0) {
                let begun = writes(engine.step(.tick, now: start))
                touched.formUnion(begun.map(\.request.key.name))
                underWay += begun
                most = max(most, underWay.count)
            }
        }
        #expect(engine.waitingSubjects == 0)
        #expect((0..<many).allSatisfy { touched.contains(name($0)) })
        #expect(most < 100)
    }

    /// It may have traffic to take back, and the others' writes may hang.
    @Test func aRolloutUnderWayDoesNotWaitForTheOthers() throws {
        var (engine, sent) = begun(underWay: many - 1)
        #expect(sent.count >= 64)
        #expect(engine.nextTick == Timestamp(milliseconds: 0))
        let effects = engine.step(.tick, now: start)
        #expect(writes(effects).map(\.request.key.name).first == name(many - 1))
    }

    /// Who is last in the line has its turn at once when something happens to it.
    @Test func whatHappensToAReleaseIsSettledAtOnce() throws {
        var (engine, _) = begun()
        let changed = release(many - 1, version: 2)
        let effects = engine.step(.view(.modelRelease, .changed(changed)), now: start)
        #expect(writes(effects).map(\.request.key.name) == [name(many - 1)])
    }
}
