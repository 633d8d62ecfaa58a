import Domain

/// Finds objects by their labels without looking at all of them.
struct LabelIndex: Sendable {
    private var names: [String: [String: Set<String>]] = [:]
    private var all: [String: Set<String>] = [:]

    /// Takes note of new labels; `nil` for an object that is gone.
    mutating func note(_ key: ResourceKey, _ old: Fields, _ new: Fields?) {
        if new == nil {
            all[key.namespace]?.remove(key.name)
        } else {
            all[key.namespace, default: []].insert(key.name)
        }
        guard old != new else { return }
        for pair in old.members { names[key.namespace]?[Self.text(pair)]?.remove(key.name) }
        for pair in new?.members ?? [] {
            names[key.namespace, default: [:]][Self.text(pair), default: []].insert(key.name)
        }
    }

    /// The names of the objects that may fit a selector, ascending: a superset.
    func candidates(_ namespace: String, _ selector: Fields?) -> [String] {
        guard let selector, !selector.isEmpty else { return (all[namespace] ?? []).sorted() }
        var fewest: Set<String>?
        for pair in selector.members {
            let found = names[namespace]?[Self.text(pair)] ?? []
            if found.count < fewest?.count ?? Int.max { fewest = found }
        }
        return (fewest ?? []).sorted()
    }

    static func text(_ pair: Fields.Member) -> String {
        "\(pair.key)=\(pair.value.stringValue ?? "")"
    }
}

/// Finds the objects whose selector may fit some labels without looking at all of them.
struct SelectorIndex: Sendable {
    private var pairs: [ResourceKey: String] = [:]
    private var keys: [String: [String: Set<ResourceKey>]] = [:]

    /// Takes note of a selector's pairs; `nil` for an object that is gone or selects nothing.
    mutating func note(_ key: ResourceKey, _ selector: Document?) {
        if let old = pairs.removeValue(forKey: key) { keys[key.namespace]?[old]?.remove(key) }
        guard let selector = selector?.objectValue else { return }
        // The pair that fewest others are kept under: what all have in common tells nothing.
        let pair = selector.members.map(LabelIndex.text).min { left, right in
            let counts = [left, right].map { keys[key.namespace]?[$0]?.count ?? 0 }
            return (counts[0], right.utf8.count, left) < (counts[1], left.utf8.count, right)
        }
        pairs[key] = pair ?? ""
        keys[key.namespace, default: [:]][pair ?? "", default: []].insert(key)
    }

    /// The keys of the objects that may select these labels: a superset.
    func candidates(_ namespace: String, _ labels: Fields) -> [ResourceKey] {
        guard let index = keys[namespace] else { return [] }
        var found = index[""] ?? []
        for pair in labels.members { found.formUnion(index[LabelIndex.text(pair)] ?? []) }
        return found.sorted()
    }
}
