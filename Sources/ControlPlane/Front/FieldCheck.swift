import Domain

/// What a write says of fields that its kind does not have and of keys that stand twice: nothing,
/// a `Warning` header, or a refusal.
struct FieldCheck {
    private let directive: FieldValidation
    private let definition: KindDefinition
    /// Such as `unknown field "spec.x"`, `duplicate field "data.k"`.
    private(set) var complaints: [String] = []

    /// - Parameter options: `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    /// - Throws: 422 if the parameter of the request is none of the words.
    init(
        _ request: APIRequest, _ definition: KindDefinition, options: String
    ) throws(APIStatus) {
        directive = try FieldValidation.read(
            request.parameter("fieldValidation"), options: options
        ).get()
        self.definition = definition
    }

    /// The object of a POST or PUT, without the fields that a built-in kind does not have; the
    /// store prunes custom resources by their schema.
    ///
    /// - Parameter repeated: the paths of keys that stand twice in the body.
    /// - Throws: 400 if the check is strict and finds something.
    mutating func checked(
        _ object: Document, repeated: [String]
    ) throws(APIStatus) -> Document {
        note(repeated, unknownFields(of: object))
        guard directive != .strict || complaints.isEmpty else {
            throw FieldValidation.refusal(definition.kind, complaints)
        }
        return pruned(object)
    }

    /// The object that a patch made, pruned. What the object had before counts for nothing.
    ///
    /// - Throws: 422 if the check is strict and finds something.
    mutating func checked(
        patched: Document, before: Document, repeated: [String]
    ) throws(APIStatus) -> Document {
        var unknown = unknownFields(of: patched)
        if !unknown.isEmpty {
            let known = Set(unknownFields(of: before))
            unknown.removeAll(where: known.contains)
        }
        note(repeated, unknown)
        guard directive != .strict || complaints.isEmpty else {
            let words = "strict decoding error: " + complaints.joined(separator: ", ")
            let text = Document.string(patched.canonicalJSONString())
            let cause = APIStatus.Cause.invalid("patch", text, words)
            throw APIStatus(
                code: 422, reason: "Invalid", message: " \"\" is invalid: \(cause.text)",
                details: .init(causes: [cause]))
        }
        return pruned(patched)
    }

    /// Keys that stand twice in the intent of an apply; unknown fields are errors there anyway.
    ///
    /// - Throws: 400 if the check is strict and there are some.
    mutating func check(intent repeated: [String]) throws(APIStatus) {
        note(repeated, [])
        guard directive != .strict || complaints.isEmpty else {
            throw .badRequest("error strict decoding YAML: \(complaints.joined(separator: ", "))")
        }
    }

    private mutating func note(_ repeated: [String], _ unknown: [String]) {
        guard directive != .ignore else { return }
        complaints += repeated.map { "duplicate field \"\($0)\"" }
        complaints += unknown.map { "unknown field \"\($0)\"" }
    }

    private func unknownFields(of object: Document) -> [String] {
        guard directive != .ignore else { return [] }
        if let unknown = definition.rules.unknownFields { return unknown(object) }
        return BuiltInShapes.written(definition.kind)?.unknownFields(of: object) ?? []
    }

    private func pruned(_ object: Document) -> Document {
        guard definition.rules.unknownFields == nil,
            let shape = BuiltInShapes.written(definition.kind)
        else { return object }
        return shape.pruned(object)
    }

    /// The answer with the warnings; not more of them than a header field should hold.
    func warned(_ response: APIResponse) -> APIResponse {
        guard directive == .warn, !complaints.isEmpty else { return response }
        var response = response
        var room = 4096
        for complaint in complaints {
            let value = FieldValidation.warning(complaint)
            room -= value.utf8.count
            guard room >= 0 else { break }
            response.headers.append((name: "Warning", value: value))
        }
        return response
    }
}
