import Domain

/// A node of a structural OpenAPI schema, as a CustomResourceDefinition takes it. Every text and
/// every list has an upper bound: without one a server refuses CEL rules for their cost.
struct Schema {
    private(set) var document: Document

    /// A rule in CEL that the schema itself cannot say.
    struct Rule {
        let rule: String
        let message: String
        /// CEL that makes the message, where numbers belong into it.
        let expression: String?

        init(_ rule: String, _ message: String, expression: String? = nil) {
            self.rule = rule
            self.message = message
            self.expression = expression
        }

        fileprivate var document: Document {
            var document: Document = ["rule": .string(rule), "message": .string(message)]
            document["messageExpression"] = expression.map(Document.string)
            return document
        }
    }

    static func object(
        _ description: String, required: [String] = [], rules: [Rule] = [],
        _ properties: [(String, Schema)]
    ) -> Schema {
        var document: Document = ["type": "object", "description": .string(description)]
        document["properties"] = .object(
            Fields(properties.map { .init(key: $0.0, value: $0.1.document) }))
        if !required.isEmpty { document["required"] = .array(required.map(Document.string)) }
        return Schema(document: document).with(rules)
    }

    static func string(
        _ description: String, length: ClosedRange<Int> = 0...253, pattern: String? = nil,
        words: [String] = [], format: String? = nil, default value: String? = nil
    ) -> Schema {
        var document: Document = [
            "type": "string", "description": .string(description),
            "maxLength": .integer(length.upperBound),
        ]
        if length.lowerBound > 0 { document["minLength"] = .integer(length.lowerBound) }
        document["pattern"] = pattern.map(Document.string)
        if !words.isEmpty { document["enum"] = .array(words.map(Document.string)) }
        document["format"] = format.map(Document.string)
        document["default"] = value.map(Document.string)
        return Schema(document: document)
    }

    /// A length of time as `TimeSpan` reads it.
    static func span(_ description: String, default value: TimeSpan? = nil) -> Schema {
        string(
            description, length: 1...32, pattern: #"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$|^0$"#,
            default: value?.description)
    }

    /// A moment in RFC 3339.
    static func time(_ description: String) -> Schema {
        string(description, length: 0...40, format: "date-time")
    }

    /// A digest of a version.
    static func digest(_ description: String) -> Schema {
        string(description, length: 0...71, pattern: "^sha256:[0-9a-f]{64}$")
    }

    static func integer(
        _ description: String, in range: ClosedRange<Int>? = nil, default value: Int? = nil
    ) -> Schema {
        var document: Document = [
            "type": "integer", "description": .string(description),
            "format": range == nil ? "int64" : "int32",
        ]
        if let range {
            document["minimum"] = .integer(range.lowerBound)
            document["maximum"] = .integer(range.upperBound)
        }
        document["default"] = value.map { .integer($0) }
        return Schema(document: document)
    }

    static func number(_ description: String, minimum: Int) -> Schema {
        Schema(document: [
            "type": "number", "description": .string(description), "minimum": .integer(minimum),
        ])
    }

    static func boolean(_ description: String, default value: Bool? = nil) -> Schema {
        var document: Document = ["type": "boolean", "description": .string(description)]
        document["default"] = value.map(Document.bool)
        return Schema(document: document)
    }

    /// A list that is written as a whole: what Git says replaces all that stands there.
    static func list(
        _ description: String, count: ClosedRange<Int>, rules: [Rule] = [], of element: Schema
    ) -> Schema {
        var document: Document = [
            "type": "array", "description": .string(description), "items": element.document,
            "maxItems": .integer(count.upperBound), "x-kubernetes-list-type": "atomic",
        ]
        if count.lowerBound > 0 { document["minItems"] = .integer(count.lowerBound) }
        return Schema(document: document).with(rules)
    }

    /// Conditions as all of Kubernetes has them.
    static let conditions: Schema = {
        var schema = list(
            "What is known, one entry for each type.",
            count: 0...ReleaseStatus.conditionLimit,
            of: object(
                "One fact.", required: ["type", "status"],
                [
                    ("type", string("What the condition is about.", length: 1...316)),
                    (
                        "status",
                        string("True, False or Unknown.", words: ["True", "False", "Unknown"])
                    ),
                    ("reason", string("One word for programs.", length: 0...1024)),
                    ("message", string("A sentence for people.", length: 0...32_768)),
                    (
                        "observedGeneration",
                        integer("The generation of the spec that this speaks of.")
                    ),
                    ("lastTransitionTime", time("When the status changed last.")),
                ]))
        schema.document["x-kubernetes-list-type"] = "map"
        schema.document["x-kubernetes-list-map-keys"] = ["type"]
        return schema
    }()

    /// An object of Kubernetes' own whose members this schema does not know.
    static func opaqueObject(_ description: String) -> Schema {
        Schema(document: [
            "type": "object", "description": .string(description),
            "x-kubernetes-preserve-unknown-fields": true,
        ])
    }

    /// Any JSON.
    static func anything(_ description: String) -> Schema {
        Schema(document: [
            "description": .string(description), "x-kubernetes-preserve-unknown-fields": true,
        ])
    }

    /// `metadata` of which only the name is restricted.
    static func metadata(nameLimit: Int, pattern: String) -> Schema {
        var name = string("", length: 1...nameLimit, pattern: pattern)
        name.document["description"] = nil
        return Schema(document: ["type": "object", "properties": ["name": name.document]])
    }

    private func with(_ rules: [Rule]) -> Schema {
        guard !rules.isEmpty else { return self }
        var schema = self
        schema.document["x-kubernetes-validations"] = .array(rules.map(\.document))
        return schema
    }
}
