package import Domain

/// Who writes, when, and to which part of the object.
package struct WriteContext: Sendable {
    /// The part of an object that a write may change.
    package enum Part: String, Hashable, Sendable {
        /// Everything but `status` (where the kind has a status subresource).
        case main = ""
        case status
        case scale
        /// Removing the finalizers of a namespace's spec.
        case finalize
        /// The server's own bookkeeping: everything, unchecked.
        case system
    }

    /// How the write came; it decides what is checked and how owners are recorded.
    enum Method: Hashable, Sendable {
        case update
        /// A whole object: another uid is a conflict, not an invalid change.
        case replace
        /// Server-side apply has recorded the owners itself.
        case apply
    }

    package var now: Timestamp
    /// The field manager.
    package var manager: String
    package var part: Part
    var method = Method.update

    package init(now: Timestamp, manager: String = "unknown", part: Part = .main) {
        self.now = now
        self.manager = manager
        self.part = part
    }
}

/// The objects of a cluster with their versions: what the API server and its etcd are together,
/// without HTTP. A value: a copy is a snapshot, and the same calls with the same seed give the
/// same store.
///
/// Every change takes the next number of one counter as its resourceVersion and is kept, up to a
/// limit for each kind, for watches and for reading the past.
package struct Store: Sendable, CustomStringConvertible {
    /// The version of the newest change in the whole store.
    package internal(set) var version: Int64
    /// The kinds that are served.
    package var registry: KindRegistry
    /// Draws uids and generated names.
    package var generator: SeededGenerator
    /// How many changes are kept for each kind, at least.
    package var historyLimit = 4096

    var tables: [String: ObjectTable] = [:]
    var logs: [String: EventLog] = [:]
    private var keysByUID: [String: ResourceKey] = [:]
    private var dependentsByOwner: [String: [ResourceKey]] = [:]
    var addresses = ServiceAddresses()
    var knownOwners = KnownOwners()
    var knownTokens = KnownTokens()
    /// The version before the first change of which it can know.
    var origin: Int64
    /// With what tokens of service accounts are signed.
    var tokenKey: String
    /// Notes changes until they are kept somewhere; `nil`: nobody keeps them.
    var unsaved: UnsavedChanges?

    /// The version before the first change; what is older counts as compacted.
    package static let origin: Int64 = 100

    /// The namespaces every cluster starts with.
    package static let initialNamespaces = [
        "default", "kube-node-lease", "kube-public", "kube-system",
    ]

    /// A store with the usual namespaces and nothing else.
    package init(
        registry: KindRegistry = KindRegistry(BuiltInKinds.all),
        seed: UInt64 = 1,
        now: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.registry = registry
        generator = SeededGenerator(seed: seed)
        tokenKey = SHA256.hex(Array("tokens of \(seed)".utf8))
        origin = Self.origin
        version = Self.origin
        guard registry[.namespace] != nil else { return }
        for name in Self.initialNamespaces {
            let context = WriteContext(now: now, manager: "kube-apiserver")
            _ = try? create(
                .namespace,
                namespace: "",
                ["metadata": ["name": .string(name)]],
                context
            )
        }
    }

    package var description: String {
        "Store at version \(version) with \(keysByUID.count) objects"
    }

    // MARK: Reading

    /// The object at a key in the form of the key's version, or `nil`.
    package func object(_ key: ResourceKey) -> Document? {
        guard let form = registry.form(of: key.kind),
            let entry = tables[form.storage]?[Self.path(key)]
        else { return nil }
        return form.presented(entry.document)
    }

    /// The object at a key, or the error a GET answers.
    package func get(_ key: ResourceKey) throws(APIStatus) -> Document {
        guard let object = object(key) else { throw .notFound(key.kind, key.name) }
        return object
    }

    /// All objects of a kind in a namespace (empty: all), ascending by namespace and name.
    package func objects(_ kind: ResourceKind, namespace: String = "") -> [Document] {
        guard let form = registry.form(of: kind), let table = tables[form.storage] else {
            return []
        }
        return table.entries(in: namespace).map { form.presented($0.document) }
    }

    /// How many objects of a kind there are.
    package func count(of kind: ResourceKind) -> Int {
        registry.form(of: kind).flatMap { tables[$0.storage]?.count } ?? 0
    }

    /// The key of the object with a uid, in the version in which it is stored.
    package func key(uid: String) -> ResourceKey? { keysByUID[uid] }

    /// The keys of the objects that name this uid as an owner, ascending.
    package func dependents(of uid: String) -> [ResourceKey] { dependentsByOwner[uid] ?? [] }

    /// The version of the newest change of a kind: equal numbers mean that nothing changed.
    package func lastChange(of kind: ResourceKind) -> Int64 {
        registry.form(of: kind).map { lastChange(inStorage: $0.storage) } ?? origin
    }

    /// As ``lastChange(of:)`` of the kinds of one storage.
    func lastChange(inStorage storage: String) -> Int64 { logs[storage]?.newest ?? origin }

    /// The storages that changed after a version, in no order.
    func storages(changedAfter version: Int64) -> [String] {
        var changed: [String] = []
        for (storage, log) in logs where log.newest > version { changed.append(storage) }
        return changed
    }

    // MARK: Watching

    /// The changes of a kind after a version in the order in which they came.
    ///
    /// - Throws: 410 if changes since then have been dropped; 504 if the version is in the future.
    package func events(
        _ kind: ResourceKind,
        namespace: String = "",
        after since: Int64
    ) throws(APIStatus) -> [StoreEvent] {
        guard let form = registry.form(of: kind) else { return [] }
        guard since <= version else { throw .tooLargeVersion(since, current: version) }
        let log = logs[form.storage] ?? EventLog(horizon: origin)
        guard let events = log.events(after: since) else {
            throw .expired("too old resource version: \(since) (\(log.horizon))")
        }
        return events.compactMap { event in
            guard namespace.isEmpty || event.object.objectNamespace == namespace else { return nil }
            return StoreEvent(
                change: event.change,
                version: event.version,
                object: form.presented(event.object),
                previous: event.previous.map { form.presented($0) }
            )
        }
    }

    /// Whether everything that changed after this version is still known for a kind.
    package func remembers(_ kind: ResourceKind, since: Int64) -> Bool {
        guard let definition = registry[kind] else { return false }
        return since >= (logs[definition.storage]?.horizon ?? origin)
    }

    /// Forgets all changes up to a version, as etcd's compaction does.
    package mutating func compact(upTo version: Int64) {
        for definition in registry.definitions {
            logs[definition.storage, default: EventLog(horizon: origin)].compact(upTo: version)
        }
    }

    /// The objects of a kind as they were at a version; `nil` if that is not known any more.
    func objects(
        _ definition: KindDefinition,
        namespace: String,
        at past: Int64
    ) -> [Document]? {
        let table = tables[definition.storage] ?? ObjectTable()
        let current = table.entries(in: namespace)
        guard past < version else { return current.map { presented($0.document, as: definition) } }
        let log = logs[definition.storage] ?? EventLog(horizon: origin)
        guard let events = log.events(after: past) else { return nil }
        guard !events.isEmpty else { return current.map { presented($0.document, as: definition) } }
        var entries = table
        for event in events.reversed() {
            let path = Self.path(of: event.object)
            if let previous = event.previous {
                entries.put(.init(path: path, document: previous, version: past))
            } else {
                entries.remove(path)
            }
        }
        return entries.entries(in: namespace).map { presented($0.document, as: definition) }
    }

    /// The kind in whose form the objects of a kind are stored.
    func storedKind(_ definition: KindDefinition) -> ResourceKind {
        registry.stored(definition.storage)?.kind ?? definition.kind
    }

    /// The stored form turned into the form of a version.
    func presented(_ stored: Document, as definition: KindDefinition) -> Document {
        KindForm(definition).presented(stored)
    }

    // MARK: Changing (the one way in)

    /// The stored object and its version.
    func entry(_ key: ResourceKey, _ definition: KindDefinition) -> Document? {
        tables[definition.storage]?[Self.path(key)]?.document
    }

    /// Puts an object under the next version and tells the watchers. Returns it as stored.
    mutating func commit(_ object: Document, _ definition: KindDefinition) -> Document {
        version += 1
        var stored = object
        stored.set(["metadata", "resourceVersion"], to: .string(String(version)))
        let previous = tables[definition.storage]?[Self.path(of: stored)]?.document
        enter(
            StoreEvent(
                change: previous == nil ? .added : .modified,
                version: version,
                object: stored,
                previous: previous
            ),
            definition.storage,
            storedKind(definition)
        )
        return stored
    }

    /// Removes an object; the watchers see its last state under a new version.
    mutating func remove(_ object: Document, _ definition: KindDefinition) {
        version += 1
        var last = object
        last.set(["metadata", "resourceVersion"], to: .string(String(version)))
        enter(
            StoreEvent(change: .deleted, version: version, object: last, previous: object),
            definition.storage,
            storedKind(definition)
        )
    }

    /// Carries out a change that has its version already.
    mutating func enter(_ event: StoreEvent, _ storage: String, _ kind: ResourceKind) {
        let former = tables[storage]?[Self.path(of: event.object)]?.document
        lay(event.change == .deleted ? nil : event.object, over: former, storage, kind)
        logs[storage, default: EventLog(horizon: origin)].append(event, limit: historyLimit)
        unsaved?.changes.append(
            .init(storage: storage, kind: kind, event: event, former: former))
    }

    /// Puts an object where another one is, or was not, or is not to be any more.
    mutating func lay(
        _ new: Document?, over old: Document?, _ storage: String, _ kind: ResourceKind
    ) {
        guard let object = new ?? old else { return }
        let path = Self.path(of: object)
        if let new {
            let number = Int64(new.objectVersion) ?? version
            tables[storage, default: ObjectTable()].put(
                .init(path: path, document: new, version: number))
        } else {
            tables[storage, default: ObjectTable()].remove(path)
        }
        reindex(from: old, to: new, kind)
    }

    private mutating func reindex(
        from old: Document?,
        to new: Document?,
        _ kind: ResourceKind
    ) {
        guard let object = new ?? old else { return }
        if kind == .service { addresses.note(from: old, to: new) }
        let key = ResourceKey(kind, namespace: object.objectNamespace, name: object.objectName)
        if new == nil {
            keysByUID[object.objectUID] = nil
        } else if old == nil {
            keysByUID[object.objectUID] = key
        }
        let before = old?.ownerUIDs ?? []
        let after = new?.ownerUIDs ?? []
        guard before != after else { return }
        for owner in before where !after.contains(owner) {
            dependentsByOwner[owner]?.removeAll { $0 == key }
            if dependentsByOwner[owner]?.isEmpty == true { dependentsByOwner[owner] = nil }
        }
        for owner in after where !before.contains(owner) {
            var keys = dependentsByOwner[owner] ?? []
            keys.insert(key, at: keys.firstIndex { key < $0 } ?? keys.count)
            dependentsByOwner[owner] = keys
        }
    }

    static func path(_ key: ResourceKey) -> String {
        key.namespace.isEmpty ? key.name : "\(key.namespace)/\(key.name)"
    }

    static func path(of object: Document) -> String {
        let namespace = object.objectNamespace
        return namespace.isEmpty ? object.objectName : "\(namespace)/\(object.objectName)"
    }
}
