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
            left.rank != right.rank ? left.rank < right.rank : left.text < right.text
        }
    }

    /// This place itself is in the set.
    package var isMember = false
    package private(set) var children: [Element: FieldSet] = [:]

    package init() {}

    /// Nothing is in it.
    package var isEmpty: Bool { !isMember && children.isEmpty }

    package subscript(element: Element) -> FieldSet? {
        get { children[element] }
        set { children[element] = newValue?.isEmpty == false ? newValue : nil }
    }

    /// Adds a place.
    package mutating func insert(_ path: some Collection<Element>) {
        guard let first = path.first else {
            isMember = true
            return
        }
        children[first, default: FieldSet()].insert(path.dropFirst())
    }

    package func contains(_ path: some Collection<Element>) -> Bool {
        guard let first = path.first else { return isMember }
        return children[first]?.contains(path.dropFirst()) ?? false
    }

    package func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.isMember = isMember || other.isMember
        for (element, child) in other.children {
            result.children[element] = result.children[element]?.union(child) ?? child
        }
        return result
    }

    package func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.isMember = isMember && other.isMember
        for (element, child) in children {
            result[element] = other.children[element].map(child.intersection)
        }
        return result
    }

    package func subtracting(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.isMember = isMember && !other.isMember
        for (element, child) in children {
            result[element] = other.children[element].map(child.subtracting) ?? child
        }
        return result
    }

    /// As ``subtracting(_:)``, and everything below a place of `other` goes as well.
    package func subtractingRecursively(_ other: FieldSet) -> FieldSet {
        guard !other.isMember else { return FieldSet() }
        var result = FieldSet()
        result.isMember = isMember
        for (element, child) in children {
            result[element] = other.children[element].map(child.subtractingRecursively) ?? child
        }
        return result
    }

    /// The members without those that have members below them.
    package var leaves: FieldSet {
        var result = FieldSet()
        result.isMember = isMember && children.isEmpty
        for (element, child) in children { result[element] = child.leaves }
        return result
    }

    /// All members in order.
    package var paths: [[Element]] {
        var all: [[Element]] = isMember ? [[]] : []
        for element in children.keys.sorted() {
            all += (children[element]?.paths ?? []).map { [element] + $0 }
        }
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
        var fields = Fields()
        if isMember, !children.isEmpty { fields["."] = [:] }
        for (element, child) in children { fields[element.text] = child.document }
        return .object(fields)
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
        let rest = String(text.dropFirst(2))
        switch text.prefix(2) {
        case "f:": self = .field(rest)
        case "k:":
            guard let fields = (try? JSON.parse(rest))?.objectValue else { return nil }
            self = .key(fields)
        case "v:":
            guard let value = try? JSON.parse(rest) else { return nil }
            self = .value(value)
        case "i:":
            guard let index = Int64(rest) else { return nil }
            self = .index(index)
        default: return nil
        }
    }
}
