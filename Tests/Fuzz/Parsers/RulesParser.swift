import ControlPlane
import Documents
import Domain

extension Parser {
    /// Rules of definitions: an expression on the first line, a message's on the second, and an
    /// object that is held to them.
    static let rules = Parser(name: "rules", about: "CEL rules and objects under them") {
        input, check in
        let lines = input.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard lines.count == 3 else { return }
        let definition = definition(rule: lines[0], message: lines[1])
        let problems = DefinitionRules.problems(of: definition)
        for problem in problems {
            let words = problem.message.split(separator: "ERROR: <input>:").last ?? ""
            check.went(words.split(separator: "\n").first.map(String.init) ?? "")
        }
        guard problems.isEmpty, let spec = try? JSON.parse(Array(lines[2].utf8)) else { return }
        let one = outcome(spec, definition)
        check.went(one.joined())
        check.expect(outcome(spec, definition) == one, "rules: not the same twice")
        let isCompared = lines[0].contains("oldSelf") || lines[1].contains("oldSelf")
        check.expect(
            isCompared || one.count < 2 || one[1] == "taken",
            "rules: what stays as it was is complained about")
    }

    private static let now = Timestamp(milliseconds: 1_767_225_600_000)

    /// What is said of a new object, and of an update that leaves its spec as it is.
    private static func outcome(_ spec: Document, _ definition: Document) -> [String] {
        var store = Store(seed: 7, now: now)
        let context = WriteContext(now: now, manager: "fuzz")
        let kind = ResourceKind(
            group: "fuzz.example", version: "v1", kind: "Thing", plural: "things")
        var said: [String] = []
        do {
            try CustomResources.install(definition, into: &store, now: now)
            let object: Document = ["metadata": ["name": "a"], "spec": spec]
            try store.create(kind, namespace: "default", object, context)
            said.append("taken")
            let key = ResourceKey(kind, namespace: "default", name: "a")
            try store.update(key, context) { old in
                var new = old
                new["extra"] = "changed"
                return new
            }
            said.append("taken")
        } catch {
            said.append(error.details?.causes.map(\.message).joined(separator: "; ") ?? "")
        }
        return said
    }

    private static func definition(rule: String, message: String) -> Document {
        var entry: Document = ["rule": .string(rule), "message": "m"]
        if !message.isEmpty { entry["messageExpression"] = .string(message) }
        let numbers: Document = ["type": "array", "items": ["type": "integer"]]
        let map: Document = [
            "type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": [
                "type": "object", "required": ["k"],
                "properties": [
                    "k": ["type": "string"],
                    "v": [
                        "type": "integer", "nullable": true,
                        "x-kubernetes-validations": [["rule": "self >= oldSelf", "message": "m"]],
                    ],
                ],
            ],
        ]
        let set: Document = [
            "type": "array", "x-kubernetes-list-type": "set", "items": ["type": "string"],
        ]
        let texts: Document = [
            "type": "array",
            "items": [
                "type": "string", "x-kubernetes-validations": [["rule": "self.size() > 0"]],
            ],
        ]
        let spec: Document = [
            "type": "object", "x-kubernetes-validations": [entry],
            "properties": [
                "s": ["type": "string"], "i": ["type": "integer"], "d": ["type": "number"],
                "b": ["type": "boolean"], "t": ["type": "string", "format": "date-time"],
                "w": ["type": "string", "format": "duration"],
                "x": ["x-kubernetes-int-or-string": true], "n": numbers, "m": map, "e": set,
                "o": ["type": "string", "nullable": true],
                "y": ["type": "string", "format": "byte"],
                "z": ["type": "integer", "default": 7], "p": texts,
                "l": ["type": "object", "additionalProperties": ["type": "string"]],
            ],
        ]
        return [
            "metadata": ["name": "things.fuzz.example"],
            "spec": [
                "group": "fuzz.example", "scope": "Namespaced",
                "names": ["plural": "things", "kind": "Thing"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object",
                                "properties": ["spec": spec, "extra": ["type": "string"]],
                            ]
                        ],
                    ]
                ],
            ],
        ]
    }
}
