import Domain

/// A node of a structural OpenAPI schema, as a CustomResourceDefinition takes it. Every text and
/// every list has an upper bound: without one a server refuses CEL rules for their cost.
struct Schema {
    private(set) var document: Document
    /// The same node in JSON Schema, draft 7, for files: members that are not named are refused,
    /// as the decoder refuses them; there is nothing of Kubernetes' own.
    private(set) var editor: Document

    /// A rule in CEL that the schema itself cannot say.
    struct Rule {
        let rule: String
        let message: String
        /// CEL that makes the message, where numbers belong into it.
        let expression: String?
        /// Keywords of JSON Schema that say the same, where there are such.
        let editor: Fields

        init(
            _ rule: String, _ message: String, expression: String? = nil, editor: Document = [:]
        ) {
            self.rule = rule
            self.message = message
            self.expression = expression
            self.editor = editor.objectValue ?? Fields()
        }

        /// Of two members one must be there, and not both.
        static func either(_ name: String, _ other: String, _ message: String) -> Rule {
            Rule(
                "\(has(name)) != \(has(other))", message,
                editor: ["oneOf": Schema.alternatives([name, other])])
        }

        /// A member that makes sense beside another one only.
        static func member(_ name: String, needs other: String, _ message: String) -> Rule {
            Rule(
                "!\(has(name)) || \(has(other))", message,
                editor: [
                    "dependencies": .object(
                        Fields([.init(key: name, value: [.string(other)])]))
                ])
        }

        /// `for` is a word of CEL's own.
        private static func has(_ name: String) -> String {
            "has(self.\(name == "for" ? "__for__" : name))"
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
        if !required.isEmpty { document["required"] = .array(required.map(Document.string)) }
        var schema = Schema(document)
        schema.document["properties"] = .object(
            Fields(properties.map { .init(key: $0.0, value: $0.1.document) }))
        schema.editor["properties"] = .object(
            Fields(properties.map { .init(key: $0.0, value: $0.1.editor) }))
        schema.editor["additionalProperties"] = false
        return schema.with(rules)
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
        return Schema(document)
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
        return Schema(document)
    }

    static func number(_ description: String, minimum: Int) -> Schema {
        Schema([
            "type": "number", "description": .string(description), "minimum": .integer(minimum),
        ])
    }

    static func boolean(_ description: String, default value: Bool? = nil) -> Schema {
        var document: Document = ["type": "boolean", "description": .string(description)]
        document["default"] = value.map(Document.bool)
        return Schema(document)
    }

    /// A list that is written as a whole: what Git says replaces all that stands there.
    static func list(
        _ description: String, count: ClosedRange<Int>, rules: [Rule] = [], of element: Schema
    ) -> Schema {
        var document: Document = [
            "type": "array", "description": .string(description),
            "maxItems": .integer(count.upperBound),
            "x-kubernetes-list-type": "atomic",
        ]
        if count.lowerBound > 0 { document["minItems"] = .integer(count.lowerBound) }
        var schema = Schema(document)
        schema.document["items"] = element.document
        schema.editor["items"] = element.editor
        return schema.with(rules)
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
        Schema([
            "type": "object", "description": .string(description),
            "x-kubernetes-preserve-unknown-fields": true,
        ])
    }

    /// Any JSON.
    static func anything(_ description: String) -> Schema {
        Schema([
            "description": .string(description), "x-kubernetes-preserve-unknown-fields": true,
        ])
    }

    /// `metadata` of which only the name is restricted; a file needs one. The rest is the API
    /// server's own to check.
    static func metadata(nameLimit: Int, pattern: String) -> Schema {
        var name = string("The name in the cluster.", length: 1...nameLimit, pattern: pattern)
        let texts: Document = ["type": "object", "additionalProperties": ["type": "string"]]
        var schema = Schema(["type": "object"])
        schema.editor["required"] = ["name"]
        schema.editor["properties"] = [
            "name": name.editor,
            "namespace": string(
                "The source's namespace.", length: 1...63, pattern: APIDefinitions.label
            ).editor,
            "labels": texts, "annotations": texts,
        ]
        name.document["description"] = nil
        schema.document["properties"] = ["name": name.document]
        return schema
    }

    /// A file needs one of these members where an object of the cluster needs what it makes of
    /// them.
    func inFiles(eitherOf names: [String]) -> Schema {
        var schema = self
        let required = (editor["required"]?.arrayValue ?? []).filter {
            !names.contains($0.stringValue ?? "")
        }
        schema.editor["required"] = required.isEmpty ? nil : .array(required)
        schema.editor["oneOf"] = Self.alternatives(names)
        return schema
    }

    private static func alternatives(_ names: [String]) -> Document {
        .array(names.map { ["required": [.string($0)]] })
    }

    /// A node without children.
    private init(_ document: Document) {
        self.document = document
        editor = document
        // Widths of integers and the server's own keywords mean nothing to an editor.
        for key in document.objectValue?.keys ?? [] where key.hasPrefix("x-kubernetes-") {
            editor[key] = nil
        }
        if document["type"] == "integer" { editor["format"] = nil }
    }

    private func with(_ rules: [Rule]) -> Schema {
        guard !rules.isEmpty else { return self }
        var schema = self
        schema.document["x-kubernetes-validations"] = .array(rules.map(\.document))
        for member in rules.flatMap(\.editor.members) { schema.editor[member.key] = member.value }
        return schema
    }
}
