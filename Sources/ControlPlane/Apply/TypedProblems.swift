import Domain

/// What keeps a document from being read as a typed value, in the words of server-side apply.
struct TypedProblems {
    private(set) var texts: [String] = []
    /// The place that is being checked.
    private var path: [FieldSet.Element] = []

    init(_ document: Document, _ shape: Shape) {
        check(document, shape)
    }

    /// All problems as one text; `nil` if there are none.
    var text: String? {
        guard let first = texts.first else { return nil }
        guard texts.count > 1 else { return first }
        return "errors:\n" + texts.map { "  \($0)" }.joined(separator: "\n")
    }

    private mutating func check(
        _ value: Document, _ shape: Shape, at element: FieldSet.Element
    ) {
        path.append(element)
        check(value, shape)
        path.removeLast()
    }

    private mutating func check(_ value: Document, _ shape: Shape) {
        guard !value.isNull else { return }
        switch shape {
        case .untyped: break
        case .scalar(let scalar):
            guard !scalar.accepts(value) else { return }
            report("expected \(scalar.expectation), got \(value.goDescription)")
        case .map(let element, _):
            guard let fields = value.objectValue else {
                report("expected map, got \(value.goDescription)")
                return
            }
            for member in fields.members {
                check(member.value, element, at: .field(member.key))
            }
        case .structure(let structure):
            guard let fields = value.objectValue else {
                report("expected map, got \(value.goDescription)")
                return
            }
            for member in fields.members {
                guard let child = structure.members[member.key] ?? structure.others else {
                    report("field not declared in schema", at: .field(member.key))
                    continue
                }
                check(member.value, child, at: .field(member.key))
            }
        case .list(let element, let kind):
            guard let list = value.arrayValue else {
                report("expected list, got \(value.goDescription)")
                return
            }
            check(list, element, kind)
        }
    }

    private mutating func check(
        _ list: [Document],
        _ shape: Shape,
        _ kind: Shape.ListKind
    ) {
        var seen: Set<FieldSet.Element> = []
        for (index, item) in list.enumerated() {
            let element = TypedValue.element(item, index, kind)
            switch (kind, element) {
            case (.map(let keys), .key(let fields)) where fields.isEmpty:
                let names = keys.map { "\"\($0.name)\"" }.joined(separator: " ")
                report(
                    "element \(index): associative list with keys has an element that omits all "
                        + "key fields [\(names)] (and doesn't have default values for any key "
                        + "fields)"
                )
                continue
            default: break
            }
            if kind != .atomic, !seen.insert(element).inserted {
                report("duplicate entries for key \(element.message)")
            }
            check(item, shape, at: element)
        }
    }

    private mutating func report(_ text: String, at element: FieldSet.Element? = nil) {
        // A hostile document may hold millions of wrong values.
        guard texts.count < 100 else { return }
        let place = FieldSet.message(path + (element.map { [$0] } ?? []))
        texts.append(place.isEmpty ? text : "\(place): \(text)")
    }
}

extension Shape.Scalar {
    /// Whether a value may stand where this scalar is expected.
    func accepts(_ value: Document) -> Bool {
        switch (self, value) {
        case (.string, .string), (.boolean, .bool), (.quantity, .string), (.intOrString, .string):
            true
        case (.quantity, .integer), (.quantity, .double), (.number, .integer), (.number, .double):
            true
        case (.integer, _): value.integerValue.flatMap(Int32.init(exactly:)) != nil
        case (.intOrString, _): value.integerValue.flatMap(Int32.init(exactly:)) != nil
        case (.long, _): value.integerValue != nil
        default: false
        }
    }

    fileprivate var expectation: String {
        switch self {
        case .string: "string"
        case .boolean: "boolean"
        case .integer, .long, .number: "numeric (int or float)"
        case .quantity, .intOrString: "scalar"
        }
    }
}
