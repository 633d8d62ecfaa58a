import API
package import Domain

/// One write to the Kubernetes API. Every case is conditional, and sending it once more changes
/// nothing the second time.
package enum WriteRequest: Hashable, Sendable {
    /// POST of an object with a fixed name.
    case create(ResourceKey, Document)
    /// Server-side apply with field manager `slipway`. The body is the whole intent; where the
    /// object is known to exist it carries `metadata.uid`, so that a deleted object is not made
    /// again. `force` only for fields of the ownership table (our own objects).
    case apply(ResourceKey, Document, force: Bool)
    /// Server-side apply of single fields as they stand by another field manager, never forced: it
    /// owns them besides `slipway`, which can leave them out from then on and take nothing away.
    /// The body carries `metadata.uid` and `metadata.resourceVersion` as preconditions.
    case handOver(ResourceKey, Document)
    /// Server-side apply on the status subresource; the body carries `metadata.uid` and
    /// `metadata.resourceVersion` as preconditions.
    case applyStatus(ResourceKey, Document)
    /// JSON Patch (RFC 6902) whose `test` operations are the preconditions.
    case jsonPatch(ResourceKey, [PatchOperation])
    /// DELETE with preconditions, background propagation.
    case delete(ResourceKey, uid: String, resourceVersion: String?)

    /// The object that is written.
    package var key: ResourceKey {
        switch self {
        case .create(let key, _), .apply(let key, _, _), .handOver(let key, _),
            .applyStatus(let key, _),
            .jsonPatch(let key, _), .delete(let key, _, _):
            key
        }
    }

    /// The field manager that owns what is written.
    package var manager: String {
        switch self {
        case .handOver: Names.handoverManager
        case .create, .apply, .applyStatus, .jsonPatch, .delete: Names.fieldManager
        }
    }
}

/// One operation of a JSON Patch.
package struct PatchOperation: Hashable, Sendable {
    /// RFC 6902 section 4; `move` and `copy` are not needed.
    package enum Kind: String, Hashable, Sendable {
        case test
        case add
        case replace
        case remove
    }

    package let kind: Kind
    /// A JSON pointer (RFC 6901).
    package let path: String
    /// `nil` for `remove`.
    package let value: Document?

    package init(_ kind: Kind, _ path: String, _ value: Document? = nil) {
        self.kind = kind
        self.path = path
        self.value = value
    }

    /// The operation as JSON.
    package var document: Document {
        var document: Document = ["op": .string(kind.rawValue), "path": .string(path)]
        if let value { document["value"] = value }
        return document
    }

    /// A member name escaped for use in a JSON pointer.
    package static func escape(_ name: String) -> String {
        var escaped = ""
        for character in name {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}

/// What became of a write. `unknown` is neither success nor failure: read again, then decide.
package enum WriteOutcome: Hashable, Sendable {
    /// The server answered with the object as it is now (for a delete, the object or a Status).
    case applied(Document)
    /// The server certainly did not do it.
    case notApplied(WriteRefusal)
    /// The connection broke, timed out, or the answer (500, 502, 503, 504, cut off) does not say.
    case unknown(String)
}

/// Why a write was not done.
package struct WriteRefusal: Hashable, Sendable {
    /// What the caller can make of it.
    package enum Kind: String, Hashable, Sendable {
        /// The resourceVersion, uid or a JSON Patch `test` did not fit (409, 422 of a patch test).
        case conflict
        /// Another field manager owns fields of the apply (409 with FieldManagerConflict causes).
        case fieldConflict
        /// Create of a name that exists.
        case alreadyExists
        case notFound
        /// 400 or 422: the server does not accept the object.
        case invalid
        /// 403, or 401 after the credentials were read anew.
        case forbidden
        /// 429, or 5xx with Retry-After: not executed, try later.
        case tooManyRequests
        /// Anything else that was certainly not executed (connection refused, name not found).
        case unreachable
    }

    package let kind: Kind
    /// The server's message, or what went wrong on the way; at most 2,000 characters.
    package let message: String
    /// `Retry-After`, where given.
    package let retryAfter: TimeSpan?
    /// Fields and managers of a `fieldConflict`.
    package let causes: [String]

    package init(
        _ kind: Kind, _ message: String, retryAfter: TimeSpan? = nil, causes: [String] = []
    ) {
        self.kind = kind
        self.message = String(message.prefix(2000))
        self.retryAfter = retryAfter
        self.causes = causes
    }
}

/// What a quorum GET answered.
package enum ReadOutcome: Hashable, Sendable {
    case found(Document)
    case notFound
    case failed(WriteRefusal)
}

/// What a list and the watch after it say of a kind of objects.
package enum ViewEvent: Hashable, Sendable {
    /// A complete list: what was known before and is not in it is gone.
    case replaced([Document], resourceVersion: String)
    /// Added or changed.
    case changed(Document)
    case deleted(Document)
    /// Nothing changed up to this version.
    case bookmark(resourceVersion: String)
    /// The view may be out of date from now on, with the reason; what is known stays.
    case interrupted(String)
    /// The kind cannot be read at all, with the server's word on that; what is known may be out of
    /// date from now on.
    case refused(Refusal, String)

    /// Why a kind cannot be read.
    package enum Refusal: Hashable, Sendable {
        /// This controller has no right to.
        case forbidden
        /// The server has no such kind.
        case notServed
    }
}
