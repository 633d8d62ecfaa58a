import Domain

/// Answers Envoy's requests for resources: each waits until there is news for it.
actor DataPlane {
    /// How long a request waits at most; Envoy asks again.
    private static let patience: Duration = .seconds(20)

    private struct Waiter {
        let number: Int
        let signal: Signal
        let since: ContinuousClock.Instant
    }

    private var discovery = Discovery()
    private var waiters: [Discovery.Key: Waiter] = [:]
    private var nextWaiter = 0
    private var beats = 0
    private var isClosed = false
    /// Why Envoy does not run.
    private var outage: String?
    private let log: EnvoyLog
    /// Rung when Envoy has taken or refused something, and when it starts or ends.
    private let progress: Signal

    init(log: EnvoyLog, progress: Signal) {
        self.log = log
        self.progress = progress
    }

    // MARK: From the cluster

    func aim(at resources: EnvoyResources, _ now: Timestamp) {
        discovery.aim(at: resources, now)
        wakeThoseWithNews()
    }

    /// There are clusters that go when their time is over.
    var isRetiring: Bool { discovery.isRetiring }

    /// What Envoy was told to listen on.
    var sockets: Set<String> { discovery.sockets }

    /// What is in force now.
    func statuses(for plan: GatewayPlan) -> GatewayStatuses {
        let sockets = plan.resources.listeners.keys
        var trouble = outage
        if trouble == nil, discovery.isRefused {
            trouble = "Envoy refuses its configuration: \(log.refusal)"
        }
        return GatewayStatuses(
            plan: plan, current: Set(sockets.filter(discovery.hasRoutes)),
            listening: Set(sockets.filter(discovery.isListening)), launch: discovery.launch,
            trouble: trouble)
    }

    // MARK: Envoy's life

    /// Another Envoy starts; the name it shall ask by.
    func beginLaunch() -> String {
        discovery.beginLaunch()
        for waiter in waiters.values { waiter.signal.ring() }
        waiters = [:]
        return node
    }

    private var node: String { "slipway-sandbox-\(discovery.launch)" }

    func began() {
        outage = nil
        progress.ring()
    }

    func ended(_ why: String) {
        discovery.beginLaunch()
        outage = why
        progress.ring()
    }

    // MARK: From Envoy

    /// Waits until there is news of a resource.
    ///
    /// - Returns: `nil` if nothing came within a time, or nobody waits for the answer any more.
    func answer(_ key: Discovery.Key, has version: Int?, node: String) async -> Discovery.Reply? {
        guard node == self.node else { return nil }
        if discovery.asked(key, has: version) {
            wakeThoseWithNews()
            progress.ring()
        }
        nextWaiter += 1
        let own = Waiter(number: nextWaiter, signal: Signal(), since: .now)
        waiters[key]?.signal.ring()
        waiters[key] = own
        while waiters[key]?.number == own.number, !isClosed, !Task.isCancelled {
            if let reply = discovery.due(key) {
                discovery.noteSent(key, reply)
                waiters[key] = nil
                return reply
            }
            guard own.since.duration(to: .now) < Self.patience else { break }
            await own.signal.wait()
        }
        if waiters[key]?.number == own.number { waiters[key] = nil }
        return nil
    }

    /// Nobody is answered any more.
    func close() {
        isClosed = true
        for waiter in waiters.values { waiter.signal.ring() }
    }

    private func wakeThoseWithNews() {
        for (key, waiter) in waiters where discovery.due(key) != nil { waiter.signal.ring() }
    }

    /// Once a second: ends what waited too long, tries again what was refused.
    func tick() {
        beats += 1
        if beats % 5 == 0 {
            discovery.retryRefused()
            wakeThoseWithNews()
        }
        for waiter in waiters.values where waiter.since.duration(to: .now) >= Self.patience {
            waiter.signal.ring()
        }
        progress.ring()
    }
}
