import Domain

/// What Envoy has been told, what it has taken, and what may be told next.
///
/// A value without sockets. Envoy asks for each resource with the version that it has; the next
/// request after an answer says whether the answer was taken. So order is kept without waiting
/// for anybody: routes name a cluster only after Envoy has the cluster and its endpoints, and a
/// cluster goes only some time after the last route that names it.
struct Discovery: Sendable {
    /// A resource that is asked for by itself; all clusters are one, and all listeners.
    struct Key: Hashable, Sendable {
        let kind: EnvoyParts.Kind
        let name: String
    }

    /// The state of one resource.
    private struct Entry: Sendable {
        var version: Int
        var resources: [Document]
        /// Clusters that routes name.
        var needs: Set<String> = []
    }

    /// An answer to a request.
    struct Reply: Hashable, Sendable {
        let version: Int
        let kind: EnvoyParts.Kind
        let resources: [Document]

        var document: Document {
            [
                "version_info": .string(String(version)), "type_url": .string(kind.typeURL),
                "resources": .array(resources),
            ]
        }
    }

    private static let clusters = Key(kind: .clusters, name: "")
    private static let listeners = Key(kind: .listeners, name: "")

    /// How long a cluster stays after the last route that named it, for requests under way.
    static let retirement = TimeSpan.seconds(30)

    private var desired = EnvoyResources()
    private var entries: [Key: Entry] = [:]
    private var sent: [Key: Int] = [:]
    private var taken: [Key: Int] = [:]
    private var refused: [Key: Int] = [:]
    /// The listeners of the newest version that was taken.
    private var openListeners: [Document] = []
    private var counter = 0
    /// Clusters that nobody wants any more, and since when.
    private var retired: [String: Timestamp] = [:]
    private var retiredClusters: [String: Document] = [:]
    /// The number of the Envoy that is served: requests of an earlier one say nothing.
    private(set) var launch = 0

    init() {
        entries[Self.clusters] = Entry(version: 0, resources: [])
        entries[Self.listeners] = Entry(version: 0, resources: [])
    }

    // MARK: What shall be

    /// Another Envoy starts: it knows nothing yet.
    mutating func beginLaunch() {
        launch += 1
        sent = [:]
        taken = [:]
        refused = [:]
        openListeners = []
    }

    /// Sets what shall be in force; as much of it as may is published at once.
    mutating func aim(at resources: EnvoyResources, _ now: Timestamp) {
        for (name, document) in desired.clusters where resources.clusters[name] == nil {
            retired[name] = now
            retiredClusters[name] = document
        }
        desired = resources
        let named = Set(entries.values.flatMap(\.needs))
        for (name, since) in retired {
            let isOver = now - since >= Self.retirement && !named.contains(name)
            guard resources.clusters[name] != nil || isOver else { continue }
            retired[name] = nil
            retiredClusters[name] = nil
            if isOver {
                let key = Key(kind: .endpoints, name: name)
                entries[key] = nil
                forget(key)
            }
        }
        for (name, document) in resources.endpoints {
            publish(Key(kind: .endpoints, name: name), [document])
        }
        let all = resources.clusters.merging(retiredClusters) { wanted, _ in wanted }
        publish(Self.clusters, all.sorted { $0.key < $1.key }.map(\.value))
        advance()
    }

    /// There are clusters that go when their time is over.
    var isRetiring: Bool { !retired.isEmpty }

    private mutating func publish(_ key: Key, _ resources: [Document], needs: Set<String> = []) {
        guard entries[key]?.resources != resources else { return }
        counter += 1
        entries[key] = Entry(version: counter, resources: resources, needs: needs)
    }

    private mutating func forget(_ key: Key) {
        sent[key] = nil
        taken[key] = nil
        refused[key] = nil
    }

    /// Publishes routes whose clusters are warm, and listeners that have routes.
    private mutating func advance() {
        for (name, document) in desired.routes.sorted(by: { $0.key < $1.key }) {
            let needs = desired.needs[name] ?? []
            guard needs.allSatisfy(isWarm) else { continue }
            publish(Key(kind: .routes, name: name), [document], needs: needs)
        }
        let ready = desired.listeners.sorted { $0.key < $1.key }.filter {
            entries[Key(kind: .routes, name: $0.key)] != nil
        }
        publish(Self.listeners, ready.map(\.value))
        // Routes of a listener that Envoy has closed are not kept.
        guard taken[Self.listeners] == entries[Self.listeners]?.version else { return }
        for key in Array(entries.keys)
        where key.kind == .routes && desired.listeners[key.name] == nil {
            entries[key] = nil
            forget(key)
        }
    }

    /// Envoy has the cluster with its endpoints.
    private func isWarm(_ cluster: String) -> Bool {
        taken[Key(kind: .endpoints, name: cluster)] != nil
    }

    // MARK: What Envoy says

    /// Envoy asks for a resource and has a version of it (`nil`: none).
    ///
    /// - Returns: whether anything is known now that was not before.
    mutating func asked(_ key: Key, has version: Int?) -> Bool {
        let before = (taken[key], refused[key])
        if let version { taken[key] = version }
        if let entry = entries[key], sent[key] == entry.version {
            refused[key] = version == entry.version ? nil : entry.version
        }
        guard before != (taken[key], refused[key]) else { return false }
        if key == Self.listeners, let entry = entries[key], taken[key] == entry.version {
            openListeners = entry.resources
        }
        advance()
        return true
    }

    /// The news for somebody who asked; `nil` if there is none yet.
    func due(_ key: Key) -> Reply? {
        guard let entry = entries[key], sent[key] != entry.version else { return nil }
        guard taken[key] != entry.version else { return nil }
        return Reply(version: entry.version, kind: key.kind, resources: entry.resources)
    }

    mutating func noteSent(_ key: Key, _ reply: Reply) { sent[key] = reply.version }

    // MARK: What is in force

    /// What Envoy was told to listen on, or is told next.
    var sockets: Set<String> {
        Set((entries[Self.listeners]?.resources ?? []).compactMap { $0.text("name") })
    }

    /// Envoy has the routes of a socket as they shall be.
    func hasRoutes(_ socket: String) -> Bool {
        let key = Key(kind: .routes, name: socket)
        guard let entry = entries[key], let wanted = desired.routes[socket] else { return false }
        return entry.resources == [wanted] && taken[key] == entry.version && isListening(socket)
    }

    /// Envoy listens on a socket and has routes for it.
    func isListening(_ socket: String) -> Bool {
        desired.listeners[socket].map(openListeners.contains) ?? false
            && taken[Key(kind: .routes, name: socket)] != nil
    }

    /// Something that was told last has been refused.
    var isRefused: Bool { refused.contains { entries[$0.key]?.version == $0.value } }

    /// What was refused is told again: a port may have become free.
    mutating func retryRefused() {
        for (key, version) in refused where sent[key] == version { sent[key] = nil }
    }
}
