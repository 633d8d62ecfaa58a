import API
import Domain
import Engine
import Synchronization
import Testing

@testable import Daemon

/// What is stuck holds up its own sort alone.
@Suite(.timeLimit(.minutes(1)))
struct LanesTests {
    private func look(_ name: String) -> Effect {
        .fetch(
            NamespacedName(namespace: "risk", name: name),
            SourceSpec(url: "https://git.example/\(name).git"), known: "")
    }

    @Test func sourcesThatFailedKeepOnlyEachOtherWaiting() async throws {
        let lanes = Lanes()
        let names = (0..<200).map { "hung-\($0)" }
        let unwell = Set(names.map { NamespacedName(namespace: "risk", name: $0) })
        for name in names { lanes.send(look(name), unwell: unwell) }
        lanes.send(look("well"), unwell: unwell)
        let (seen, sink) = AsyncStream<String>.makeStream()
        let stuck = Counter()
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes.all {
                group.addTask {
                    await lane.run { effect in
                        guard case .fetch(let source, _, _) = effect else { return }
                        guard source.name != "well" else {
                            sink.yield(source.name)
                            return
                        }
                        stuck.add()
                        try? await Task.sleep(for: .seconds(3600))
                    }
                }
            }
            for await name in seen {
                #expect(name == "well")
                #expect(stuck.count <= 16)
                break
            }
            group.cancelAll()
        }
    }
}

private final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add() { value.withLock { $0 += 1 } }
}
