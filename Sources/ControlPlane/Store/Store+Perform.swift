package import Domain
package import Resources

extension Store {
    /// Does one write of Slipway's core, as the API server would. The outcome is never `unknown`:
    /// lost answers are the business of who simulates the way between.
    package mutating func perform(_ request: WriteRequest, now: Timestamp) -> WriteOutcome {
        let context = WriteContext(now: now, manager: request.manager)
        do throws(APIStatus) {
            return .applied(try performed(request, context))
        } catch {
            return .notApplied(WriteRefusal(error))
        }
    }

    private mutating func performed(
        _ request: WriteRequest,
        _ context: WriteContext
    ) throws(APIStatus) -> Document {
        switch request {
        case .create(let key, let object):
            var named = object
            named.set(["metadata", "name"], to: .string(key.name))
            return try create(key.kind, namespace: key.namespace, named, context)
        case .apply(let key, let intent, let force):
            return try apply(key, intent, force: force, context)
        case .handOver(let key, let intent):
            return try apply(key, intent, force: false, context)
        case .applyStatus(let key, let intent):
            var status = context
            status.part = .status
            return try apply(key, intent, force: true, status)
        case .jsonPatch(let key, let operations):
            let patch = Document.array(operations.map(\.document))
            return try update(key, context) { object throws(APIStatus) in
                try JSONPatch.apply(patch, to: object).get()
            }
        case .delete(let key, let uid, let resourceVersion):
            let options = DeleteOptions(
                uid: uid,
                resourceVersion: resourceVersion,
                propagation: .background
            )
            return try delete(key, options: options, context).object
        }
    }

    /// Server-side apply: creates the object if there is none, else lays the intent over it.
    ///
    /// - Throws: 409 for fields that others own (unless `force`), a stale version, or a uid where
    ///   there is no object; 422 for another uid.
    @discardableResult
    package mutating func apply(
        _ key: ResourceKey, _ intent: Document, force: Bool, _ context: WriteContext
    ) throws(APIStatus) -> Document {
        guard let definition = registry[key.kind] else { throw .notFound(key.kind, key.name) }
        var applying = context
        applying.method = .apply
        var named = intent
        named.set(["metadata", "name"], to: .string(key.name))
        let request = ServerSideApply.Request(context, definition, force: force)
        guard let live = object(key) else {
            let uid = intent.objectUID
            guard uid.isEmpty else {
                throw .conflict(
                    key.kind, key.name,
                    "uid mismatch: the provided object specified uid \(uid), and no existing "
                        + "object was found")
            }
            guard context.part == .main else { throw .notFound(key.kind, key.name) }
            let made = try ServerSideApply.apply(live: nil, intent: named, request).get()
            return try create(key.kind, namespace: key.namespace, made, applying)
        }
        let known = knownOwners.owners(of: live)
        return try update(key, applying) { live throws(APIStatus) in
            try ServerSideApply.apply(live: live, intent: named, request, known: known).get()
        }
    }
}

extension WriteRefusal {
    /// What a client makes of an error answer.
    package init(_ status: APIStatus) {
        let causes = status.details?.causes ?? []
        let kind: Kind
        switch (status.code, status.reason) {
        case (409, "AlreadyExists"): kind = .alreadyExists
        case (409, _):
            kind =
                causes.contains { $0.reason == "FieldManagerConflict" } ? .fieldConflict : .conflict
        case (404, _): kind = .notFound
        case (401, _), (403, _): kind = .forbidden
        case (429, _): kind = .tooManyRequests
        // A JSON Patch that could not be carried out: a test failed or a place is missing.
        case (422, _) where causes.isEmpty: kind = .conflict
        default: kind = .invalid
        }
        self.init(
            kind,
            status.message,
            retryAfter: status.details?.retryAfterSeconds.map { .seconds(Int64($0)) },
            causes: kind == .fieldConflict ? causes.map { "\($0.field): \($0.message)" } : []
        )
    }
}
