/// A label selector of Kubernetes' `meta/v1`: all requirements must hold.
package struct LabelSelector: Hashable, Sendable {
    /// One requirement.
    package enum Requirement: Hashable, Sendable {
        case exists(String)
        case missing(String)
        case among(String, [String])
        /// Also holds where the label is missing.
        case notAmong(String, [String])
        /// The label is a number greater than this.
        case greater(String, Int64)
        case less(String, Int64)
    }

    package var requirements: [Requirement]

    package init(_ requirements: [Requirement] = []) {
        self.requirements = requirements
    }

    /// The plain map that a Service has.
    package init(equal labels: Fields) {
        requirements = labels.members.map { .among($0.key, [$0.value.stringValue ?? ""]) }
    }

    package var isEmpty: Bool { requirements.isEmpty }

    /// The labels that it looks at.
    package var keys: [String] {
        requirements.map { requirement in
            switch requirement {
            case .exists(let key), .missing(let key), .among(let key, _),
                .notAmong(let key, _), .greater(let key, _), .less(let key, _):
                key
            }
        }
    }

    /// Reads the form inside objects (`matchLabels`, `matchExpressions`); `nil` for an unknown
    /// operator.
    package init?(_ document: Document) {
        var found = Self(equal: document["matchLabels"]?.objectValue ?? .init()).requirements
        for expression in document["matchExpressions"]?.arrayValue ?? [] {
            let key = expression["key"]?.stringValue ?? ""
            let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue)
            switch expression["operator"]?.stringValue {
            case "In": found.append(.among(key, values))
            case "NotIn": found.append(.notAmong(key, values))
            case "Exists": found.append(.exists(key))
            case "DoesNotExist": found.append(.missing(key))
            default: return nil
            }
        }
        requirements = found
    }

    /// Whether an object with these labels is chosen.
    package func matches(_ labels: Fields) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): labels[key] != nil
            case .missing(let key): labels[key] == nil
            case .among(let key, let values):
                labels[key]?.stringValue.map(values.contains) ?? false
            case .notAmong(let key, let values):
                !(labels[key]?.stringValue.map(values.contains) ?? false)
            case .greater(let key, let bound):
                labels[key]?.stringValue.flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .less(let key, let bound):
                labels[key]?.stringValue.flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }
}
