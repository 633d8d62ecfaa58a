package import Domain

/// The schema of one version of a custom resource: prunes, fills in defaults, validates.
///
/// Its rules in CEL are ``ValidationSchema``'s; ``hasRules`` says that there are some.
package final class StructuralSchema: Sendable {
    /// The JSON types of a structural schema.
    package enum Kind: String, Hashable, Sendable {
        case array, boolean, integer, number, object, string
    }

    let kind: Kind?
    let format: String
    let isNullable: Bool
    let isIntOrString: Bool
    let keepsUnknown: Bool
    /// The value is a Kubernetes object of its own.
    let isEmbedded: Bool
    let fallback: Document?
    let choices: [Document]
    let required: [String]
    let properties: [String: StructuralSchema]
    /// The schema of other members.
    let additional: StructuralSchema?
    /// The schema of elements.
    let items: StructuralSchema?
    let bounds: Bounds
    let pattern: LinearPattern?
    /// A pattern that could not be read matches nothing, and says so.
    let patternText: String?
    let listType: String
    let listKeys: [String]
    let isAtomicMap: Bool
    let allOf: [StructuralSchema]
    let anyOf: [StructuralSchema]
    let oneOf: [StructuralSchema]
    let not: StructuralSchema?
    private let ownRules: Bool
    /// The members that may have to be filled in, or something below them; ascending.
    private let defaulting: [String]
    /// Something below may have to be filled in.
    private let completesParts: Bool

    /// Limits of numbers and lengths.
    struct Bounds: Hashable, Sendable {
        var minimum: Document?
        var maximum: Document?
        var excludesMinimum = false
        var excludesMaximum = false
        var multipleOf: Document?
        var minLength: Int?
        var maxLength: Int?
        var minItems: Int?
        var maxItems: Int?
        var uniqueItems = false
        var minProperties: Int?
        var maxProperties: Int?
    }

    /// Levels of a schema at most; deeper ones are taken as anything.
    static let depthLimit = 64
    private static let anything: Document = ["x-kubernetes-preserve-unknown-fields": true]

    /// Reads `openAPIV3Schema`; what is not understood is left out.
    package convenience init(_ schema: Document) { self.init(schema, depth: 0) }

    private init(_ written: Document, depth: Int) {
        let schema = depth < Self.depthLimit ? written : Self.anything
        func child(_ document: Document) -> StructuralSchema { .init(document, depth: depth + 1) }
        func children(_ name: String) -> [StructuralSchema] {
            (schema[name]?.arrayValue ?? []).map(child)
        }
        func object(_ name: String) -> StructuralSchema? {
            schema[name].flatMap { $0.objectValue == nil ? nil : child($0) }
        }
        func flag(_ name: String) -> Bool { schema[name]?.boolValue ?? false }
        kind = schema["type"]?.stringValue.flatMap(Kind.init(rawValue:))
        format = schema["format"]?.stringValue ?? ""
        isNullable = flag("nullable")
        isIntOrString = flag("x-kubernetes-int-or-string")
        keepsUnknown =
            flag("x-kubernetes-preserve-unknown-fields") || flag("additionalProperties")
        isEmbedded = flag("x-kubernetes-embedded-resource")
        fallback = schema["default"]
        choices = schema["enum"]?.arrayValue ?? []
        required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        var properties: [String: StructuralSchema] = [:]
        for member in schema["properties"]?.objectValue?.members ?? [] {
            properties[member.key] = child(member.value)
        }
        self.properties = properties
        additional = object("additionalProperties")
        items = object("items")
        bounds = Bounds(schema)
        patternText = schema["pattern"]?.stringValue
        pattern = patternText.flatMap(LinearPattern.init)
        listType = schema["x-kubernetes-list-type"]?.stringValue ?? ""
        listKeys =
            (schema["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue)
        isAtomicMap = schema["x-kubernetes-map-type"]?.stringValue == "atomic"
        allOf = children("allOf")
        anyOf = children("anyOf")
        oneOf = children("oneOf")
        not = schema["not"].map(child)
        ownRules = !(schema["x-kubernetes-validations"]?.arrayValue ?? []).isEmpty
        defaulting = properties.filter { $0.value.mayComplete }.keys.sorted()
        completesParts =
            !defaulting.isEmpty || items?.mayComplete ?? false || additional?.mayComplete ?? false
    }

    /// It may have to fill in a value or something below it.
    private var mayComplete: Bool { fallback != nil || completesParts }

    /// Somewhere in it stand rules in CEL.
    package var hasRules: Bool {
        ownRules || properties.values.contains(where: \.hasRules)
            || items?.hasRules ?? false || additional?.hasRules ?? false
    }

    // MARK: Pruning

    /// The object without members that the schema does not know, and their paths, sorted.
    package func pruned(_ object: Document) -> (object: Document, unknown: [String]) {
        var unknown: [String] = []
        var path = FieldPath.root
        findUnknown(in: object, &path, isObject: true, &unknown)
        var result = unknown.isEmpty ? object : pruned(object, isObject: true)
        if let metadata = object["metadata"] {
            let kept = BuiltInShapes.metadata.pruned(metadata)
            if kept != metadata {
                let names = BuiltInShapes.metadata.unknownFields(of: metadata)
                unknown += names.map { "metadata.\($0)" }
                result["metadata"] = kept
            }
        }
        return (result, unknown.sorted())
    }

    static let objectMembers: Set<String> = ["apiVersion", "kind", "metadata"]

    /// The paths of members that the schema does not know.
    private func findUnknown(
        in value: Document, _ path: inout FieldPath, isObject: Bool, _ unknown: inout [String]
    ) {
        switch value {
        case .object(let fields):
            for member in fields.members {
                if isObject || isEmbedded, Self.objectMembers.contains(member.key) { continue }
                path.parts.append(.key(member.key))
                if let schema = properties[member.key] ?? additional {
                    schema.findUnknown(in: member.value, &path, isObject: false, &unknown)
                } else if !keepsUnknown {
                    unknown.append(path.description)
                }
                path.parts.removeLast()
            }
        case .array(let list):
            guard let schema = items else { return }
            for (index, item) in list.enumerated() {
                path.parts.append(.index(index))
                schema.findUnknown(in: item, &path, isObject: false, &unknown)
                path.parts.removeLast()
            }
        default: break
        }
    }

    private func pruned(_ value: Document, isObject: Bool) -> Document {
        switch value {
        case .object(let fields):
            let members = fields.members.compactMap { member -> Fields.Member? in
                if isObject || isEmbedded, Self.objectMembers.contains(member.key) { return member }
                guard let schema = properties[member.key] ?? additional else {
                    return keepsUnknown ? member : nil
                }
                return .init(key: member.key, value: schema.pruned(member.value, isObject: false))
            }
            return .object(Fields(members))
        case .array(let list):
            guard let schema = items else { return value }
            return .array(list.map { schema.pruned($0, isObject: false) })
        default: return value
        }
    }

    // MARK: Defaults

    /// The object with defaults where members are missing, or null and not allowed to be.
    package func defaulted(_ value: Document) -> Document {
        guard completesParts else { return value }
        switch value {
        case .object(var fields):
            for name in defaulting {
                guard let schema = properties[name] else { continue }
                if let fallback = schema.fallback {
                    let old = fields[name]
                    if old == nil || (old == .null && !schema.isNullable) {
                        fields[name] = fallback
                    }
                }
                guard let old = fields[name] else { continue }
                let new = schema.defaulted(old)
                // Parts that stay the same stay shared with the object they come from.
                if new != old { fields[name] = new }
            }
            if let schema = additional {
                for member in fields.members where properties[member.key] == nil {
                    let isMissing = member.value.isNull && !schema.isNullable
                    let old = (isMissing ? schema.fallback : nil) ?? member.value
                    fields[member.key] = schema.defaulted(old)
                }
            }
            return .object(fields)
        case .array(let list):
            guard let schema = items else { return value }
            return .array(
                list.map { item in
                    let isMissing = item.isNull && !schema.isNullable
                    return schema.defaulted((isMissing ? schema.fallback : nil) ?? item)
                }
            )
        default: return value
        }
    }

    // MARK: Merging

    /// What server-side apply needs of it. The root has Kubernetes' own metadata.
    package func shape(isRoot: Bool = true) -> Shape {
        if isIntOrString { return .scalar(.intOrString) }
        switch kind {
        case .string: return .scalar(.string)
        case .boolean: return .scalar(.boolean)
        case .integer: return .scalar(.long)
        case .number: return .scalar(.number)
        case .array:
            let element = items?.shape(isRoot: false) ?? .untyped
            switch listType {
            case "map":
                let keys = listKeys.map { key in
                    Shape.Key(
                        key,
                        fallback: items?.properties[key]?.fallback?.stringValue
                    )
                }
                return .list(element, .map(keys: keys))
            case "set": return .list(element, .set)
            default: return .list(element, .atomic)
            }
        case .object:
            if properties.isEmpty, let value = additional {
                return .map(value.shape(isRoot: false), isAtomic: isAtomicMap)
            }
            var members = properties.mapValues { $0.shape(isRoot: false) }
            if isRoot || isEmbedded {
                members["apiVersion"] = .scalar(.string)
                members["kind"] = .scalar(.string)
                members["metadata"] = BuiltInShapes.metadata
            }
            let others = keepsUnknown ? Shape.untyped : nil
            return .structure(.init(members: members, isAtomic: isAtomicMap, others: others))
        case nil: return .untyped
        }
    }
}

extension StructuralSchema.Bounds {
    fileprivate init(_ schema: Document) {
        minimum = schema["minimum"]
        maximum = schema["maximum"]
        excludesMinimum = schema["exclusiveMinimum"]?.boolValue ?? false
        excludesMaximum = schema["exclusiveMaximum"]?.boolValue ?? false
        multipleOf = schema["multipleOf"]
        minLength = schema["minLength"]?.intValue
        maxLength = schema["maxLength"]?.intValue
        minItems = schema["minItems"]?.intValue
        maxItems = schema["maxItems"]?.intValue
        uniqueItems = schema["uniqueItems"]?.boolValue ?? false
        minProperties = schema["minProperties"]?.intValue
        maxProperties = schema["maxProperties"]?.intValue
    }
}
