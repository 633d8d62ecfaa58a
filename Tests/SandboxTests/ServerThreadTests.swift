import Foundation
import Sandbox
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ServerThreadTests {
    /// A controller lost its lease and ended since tests kept both threads of the pool busy for
    /// longer than the ten seconds a leader has. Played apart from tests with servers, for which
    /// these threads are missing meanwhile.
    @Test func itAnswersWhileEveryThreadOfThePoolIsBusy() async throws {
        try await SandboxServer.withServer { _, port in
            let (isBusy, isAnswered) = (Counter(), Counter())
            let threads = ProcessInfo.processInfo.activeProcessorCount
            Thread.detachNewThread {
                while isBusy.value < threads { usleep(1000) }
                let namespace = #"{"metadata": {"name": "risk"}}"#
                let answer = try? Wire(port: port).post("/api/v1/namespaces", body: namespace)
                if answer?.status == 201 { isAnswered.raise() }
            }
            let answered = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<threads {
                    group.addTask {
                        isBusy.raise()
                        let end = ContinuousClock.now + .seconds(60)
                        while isAnswered.value == 0, ContinuousClock.now < end {}
                        return isAnswered.value > 0
                    }
                }
                return await group.reduce(true) { $0 && $1 }
            }
            #expect(answered)
        }
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)
        var value: Int { count.load(ordering: .acquiring) }
        func raise() { count.add(1, ordering: .acquiringAndReleasing) }
    }
}
