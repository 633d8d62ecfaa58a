package import Domain

/// The schema of one version of a custom resource: prunes, fills in defaults, validates.
///
/// Rules in CEL are not interpreted; ``hasRules`` says that there are some.
package struct StructuralSchema: Hashable, Sendable {
    /// The JSON types of a structural schema.
    package enum Kind: String, Hashable, Sendable {
        case array, boolean, integer, number, object, string
    }

    var kind: Kind?
    var format = ""
    var isNullable = false
    var isIntOrString = false
    var keepsUnknown = false
    /// The value is a Kubernetes object of its own.
    var isEmbedded = false
    var fallback: Document?
    var choices: [Document] = []
    var required: [String] = []
    var properties: [String: StructuralSchema] = [:]
    /// The schema of other members, at most one.
    var additional: [StructuralSchema] = []
    /// The schema of elements, at most one.
    var items: [StructuralSchema] = []
    var bounds = Bounds()
    var pattern: LinearPattern?
    /// A pattern that could not be read matches nothing, and says so.
    var patternText: String?
    var listType = ""
    var listKeys: [String] = []
    var isAtomicMap = false
    var allOf: [StructuralSchema] = []
    var anyOf: [StructuralSchema] = []
    var oneOf: [StructuralSchema] = []
    /// At most one.
    var not: [StructuralSchema] = []
    private var ownRules = false
    /// The members that may have to be filled in, or something below them; ascending.
    private var defaulting: [String] = []
    /// Something below may have to be filled in.
    private var completesParts = false

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

    /// Reads `openAPIV3Schema`; what is not understood is left out.
    package init(_ schema: Document) { self.init(schema, depth: 0) }

    private init(_ schema: Document, depth: Int) {
        guard depth < Self.depthLimit else {
            keepsUnknown = true
            return
        }
        func child(_ document: Document) -> StructuralSchema { .init(document, depth: depth + 1) }
        func children(_ name: String) -> [StructuralSchema] {
            (schema[name]?.arrayValue ?? []).map(child)
        }
        func flag(_ name: String) -> Bool { schema[name]?.boolValue ?? false }
        kind = schema["type"]?.stringValue.flatMap(Kind.init(rawValue:))
        format = schema["format"]?.stringValue ?? ""
        isNullable = flag("nullable")
        isIntOrString = flag("x-kubernetes-int-or-string")
        keepsUnknown = flag("x-kubernetes-preserve-unknown-fields")
        isEmbedded = flag("x-kubernetes-embedded-resource")
        fallback = schema["default"]
        choices = schema["enum"]?.arrayValue ?? []
        required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        for member in schema["properties"]?.objectValue?.members ?? [] {
            properties[member.key] = child(member.value)
        }
        switch schema["additionalProperties"] {
        case .some(let value) where value.objectValue != nil: additional = [child(value)]
        case .some(.bool(true)): keepsUnknown = true
        default: break
        }
        if let element = schema["items"], element.objectValue != nil { items = [child(element)] }
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
        not = schema["not"].map { [child($0)] } ?? []
        ownRules = !(schema["x-kubernetes-validations"]?.arrayValue ?? []).isEmpty
        defaulting = properties.filter { $0.value.mayComplete }.keys.sorted()
        completesParts =
            !defaulting.isEmpty || items.contains(where: \.mayComplete)
            || additional.contains(where: \.mayComplete)
    }

    /// It may have to fill in a value or something below it.
    private var mayComplete: Bool { fallback != nil || completesParts }

    /// Somewhere in it stand rules in CEL.
    package var hasRules: Bool {
        ownRules || properties.values.contains(where: \.hasRules)
            || items.contains(where: \.hasRules) || additional.contains(where: \.hasRules)
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
                if let schema = properties[member.key] ?? additional.first {
                    schema.findUnknown(in: member.value, &path, isObject: false, &unknown)
                } else if !keepsUnknown {
                    unknown.append(path.description)
                }
                path.parts.removeLast()
            }
        case .array(let list):
            guard let schema = items.first else { return }
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
                guard let schema = properties[member.key] ?? additional.first else {
                    return keepsUnknown ? member : nil
                }
                return .init(key: member.key, value: schema.pruned(member.value, isObject: false))
            }
            return .object(Fields(members))
        case .array(let list):
            guard let schema = items.first else { return value }
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
                if let old = fields[name] { fields[name] = schema.defaulted(old) }
            }
            if let schema = additional.first {
                for member in fields.members where properties[member.key] == nil {
                    let isMissing = member.value.isNull && !schema.isNullable
                    let old = (isMissing ? schema.fallback : nil) ?? member.value
                    fields[member.key] = schema.defaulted(old)
                }
            }
            return .object(fields)
        case .array(let list):
            guard let schema = items.first else { return value }
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
            let element = items.first?.shape(isRoot: false) ?? .untyped
            switch listType {
            case "map":
                let keys = listKeys.map { key in
                    Shape.Key(
                        key,
                        fallback: items.first?.properties[key]?.fallback?.stringValue
                    )
                }
                return .list(element, .map(keys: keys))
            case "set": return .list(element, .set)
            default: return .list(element, .atomic)
            }
        case .object:
            if properties.isEmpty, let value = additional.first {
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
