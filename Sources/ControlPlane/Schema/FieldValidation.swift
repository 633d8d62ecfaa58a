package import Domain

/// What becomes of fields that a kind does not have.
package enum FieldValidation: String, Hashable, Sendable {
    case ignore = "Ignore"
    case warn = "Warn"
    case strict = "Strict"

    /// Reads the query parameter; the default is ``warn``.
    ///
    /// - Parameter options: `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    /// - Returns: 422 for another word.
    package static func read(_ text: String?, options: String) -> Result<Self, APIStatus> {
        guard let text, !text.isEmpty else { return .success(.warn) }
        guard let found = Self(rawValue: text) else {
            return .failure(
                .invalid(
                    kindName: options,
                    group: "meta.k8s.io",
                    name: "",
                    [
                        .notSupported(
                            "fieldValidation",
                            .string(text),
                            ["", "Ignore", "Strict", "Warn"]
                        )
                    ]
                )
            )
        }
        return .success(found)
    }

    /// The refusal of a strict write.
    ///
    /// - Parameter complaints: such as `unknown field "spec.x"`, `duplicate field "data.k"`.
    package static func refusal(_ kind: ResourceKind, _ complaints: [String]) -> APIStatus {
        .badRequest(
            "\(kind.kind) in version \"\(kind.version)\" cannot be handled as a \(kind.kind): "
                + "strict decoding error: " + complaints.joined(separator: ", ")
        )
    }

    /// The value of the `Warning` header for a complaint.
    package static func warning(_ complaint: String) -> String {
        "299 - \(Document.string(complaint).canonicalJSONString())"
    }
}

extension Shape {
    /// The paths of members that the shape does not have, deepest first at every level.
    package func unknownFields(of document: Document) -> [String] {
        var found: [String] = []
        collectUnknown(document, "", &found)
        return found
    }

    private func collectUnknown(_ value: Document, _ path: String, _ found: inout [String]) {
        guard found.count < 100 else { return }
        switch (self, value) {
        case (.list(let element, _), .array(let list)):
            for (index, item) in list.enumerated() {
                element.collectUnknown(item, "\(path)[\(index)]", &found)
            }
        case (.map(let element, _), .object(let fields)):
            for member in fields.members {
                element.collectUnknown(member.value, Self.join(path, member.key), &found)
            }
        case (.structure(let structure), .object(let fields)):
            var own: [String] = []
            for member in fields.members {
                let place = Self.join(path, member.key)
                guard let shape = structure.members[member.key] ?? structure.others else {
                    own.append(place)
                    continue
                }
                shape.collectUnknown(member.value, place, &found)
            }
            found += own
        default: break
        }
    }

    private static func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// The value without members that the shape does not have, and without nulls, which Go's
    /// types cannot hold.
    package func pruned(_ value: Document) -> Document {
        switch (self, value) {
        case (.list(let element, _), .array(let list)):
            return .array(list.map(element.pruned))
        case (.map(let element, _), .object(let fields)):
            return .object(
                Fields(
                    fields.members.map { .init(key: $0.key, value: element.pruned($0.value)) }
                )
            )
        case (.structure(let structure), .object(let fields)):
            let kept = fields.members.compactMap { member -> Fields.Member? in
                guard !member.value.isNull,
                    let shape = structure.members[member.key] ?? structure.others
                else { return nil }
                return .init(key: member.key, value: shape.pruned(member.value))
            }
            return .object(Fields(kept))
        default: return value
        }
    }

    /// Go's complaint about the first value of a wrong type; `nil` if all types are right.
    package func typeProblem(of document: Document) -> String? {
        typeProblem(document, "", "")
    }

    /// As ``typeProblem(of:)`` for the metadata of an object whose other fields have no shape.
    package func typeProblem(ofMetadata metadata: Document?) -> String? {
        metadata.flatMap { typeProblem($0, "ObjectMeta", "metadata") }
    }

    private func typeProblem(_ value: Document, _ owner: String, _ path: String) -> String? {
        func complaint(_ type: String) -> String {
            "json: cannot unmarshal \(value.goKind) into Go struct field \(owner).\(path) "
                + "of type \(type)"
        }
        if value.isNull { return nil }
        switch (self, value) {
        case (.untyped, _): return nil
        case (.scalar(let scalar), _):
            if scalar == .quantity, let text = value.stringValue {
                return Quantity(text) == nil ? Quantity.complaint : nil
            }
            return scalar.accepts(value) ? nil : complaint(scalar.goType(value))
        case (.list(let element, _), .array(let list)):
            return list.lazy.compactMap { element.typeProblem($0, owner, path) }.first
        case (.map(let element, _), .object(let fields)):
            return fields.members.lazy.compactMap {
                element.typeProblem($0.value, owner, path)
            }.first
        case (.structure(let structure), .object(let fields)):
            return fields.members.lazy.compactMap { member in
                structure.members[member.key]?.typeProblem(
                    member.value,
                    structure.name,
                    Self.join(path, member.key)
                )
            }.first
        case (.list(let element, _), _): return complaint("[]\(element.goType)")
        case (.map(let element, _), _): return complaint("map[string]\(element.goType)")
        case (.structure(let structure), _): return complaint("v1.\(structure.name)")
        }
    }

    private var goType: String {
        switch self {
        case .scalar(let scalar): scalar.goType(.null)
        case .structure(let structure): "v1.\(structure.name)"
        case .list(let element, _): "[]\(element.goType)"
        case .map(let element, _): "map[string]\(element.goType)"
        case .untyped: "interface {}"
        }
    }
}

extension Shape.Scalar {
    fileprivate func goType(_ value: Document) -> String {
        switch self {
        case .string: "string"
        case .integer: "int32"
        case .long: "int64"
        case .boolean: "bool"
        case .number: "float64"
        case .quantity: "resource.Quantity"
        case .intOrString: value.integerValue == nil ? "intstr.IntOrString" : "int32"
        }
    }
}

extension Document {
    /// The kind of a JSON value as Go's decoder names it.
    fileprivate var goKind: String {
        switch self {
        case .integer, .double: "number"
        case .bool: "bool"
        case .array: "array"
        default: kindName
        }
    }
}
