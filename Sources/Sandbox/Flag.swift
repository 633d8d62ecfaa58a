import Synchronization

/// A flag that is raised once and stays up.
final class Flag: Sendable {
    private let state = Atomic<Bool>(false)

    var value: Bool { state.load(ordering: .acquiring) }

    func raise() { state.store(true, ordering: .releasing) }
}
