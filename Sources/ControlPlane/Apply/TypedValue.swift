import Domain

/// A document together with its shape: what server-side apply merges and compares.
struct TypedValue {
    var document: Document
    var shape: Shape

    // MARK: The set of fields

    /// The places a document sets: its leaves, and the elements of lists themselves.
    static func fields(of document: Document, _ shape: Shape) -> FieldSet {
        var set = FieldSet()
        switch (document, shape) {
        case (.object(let members), _) where !shape.isAtomic && !members.isEmpty:
            for member in members.members {
                let element = FieldSet.Element.field(member.key)
                set[element] = fields(of: member.value, shape.member(member.key))
            }
        case (.array(let list), .list(let element, let kind))
        where kind != .atomic && !list.isEmpty:
            for (index, item) in list.enumerated() {
                let key = self.element(item, index, kind)
                var child = fields(of: item, element)
                child.isMember = true
                set[key] = set[key]?.union(child) ?? child
            }
        default:
            set.isMember = true
        }
        return set
    }

    /// How an element of a list is known.
    static func element(_ item: Document, _ index: Int, _ kind: Shape.ListKind) -> FieldSet.Element
    {
        switch kind {
        case .set: return .value(item)
        case .atomic: return .index(Int64(index))
        case .map(let keys):
            var fields = Fields()
            for key in keys {
                if let value = item[key.name], !value.isNull {
                    fields[key.name] = value
                } else if let fallback = key.fallback {
                    fields[key.name] = .string(fallback)
                }
            }
            return .key(fields)
        }
    }

    // MARK: Merging

    /// The live value with the intent laid over it.
    static func merged(_ live: Document, _ intent: Document, _ shape: Shape) -> Document {
        guard !shape.isAtomic else { return intent }
        switch (live, intent, shape) {
        case (.object(let old), .object(let new), _):
            var result = old
            for member in new.members {
                let child = shape.member(member.key)
                result[member.key] =
                    old[member.key].map { merged($0, member.value, child) } ?? member.value
            }
            return .object(result)
        case (.array(let old), .array(let new), .list(let element, let kind)):
            return .array(merged(old, new, element, kind))
        default:
            return intent
        }
    }

    /// Elements only the server has keep their place among those that both have; the intent's
    /// order decides for the rest.
    private static func merged(
        _ old: [Document],
        _ new: [Document],
        _ shape: Shape,
        _ kind: Shape.ListKind
    ) -> [Document] {
        let oldKeys = old.enumerated().map { element($1, $0, kind) }
        let newKeys = new.enumerated().map { element($1, $0, kind) }
        var oldPlace: [FieldSet.Element: Int] = [:]
        for (index, key) in oldKeys.enumerated() { oldPlace[key] = index }
        let newSet = Set(newKeys)
        var shared = newKeys.filter { oldPlace[$0] != nil }[...]
        var result: [Document] = []
        var left = 0
        var right = 0
        while left < old.count || right < new.count {
            if left < old.count, newSet.contains(oldKeys[left]) {
                let isNext = shared.first == oldKeys[left]
                let isHere = right < new.count && newKeys[right] == oldKeys[left]
                // Shared, but the intent names another one first or has named it already.
                if !isNext && !isHere {
                    left += 1
                    continue
                }
            } else if left < old.count {
                result.append(old[left])
                left += 1
                continue
            }
            guard right < new.count else {
                left += 1
                continue
            }
            let key = newKeys[right]
            if let place = oldPlace[key] {
                result.append(merged(old[place], new[right], shape))
                if shared.first == key { shared = shared.dropFirst() }
                if left < old.count, oldKeys[left] == key { left += 1 }
            } else {
                result.append(new[right])
            }
            right += 1
        }
        return result
    }

    // MARK: Removing

    /// The value without the places that the manager owned and nobody owns now.
    ///
    /// A member that holds owned members counts as owned with them.
    static func pruned(
        _ document: Document,
        _ shape: Shape,
        owned last: FieldSet,
        kept: FieldSet
    ) -> Document {
        switch (document, shape) {
        case (.object(var fields), _) where !shape.isAtomic:
            for member in fields.members {
                let element = FieldSet.Element.field(member.key)
                guard let owned = last[element] else { continue }
                guard let stays = kept[element] else {
                    fields[member.key] = nil
                    continue
                }
                let child = shape.member(member.key)
                fields[member.key] = pruned(member.value, child, owned: owned, kept: stays)
            }
            return .object(fields)
        case (.array(let list), .list(let element, let kind)) where kind != .atomic:
            var result: [Document] = []
            for (index, item) in list.enumerated() {
                let key = self.element(item, index, kind)
                guard let owned = last[key] else {
                    result.append(item)
                    continue
                }
                guard let stays = kept[key] else { continue }
                result.append(pruned(item, element, owned: owned, kept: stays))
            }
            return .array(result)
        default:
            return document
        }
    }

    // MARK: Comparing

    /// What differs between two values.
    struct Difference {
        var added = FieldSet()
        var modified = FieldSet()
        var removed = FieldSet()

        var isEmpty: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }
    }

    /// The places that were added, changed and removed. A new container is a place itself.
    static func difference(_ old: Document, _ new: Document, _ shape: Shape) -> Difference {
        var result = Difference()
        guard old != new else { return result }
        switch (old, new, shape) {
        case (.object(let left), .object(let right), _) where !shape.isAtomic:
            var (before, after) = (left.members[...], right.members[...])
            while let key = [before.first?.key, after.first?.key].compactMap({ $0 }).min() {
                let old = before.first?.key == key ? before.popFirst() : nil
                let new = after.first?.key == key ? after.popFirst() : nil
                result.add(old?.value, new?.value, shape.member(key), at: .field(key))
            }
        case (.array(let left), .array(let right), .list(let element, let kind))
        where kind != .atomic:
            let before = indexed(left, kind)
            let after = indexed(right, kind)
            for key in Set(before.keys).union(after.keys).sorted() {
                result.add(before[key], after[key], element, at: key)
            }
        default:
            result.modified.isMember = true
        }
        return result
    }

    private static func indexed(
        _ list: [Document],
        _ kind: Shape.ListKind
    ) -> [FieldSet.Element: Document] {
        var result: [FieldSet.Element: Document] = [:]
        for (index, item) in list.enumerated() { result[element(item, index, kind)] = item }
        return result
    }

    /// All places of a value, containers included.
    fileprivate static func places(of document: Document, _ shape: Shape) -> FieldSet {
        var set = FieldSet()
        set.isMember = true
        switch (document, shape) {
        case (.object(let members), _) where !shape.isAtomic:
            for member in members.members {
                set[.field(member.key)] = places(of: member.value, shape.member(member.key))
            }
        case (.array(let list), .list(let element, let kind)) where kind != .atomic:
            for (index, item) in list.enumerated() {
                set[self.element(item, index, kind)] = places(of: item, element)
            }
        default: break
        }
        return set
    }
}

extension TypedValue.Difference {
    fileprivate mutating func add(
        _ old: Document?,
        _ new: Document?,
        _ shape: Shape,
        at element: FieldSet.Element
    ) {
        switch (old, new) {
        case (let old?, let new?):
            let child = TypedValue.difference(old, new, shape)
            added[element] = child.added
            modified[element] = child.modified
            removed[element] = child.removed
        case (nil, let new?): added[element] = TypedValue.places(of: new, shape)
        case (let old?, nil): removed[element] = TypedValue.places(of: old, shape)
        case (nil, nil): break
        }
    }
}

extension Shape {
    /// Objects and lists of this shape merge as one value.
    var isAtomic: Bool {
        switch self {
        case .map(_, let isAtomic): isAtomic
        case .structure(let structure): structure.isAtomic
        case .list(_, let kind): kind == .atomic
        case .untyped, .scalar: false
        }
    }
}
