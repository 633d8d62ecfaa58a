package import Domain

/// Why the API server did not do what it was asked: Kubernetes' `Status`, which every error
/// answer of the API carries.
package struct APIStatus: Error, Hashable, Sendable, CustomStringConvertible {
    /// One complaint about one field.
    package struct Cause: Hashable, Sendable {
        /// A word for programs, such as `FieldValueInvalid`.
        package var reason: String
        /// A sentence for people, without the field.
        package var message: String
        /// The path of the field, as `spec.template.spec.containers[0].image`.
        package var field: String

        package init(reason: String, message: String, field: String) {
            self.reason = reason
            self.message = message
            self.field = field
        }

        /// The complaint as it stands in the message of the whole status.
        package var text: String { field.isEmpty ? message : "\(field): \(message)" }
    }

    /// What the status is about.
    package struct Details: Hashable, Sendable {
        package var name = ""
        package var group = ""
        package var kind = ""
        package var uid = ""
        package var causes: [Cause] = []
        package var retryAfterSeconds: Int?

        package init(
            name: String = "",
            group: String = "",
            kind: String = "",
            causes: [Cause] = []
        ) {
            self.name = name
            self.group = group
            self.kind = kind
            self.causes = causes
        }
    }

    /// The HTTP status code.
    package var code: Int
    /// A word for programs, such as `NotFound`; may be empty.
    package var reason: String
    package var message: String
    package var details: Details?

    package init(code: Int, reason: String, message: String, details: Details? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    package var description: String { "\(code) \(reason): \(message)" }

    /// The status as the object that goes over the wire.
    package var document: Document {
        var document: Document = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(message), "code": .integer(code),
        ]
        if !reason.isEmpty { document["reason"] = .string(reason) }
        if let details { document["details"] = details.document }
        return document
    }
}

extension APIStatus.Details {
    /// The details as JSON; what is empty is left out.
    package var document: Document {
        var document: Document = [:]
        for (key, value) in [("name", name), ("group", group), ("kind", kind), ("uid", uid)]
        where !value.isEmpty {
            document[key] = .string(value)
        }
        if !causes.isEmpty { document["causes"] = .array(causes.map(\.document)) }
        if let retryAfterSeconds { document["retryAfterSeconds"] = .integer(retryAfterSeconds) }
        return document
    }
}

extension APIStatus.Cause {
    /// The cause as JSON; what is empty is left out.
    package var document: Document {
        var document: Document = [:]
        for (key, value) in [("reason", reason), ("message", message), ("field", field)]
        where !value.isEmpty {
            document[key] = .string(value)
        }
        return document
    }
}

// MARK: - The usual statuses

extension APIStatus {
    package static func notFound(_ kind: ResourceKind, _ name: String) -> APIStatus {
        .init(
            code: 404,
            reason: "NotFound",
            message: "\(kind) \"\(name)\" not found",
            details: .init(name: name, group: kind.group, kind: kind.plural)
        )
    }

    package static func alreadyExists(
        _ kind: ResourceKind,
        _ name: String,
        prefix: String = ""
    ) -> APIStatus {
        .init(
            code: 409,
            reason: "AlreadyExists",
            message: "\(prefix)\(kind) \"\(name)\" already exists",
            details: .init(name: name, group: kind.group, kind: kind.plural)
        )
    }

    /// The write was based on a state that is no longer so.
    package static func conflict(
        _ kind: ResourceKind,
        _ name: String,
        _ why: String = APIStatus.modified
    ) -> APIStatus {
        .init(
            code: 409,
            reason: "Conflict",
            message: "Operation cannot be fulfilled on \(kind) \"\(name)\": \(why)",
            details: .init(name: name, group: kind.group, kind: kind.plural)
        )
    }

    /// The words for a resourceVersion that is not the newest.
    package static let modified =
        "the object has been modified; please apply your changes to the latest version and "
        + "try again"

    /// The object breaks rules of its kind; `causes` must not be empty.
    package static func invalid(
        _ kind: ResourceKind,
        _ name: String,
        _ causes: [Cause]
    ) -> APIStatus {
        invalid(kindName: kind.kind, group: kind.group, name: name, causes)
    }

    /// As ``invalid(_:_:_:)`` for what has no resource, such as `DeleteOptions.meta.k8s.io`.
    package static func invalid(
        kindName: String,
        group: String,
        name: String,
        _ causes: [Cause]
    ) -> APIStatus {
        var texts: [String] = []
        for cause in causes where !texts.contains(cause.text) { texts.append(cause.text) }
        let all = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        let full = group.isEmpty ? kindName : "\(kindName).\(group)"
        return .init(
            code: 422,
            reason: "Invalid",
            message: "\(full) \"\(name)\" is invalid: \(all)",
            details: .init(name: name, group: group, kind: kindName, causes: causes)
        )
    }

    package static func badRequest(_ message: String) -> APIStatus {
        .init(code: 400, reason: "BadRequest", message: message)
    }

    package static func forbidden(
        _ kind: ResourceKind,
        _ name: String,
        _ why: String
    ) -> APIStatus {
        .init(
            code: 403,
            reason: "Forbidden",
            message: "\(kind) \"\(name)\" is forbidden: \(why)",
            details: .init(name: name, group: kind.group, kind: kind.plural)
        )
    }

    /// What a real server answers where it does not know better than to pass an error on.
    package static func internalError(_ message: String) -> APIStatus {
        .init(code: 500, reason: "", message: message)
    }

    /// The version asked for has been compacted.
    package static func expired(_ message: String) -> APIStatus {
        .init(code: 410, reason: "Expired", message: message)
    }

    /// The version asked for has not been reached.
    package static func tooLargeVersion(_ asked: Int64, current: Int64) -> APIStatus {
        var details = Details(causes: [
            .init(
                reason: "ResourceVersionTooLarge",
                message: "Too large resource version",
                field: ""
            )
        ])
        details.retryAfterSeconds = 1
        return .init(
            code: 504,
            reason: "Timeout",
            message: "Timeout: Too large resource version: \(asked), current: \(current)",
            details: details
        )
    }
}

// MARK: - The usual causes

extension APIStatus.Cause {
    package static func required(_ field: String, _ detail: String = "") -> Self {
        .init(
            reason: "FieldValueRequired",
            message: detail.isEmpty ? "Required value" : "Required value: \(detail)",
            field: field
        )
    }

    package static func invalid(_ field: String, _ value: Document, _ detail: String) -> Self {
        .init(
            reason: "FieldValueInvalid",
            message: "Invalid value: \(value.inMessage): \(detail)",
            field: field
        )
    }

    package static func notSupported(
        _ field: String,
        _ value: Document,
        _ supported: [String]
    ) -> Self {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return .init(
            reason: "FieldValueNotSupported",
            message: "Unsupported value: \(value.inMessage): supported values: \(list)",
            field: field
        )
    }

    package static func forbidden(_ field: String, _ detail: String) -> Self {
        .init(reason: "FieldValueForbidden", message: "Forbidden: \(detail)", field: field)
    }

    package static func duplicate(_ field: String, _ value: Document) -> Self {
        .init(
            reason: "FieldValueDuplicate",
            message: "Duplicate value: \(value.inMessage)",
            field: field
        )
    }
}

extension Document {
    /// The value as the server's messages print it: JSON.
    package var inMessage: String { canonicalJSONString() }
}
