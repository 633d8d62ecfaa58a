import Domain
import Engine
import Resources

/// Effects on their way, so many of a sort at once: what is slow or stuck holds up its own sort
/// alone, and a revert's route write waits behind nothing.
struct Lanes: Sendable {
    /// The Lease: at most one request of it is under way.
    let leases = Lane(width: 2)
    /// Writes of routes.
    let routes = Lane(width: 64)
    /// Other writes, and reads.
    let objects = Lane(width: 24)
    let fetches = Lane(width: 16)
    /// Looks of sources whose last one failed: many servers that hang keep each other waiting, and
    /// nobody else.
    let retries = Lane(width: 16)
    let reverts = Lane(width: 8)
    /// Most of them wait to go out together, see ``Repositories``.
    let records = Lane(width: 512)
    let probes = Lane(width: 32)
    /// Kubernetes Events: of too many at once the later ones are dropped, nobody decides by them.
    let notices = Lane(width: 1, waiting: .bufferingOldest(500))

    var all: [Lane] {
        [leases, routes, objects, fetches, retries, reverts, records, probes, notices]
    }

    /// `unwell`: the sources whose last look failed.
    func send(_ effect: Effect, unwell: Set<NamespacedName> = []) {
        switch effect {
        case .intend, .leadership: break
        case .write(_, let request) where request.key.kind == .lease: leases.send(effect)
        case .read(_, let key) where key.kind == .lease: leases.send(effect)
        case .write(_, let request) where request.key.kind == .httpRoute: routes.send(effect)
        case .read(_, let key) where key.kind == .httpRoute: routes.send(effect)
        case .write, .read, .readMetadata: objects.send(effect)
        case .fetch(let source, _, _) where unwell.contains(source): retries.send(effect)
        case .fetch: fetches.send(effect)
        case .revert: reverts.send(effect)
        case .record: records.send(effect)
        case .probe: probes.send(effect)
        case .emit: notices.send(effect)
        }
    }
}

/// A queue of effects of which at most `width` are carried out at once.
struct Lane: Sendable {
    private let width: Int
    private let stream: AsyncStream<Effect>
    private let continuation: AsyncStream<Effect>.Continuation

    init(
        width: Int,
        waiting: AsyncStream<Effect>.Continuation.BufferingPolicy = .unbounded
    ) {
        self.width = width
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: waiting)
    }

    func send(_ effect: Effect) { continuation.yield(effect) }

    /// Carries out what is sent until the task is cancelled.
    func run(_ carryOut: @escaping @Sendable (Effect) async -> Void) async {
        let (places, free) = AsyncStream<Void>.makeStream()
        for _ in 0..<width { free.yield() }
        var nextPlace = places.makeAsyncIterator()
        // A task that ends is let go at once: hundreds that wait to be asked for hold megabytes.
        await withDiscardingTaskGroup { group in
            for await effect in stream {
                guard await nextPlace.next() != nil else { return }
                group.addTask {
                    await carryOut(effect)
                    free.yield()
                }
            }
        }
    }
}
