package import API
package import Domain
package import Resources

/// A slim, typed value made from an API object; the rest of the object is dropped.
package protocol ObservedValue: Sendable {
    /// `nil` for an object that cannot be read.
    init?(_ object: Document)

    /// The name, in its own namespace, of what an object is found by.
    static func owner(of object: ObjectMetadata, _ value: Self) -> String?

    /// Takes over what only the past knows, such as that a pod was ready.
    mutating func inherit(from older: Self)

    /// Whether it says nothing that an older version of the object did not say: then nobody has to
    /// look again.
    func saysNothingNew(after older: Self) -> Bool

    /// Where it is, such as a pod's node, if releases are looked for by that; empty otherwise.
    var place: String { get }

    /// Objects of the kind are packed while nobody asks for them, see ``KindView/pack(_:)``.
    static var isPacked: Bool { get }

    /// What has to be kept of an object to make the same value of it again.
    static func kept(of object: Document) -> Document

    /// It knows something that only the past tells, and its object does not.
    var hasPast: Bool { get }

    /// It is told that it had a past.
    mutating func recall()
}

extension ObservedValue {
    package mutating func inherit(from older: Self) {}
    package func saysNothingNew(after older: Self) -> Bool { false }
    package var place: String { "" }
    package static var isPacked: Bool { false }
    package var hasPast: Bool { false }
    package mutating func recall() {}

    /// All but who wrote it.
    package static func kept(of object: Document) -> Document {
        var kept = object
        kept["metadata"]?["managedFields"] = nil
        return kept
    }

    /// The release that the label names.
    package static func owner(of object: ObjectMetadata, _ value: Self) -> String? {
        object.label(Names.releaseLabel)
    }
}

/// What is known of the objects of one kind, from lists, watches and the controller's own writes.
///
/// It never goes backwards: an object is replaced only by a newer version of itself, and a list
/// that is older than what a write answered does not undo the write. Objects are found by name and
/// by the release that their label names.
package struct KindView<Value: ObservedValue>: Sendable {
    /// One known object.
    package struct Entry: Sendable {
        package let uid: String
        package let version: ResourceVersion?
        /// The value of the label `slipway.dev/release`, or what else the kind is found by.
        package let release: String?
        package let generation: Int64
        package var value: Value

        fileprivate init(_ metadata: ObjectMetadata, _ value: Value) {
            uid = metadata.uid
            version = ResourceVersion(metadata.resourceVersion)
            release = Value.owner(of: metadata, value)
            generation = metadata.generation
            self.value = value
        }
    }

    /// A place on the heap for an entry: a table has nearly as many empty slots as full ones, and
    /// they are small then.
    private indirect enum Slot: Sendable {
        /// With the object that it was read from, for a kind that is packed.
        case read(Entry, Document?)
        case packed(PackedDocument, hasPast: Bool)

        /// `nil` for what cannot be read: nothing that was packed is so.
        var entry: Entry? {
            switch self {
            case .read(let entry, _): return entry
            case .packed(let packed, let hasPast):
                let object = packed.document
                guard var value = Value(object) else { return nil }
                if hasPast { value.recall() }
                return Entry(ObjectMetadata(of: object), value)
            }
        }

        var packed: Slot {
            guard case .read(let entry, let object?) = self else { return self }
            return .packed(
                PackedDocument(Value.kept(of: object)), hasPast: entry.value.hasPast)
        }

        var unpacked: Slot {
            guard case .packed(let packed, _) = self, let entry else { return self }
            return .read(entry, packed.document)
        }
    }

    private var entries: [NamespacedName: Slot] = [:]
    /// Names of objects, ascending.
    private var byRelease: [NamespacedName: [String]] = [:]
    /// How many objects of a release there are at a place.
    private var byPlace: [String: [NamespacedName: Int]] = [:]
    /// Versions at which objects were seen to be gone, until a list or watch is past them.
    private var gone: [NamespacedName: ResourceVersion] = [:]
    /// A complete list was seen since the start.
    package private(set) var isSynced = false
    /// Why the view may be out of date; `nil` while the watch runs.
    package private(set) var interruption: String?
    /// The server does not let the kind be read at the moment.
    package private(set) var isRefused = false

    package init() {}

    /// What there is to know is known: a complete list was seen, or there will be none.
    package var isAnswered: Bool { isSynced || isRefused }

    /// Something was heard of the kind: a list, or why there is none for now.
    package var isHeard: Bool { isAnswered || interruption != nil }

    package var count: Int { entries.count }

    /// All names, ordered.
    package var names: [NamespacedName] { entries.keys.sorted() }

    package subscript(name: NamespacedName) -> Entry? { entries[name]?.entry }

    /// Packs what belongs to a release, until it is asked for: of ten thousand releases most rest.
    /// It can be asked for as before, and is read anew each time then.
    package mutating func pack(_ release: NamespacedName) {
        replaceSlots(of: release) { $0.packed }
    }

    /// Reads what belongs to a release once for everybody who will ask.
    package mutating func unpack(_ release: NamespacedName) {
        replaceSlots(of: release) { $0.unpacked }
    }

    private mutating func replaceSlots(
        of release: NamespacedName, with new: (Slot) -> Slot
    ) {
        for name in names(of: release) {
            let name = NamespacedName(namespace: release.namespace, name: name)
            if let slot = entries[name] { entries[name] = new(slot) }
        }
    }

    /// Of a list that is longer everything is packed at once.
    private static var longList: Int { 64 }

    /// Releases that objects name by their label, ordered.
    package var owners: [NamespacedName] { byRelease.keys.sorted() }

    /// Releases that have objects at a place, ordered.
    package func releases(at place: String) -> [NamespacedName] {
        (byPlace[place] ?? [:]).keys.sorted()
    }

    /// Names of the objects that carry a release's label, ordered.
    package func names(of release: NamespacedName) -> [String] { byRelease[release] ?? [] }

    /// The objects that carry a release's label, ordered by name.
    package func objects(of release: NamespacedName) -> [(name: String, entry: Entry)] {
        names(of: release).compactMap { name in
            self[NamespacedName(namespace: release.namespace, name: name)].map { (name, $0) }
        }
    }

    /// The values of the objects that carry a release's label, ordered by name.
    func values(of release: NamespacedName) -> [Value] {
        guard let names = byRelease[release] else { return [] }
        var values: [Value] = []
        values.reserveCapacity(names.count)
        for name in names {
            let name = NamespacedName(namespace: release.namespace, name: name)
            if let entry = self[name] { values.append(entry.value) }
        }
        return values
    }

    /// Takes in what a list or watch said; returns the objects that changed with the releases they
    /// belong (or belonged) to, ordered.
    package mutating func apply(_ event: ViewEvent) -> [Change] {
        switch event {
        case .interrupted, .refused: break
        case .changed, .deleted, .bookmark, .replaced: isRefused = false
        }
        switch event {
        case .changed(let object):
            interruption = nil
            return insert(object).map { [$0] } ?? []
        case .deleted where isMutated(.deletionsMissed): return []
        case .deleted(let object):
            interruption = nil
            let metadata = ObjectMetadata(of: object)
            return remove(
                metadata.id, at: ResourceVersion(metadata.resourceVersion), uid: metadata.uid
            ).map { [$0] } ?? []
        case .bookmark(let version):
            interruption = nil
            if let version = ResourceVersion(version) { gone = gone.filter { $0.value > version } }
            return []
        case .interrupted(let reason):
            interruption = reason
            return []
        case .refused(_, let reason):
            interruption = reason
            isRefused = true
            return []
        case .replaced(let objects, let version):
            return replace(objects, version: ResourceVersion(version))
        }
    }

    /// An object that changed and the release that it speaks of.
    package struct Change: Hashable, Sendable, Comparable {
        package let name: NamespacedName
        package let release: NamespacedName?
        /// The release that it spoke of before, if that was another one.
        package let former: NamespacedName?
        /// It was not there before, or is not there any more.
        package let cameOrWent: Bool

        package static func < (left: Change, right: Change) -> Bool { left.name < right.name }
    }

    /// Takes in an object as it is now; `nil` if something newer is known.
    package mutating func insert(_ object: Document, packs: Bool = false) -> Change? {
        let metadata = ObjectMetadata(of: object)
        let name = metadata.id
        let version = ResourceVersion(metadata.resourceVersion)
        let old = self[name]
        if let old, let known = old.version, let version, version <= known,
            !isMutated(.viewGoesBack)
        {
            return nil
        }
        if let tomb = gone[name], let version, version <= tomb { return nil }
        guard var value = Value(object) else { return remove(name, at: version, uid: nil) }
        gone[name] = nil
        let isSame = old?.uid == metadata.uid
        if let old, isSame { value.inherit(from: old.value) }
        let entry = Entry(metadata, value)
        let release = entry.release
        if old == nil || old?.release != release {
            if let old { unindex(name, old) }
            if let release { index(name, release) }
        }
        let place = value.place
        if old?.value.place ?? "" != place || old?.release != release {
            if let old { move(name, old.release, at: old.value.place, by: -1) }
            move(name, release, at: place, by: 1)
        }
        let slot = Slot.read(entry, Value.isPacked ? object : nil)
        entries[name] = packs ? slot.packed : slot
        if let old, isSame, value.saysNothingNew(after: old.value) { return nil }
        return change(
            name, release ?? old?.release, former: old?.release, cameOrWent: old == nil)
    }

    /// Takes in that an object is gone; `nil` if a newer one is known.
    package mutating func remove(
        _ name: NamespacedName, at version: ResourceVersion?, uid: String?
    ) -> Change? {
        guard let old = self[name] else {
            if let version { gone[name] = version }
            return nil
        }
        if let uid, !uid.isEmpty, old.uid != uid { return nil }
        if let version, let known = old.version, version < known { return nil }
        if let version { gone[name] = version }
        unindex(name, old)
        move(name, old.release, at: old.value.place, by: -1)
        entries[name] = nil
        return change(name, old.release, cameOrWent: true)
    }

    private mutating func replace(_ objects: [Document], version: ResourceVersion?) -> [Change] {
        isSynced = true
        interruption = nil
        var changes: [Change] = []
        var listed = Set<NamespacedName>()
        let isLong = objects.count > Self.longList
        for object in objects {
            listed.insert(ObjectMetadata(of: object).id)
            if let change = insert(object, packs: isLong) { changes.append(change) }
        }
        for name in names where !listed.contains(name) && !isMutated(.listOnlyAdds) {
            // Made by our own write after the list was taken: the watch will bring it.
            if let known = self[name]?.version, let version, known > version { continue }
            hit(.listedGone)
            if let change = remove(name, at: version, uid: nil) { changes.append(change) }
        }
        gone = gone.filter { _, tomb in version.map { tomb > $0 } ?? true }
        return changes.sorted()
    }

    private func change(
        _ name: NamespacedName, _ release: String?, former: String? = nil, cameOrWent: Bool
    ) -> Change {
        func id(_ release: String) -> NamespacedName {
            NamespacedName(namespace: name.namespace, name: release)
        }
        return Change(
            name: name, release: release.map(id),
            former: former == release ? nil : former.map(id), cameOrWent: cameOrWent)
    }

    /// Counts a release's objects at a place.
    private mutating func move(
        _ name: NamespacedName, _ release: String?, at place: String, by count: Int
    ) {
        guard let release, !place.isEmpty else { return }
        let key = NamespacedName(namespace: name.namespace, name: release)
        let new = byPlace[place, default: [:]][key, default: 0] + count
        byPlace[place, default: [:]][key] = new > 0 ? new : nil
        if byPlace[place]?.isEmpty == true { byPlace[place] = nil }
    }

    private mutating func index(_ name: NamespacedName, _ release: String) {
        let key = NamespacedName(namespace: name.namespace, name: release)
        let place = place(of: name.name, in: byRelease[key] ?? [])
        byRelease[key, default: []].insert(name.name, at: place)
    }

    private mutating func unindex(_ name: NamespacedName, _ entry: Entry) {
        guard let release = entry.release else { return }
        let key = NamespacedName(namespace: name.namespace, name: release)
        guard let names = byRelease[key] else { return }
        let place = place(of: name.name, in: names)
        guard place < names.count, names[place] == name.name else { return }
        byRelease[key]?.remove(at: place)
        if byRelease[key]?.isEmpty == true { byRelease[key] = nil }
    }

    /// Where a name stands or would stand.
    private func place(of name: String, in names: [String]) -> Int {
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
