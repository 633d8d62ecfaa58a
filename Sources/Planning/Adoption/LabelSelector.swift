import Domain

/// A selector of Kubernetes' `meta/v1`, and the plain map that a Service has.
struct LabelSelector {
    private let labels: [Fields.Member]
    private let expressions: [Document]

    /// A selector with `matchLabels` and `matchExpressions`.
    init(_ selector: Document?) {
        labels = selector?["matchLabels"]?.objectValue?.members ?? []
        expressions = selector?.elements("matchExpressions") ?? []
    }

    /// The selector of a Service.
    init(service: Document) {
        labels = service.at("spec", "selector")?.objectValue?.members ?? []
        expressions = []
    }

    /// It names no label: what that means depends on whose it is.
    var isEmpty: Bool { labels.isEmpty && expressions.isEmpty }

    /// The labels that it looks at.
    var keys: [String] {
        labels.map(\.key) + expressions.compactMap { $0["key"]?.stringValue }
    }

    /// Whether an object with these labels is selected; an empty selector selects all.
    func selects(_ fields: Fields) -> Bool {
        labels.allSatisfy { fields[$0.key] == $0.value }
            && expressions.allSatisfy { expression in
                guard let key = expression["key"]?.stringValue else { return false }
                let value = fields[key]
                let values = expression.elements("values")
                switch expression["operator"]?.stringValue {
                case "In": return value.map { values.contains($0) } ?? false
                case "NotIn": return value.map { !values.contains($0) } ?? true
                case "Exists": return value != nil
                case "DoesNotExist": return value == nil
                default: return false
                }
            }
    }
}
