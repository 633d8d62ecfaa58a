/// The type of a value as far as the API server's merging and checking need it: what its members
/// are, and how lists and maps merge.
package indirect enum Shape: Sendable {
    /// Values without parts.
    package enum Scalar: String, Hashable, Sendable {
        case string
        /// 32 bits.
        case integer
        /// 64 bits.
        case long
        case boolean
        case number
        /// A string or a number, as amounts of resources are.
        case quantity
        case intOrString
    }

    /// How lists merge.
    package enum ListKind: Hashable, Sendable {
        /// As one value.
        case atomic
        /// Every value is a member.
        case set
        /// Elements are known by some of their members; some of them have a default.
        case map(keys: [Key])
    }

    /// A member by which elements of a list are known.
    package struct Key: Hashable, Sendable {
        package let name: String
        package let fallback: String?

        package init(_ name: String, fallback: String? = nil) {
            self.name = name
            self.fallback = fallback
        }
    }

    /// The members of an object. A class: shapes are handed on for every value of every object.
    package final class Structure: Sendable {
        /// The Go type of the API, for messages; empty for custom resources.
        package let name: String
        package let members: [String: Shape]
        /// Merges as one value.
        package let isAtomic: Bool
        /// What other members are; `nil` if there may be none.
        package let others: Shape?

        package init(
            name: String = "",
            members: [String: Shape],
            isAtomic: Bool = false,
            others: Shape? = nil
        ) {
            self.name = name
            self.members = members
            self.isAtomic = isAtomic
            self.others = others
        }
    }

    case scalar(Scalar)
    /// Anything; objects merge by member, lists as one value.
    case untyped
    case map(Shape, isAtomic: Bool)
    case list(Shape, ListKind)
    case structure(Structure)

    /// The shape of a member; ``untyped`` where nothing is known.
    package func member(_ name: String) -> Shape { knownMember(name) ?? .untyped }

    /// The shape of a member; `nil` if there cannot be one.
    package func knownMember(_ name: String) -> Shape? {
        switch self {
        case .map(let value, _): value
        case .structure(let structure): structure.members[name] ?? structure.others
        case .untyped: .untyped
        case .scalar, .list: nil
        }
    }

    /// The member by which a strategic patch merges this list.
    package var mergeKey: String? {
        guard case .list(_, .map(let keys)) = self else { return nil }
        return keys.first?.name
    }
}
