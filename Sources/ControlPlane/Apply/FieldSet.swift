import Documents
package import Domain

/// A set of places of an object: what `managedFields` records as owned.
///
/// A tree: every node says whether it is itself a member and which children it has.
package struct FieldSet: Hashable, Sendable {
    /// One step of a place.
    package enum Element: Hashable, Sendable, Comparable {
        /// `f:NAME`
        case field(String)
        /// `k:{…}`: an element of a list, known by some of its members.
        case key(Fields)
        /// `v:VALUE`: a member of a set.
        case value(Document)
        /// `i:N`
        case index(Int64)

        /// The text in `fieldsV1`.
        package var text: String {
            switch self {
            case .field(let name): "f:\(name)"
            case .key(let fields): "k:\(Document.object(fields).canonicalJSONString())"
            case .value(let value): "v:\(value.canonicalJSONString())"
            case .index(let index): "i:\(index)"
            }
        }

        /// The text in messages, as `[name="server"]`.
        var message: String {
            switch self {
            case .field(let name): return ".\(name)"
            case .key(let fields):
                let parts = fields.members.map { "\($0.key)=\($0.value.canonicalJSONString())" }
                return "[\(parts.joined(separator: ","))]"
            case .value(let value): return "[=\(value.canonicalJSONString())]"
            case .index(let index): return "[\(index)]"
            }
        }

        private var rank: Int {
            switch self {
            case .field: 0
            case .key: 1
            case .value: 2
            case .index: 3
            }
        }

        package static func < (left: Element, right: Element) -> Bool {
            if case .field(let left) = left, case .field(let right) = right { return left < right }
            return left.rank != right.rank ? left.rank < right.rank : left.text < right.text
        }
    }

    /// One step down.
    private struct Child: Hashable, Sendable {
        let element: Element
        var set: FieldSet
    }

    /// This place itself is in the set.
    package var isMember = false
    /// Ascending; none is empty.
    private var children: [Child] = []

    package init() {}

    /// Nothing is in it.
    package var isEmpty: Bool { !isMember && children.isEmpty }

    package subscript(element: Element) -> FieldSet? {
        get {
            let (index, found) = position(of: element)
            return found ? children[index].set : nil
        }
        set {
            let (index, found) = position(of: element)
            let new = newValue.flatMap { $0.isEmpty ? nil : $0 }
            switch (new, found) {
            case (let set?, true): children[index].set = set
            case (let set?, false): children.insert(.init(element: element, set: set), at: index)
            case (nil, true): children.remove(at: index)
            case (nil, false): break
            }
        }
    }

    private func position(of element: Element) -> (index: Int, found: Bool) {
        if let last = children.last, last.element < element { return (children.count, false) }
        var low = 0
        var high = children.count
        while low < high {
            let middle = (low + high) / 2
            if children[middle].element < element { low = middle + 1 } else { high = middle }
        }
        return (low, low < children.count && !(element < children[low].element))
    }

    /// Adds a place.
    package mutating func insert(_ path: some Collection<Element>) {
        guard let first = path.first else {
            isMember = true
            return
        }
        var child = self[first] ?? FieldSet()
        child.insert(path.dropFirst())
        self[first] = child
    }

    package func contains(_ path: some Collection<Element>) -> Bool {
        guard let first = path.first else { return isMember }
        return self[first]?.contains(path.dropFirst()) ?? false
    }

    package func union(_ other: FieldSet) -> FieldSet {
        guard !other.isEmpty else { return self }
        var result = other
        result.isMember = isMember || other.isMember
        result.children = paired(with: other) { mine, theirs in
            guard let mine, let theirs else { return mine ?? theirs }
            return mine.union(theirs)
        }
        return result
    }

    /// Whether some place is in both.
    func intersects(_ other: FieldSet) -> Bool {
        if isMember, other.isMember { return true }
        guard !children.isEmpty else { return false }
        return other.children.contains { child in
            self[child.element]?.intersects(child.set) ?? false
        }
    }

    package func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.isMember = isMember && other.isMember
        result.children = paired(with: other) { mine, theirs in
            guard let mine, let theirs else { return nil }
            return mine.intersection(theirs)
        }
        return result
    }

    package func subtracting(_ other: FieldSet) -> FieldSet {
        guard !other.isEmpty else { return self }
        var result = FieldSet()
        result.isMember = isMember && !other.isMember
        result.children = paired(with: other) { mine, theirs in
            theirs.flatMap { mine?.subtracting($0) } ?? mine
        }
        return result
    }

    /// As ``subtracting(_:)``, and everything below a place of `other` goes as well.
    package func subtractingRecursively(_ other: FieldSet) -> FieldSet {
        guard !other.isEmpty else { return self }
        guard !other.isMember else { return FieldSet() }
        var result = FieldSet()
        result.isMember = isMember
        result.children = paired(with: other) { mine, theirs in
            theirs.flatMap { mine?.subtractingRecursively($0) } ?? mine
        }
        return result
    }

    /// The members without those that have members below them.
    package var leaves: FieldSet {
        var result = FieldSet()
        result.isMember = isMember && children.isEmpty
        result.children = children.map { .init(element: $0.element, set: $0.set.leaves) }
        return result
    }

    /// The children of both sets side by side, ascending, and what is made of them; what is empty
    /// is left out.
    private func paired(
        with other: FieldSet, _ make: (_ mine: FieldSet?, _ theirs: FieldSet?) -> FieldSet?
    ) -> [Child] {
        var result: [Child] = []
        var (left, right) = (children[...], other.children[...])
        while let element = Self.least(left.first, right.first) {
            let mine = left.first.flatMap { element < $0.element ? nil : $0.set }
            let theirs = right.first.flatMap { element < $0.element ? nil : $0.set }
            if mine != nil { left = left.dropFirst() }
            if theirs != nil { right = right.dropFirst() }
            if let set = make(mine, theirs), !set.isEmpty {
                result.append(.init(element: element, set: set))
            }
        }
        return result
    }

    private static func least(_ left: Child?, _ right: Child?) -> Element? {
        guard let left, let right else { return (left ?? right)?.element }
        return right.element < left.element ? right.element : left.element
    }

    /// All members in order.
    package var paths: [[Element]] {
        var all: [[Element]] = isMember ? [[]] : []
        for child in children { all += child.set.paths.map { [child.element] + $0 } }
        return all
    }

    /// A place as messages name it: `.spec.containers[name="server"].image`.
    package static func message(_ path: [Element]) -> String {
        path.map(\.message).joined()
    }
}

// MARK: - fieldsV1

extension FieldSet {
    /// The set as `fieldsV1`.
    package var document: Document {
        var members = children.map { child in
            Fields.Member(key: child.element.text, value: child.set.document)
        }
        if isMember, !children.isEmpty { members.insert(.init(key: ".", value: [:]), at: 0) }
        return .object(Fields(members))
    }

    /// Reads `fieldsV1`; what cannot be read is left out.
    package init(_ document: Document) {
        for member in document.objectValue?.members ?? [] {
            if member.key == "." {
                isMember = true
                continue
            }
            guard let element = Element(member.key) else { continue }
            var child = FieldSet(member.value)
            if member.value.objectValue?.isEmpty ?? true { child.isMember = true }
            self[element] = child
        }
    }
}

extension FieldSet.Element {
    /// Reads the text of `fieldsV1`.
    init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count >= 2, bytes.dropFirst().first == UInt8(ascii: ":") else { return nil }
        let rest = String(text[bytes.index(bytes.startIndex, offsetBy: 2)...])
        switch bytes.first {
        case UInt8(ascii: "f"): self = .field(rest)
        case UInt8(ascii: "k"):
            guard let fields = (try? JSON.parse(rest))?.objectValue else { return nil }
            self = .key(fields)
        case UInt8(ascii: "v"):
            guard let value = try? JSON.parse(rest) else { return nil }
            self = .value(value)
        case UInt8(ascii: "i"):
            guard let index = Int64(rest) else { return nil }
            self = .index(index)
        default: return nil
        }
    }
}
