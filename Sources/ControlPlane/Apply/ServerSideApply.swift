package import Domain

/// Server-side apply, and the record of owners that every other write keeps for it.
package enum ServerSideApply {
    /// Who writes what.
    package struct Request: Sendable {
        package var manager: String
        /// The `apiVersion` of the request.
        package var apiVersion: String
        package var kind: String
        /// `status`, `scale`, or empty for the object itself.
        package var subresource: String
        /// Take fields that others own.
        package var force: Bool
        package var now: Timestamp
        package var shape: Shape
        /// The kind has a status subresource.
        package var hasStatus: Bool

        package init(
            manager: String,
            apiVersion: String,
            kind: String,
            subresource: String = "",
            force: Bool = false,
            now: Timestamp,
            shape: Shape,
            hasStatus: Bool = false
        ) {
            self.manager = manager
            self.apiVersion = apiVersion
            self.kind = kind
            self.subresource = subresource
            self.force = force
            self.now = now
            self.shape = shape
            self.hasStatus = hasStatus
        }
    }

    /// The object after an apply: the intent laid over the live object, without what this manager
    /// applied before and nobody owns any more, with `managedFields` brought up to date.
    ///
    /// The same intent again gives the live object unchanged. Of the intent's metadata `uid` and
    /// `resourceVersion` are kept as preconditions for the store.
    ///
    /// - Parameters:
    ///   - live: the object, or `nil` to make one.
    ///   - known: its owners, where they have been read.
    /// - Returns: 409 with causes for fields of others, 500 for what does not fit the shape, 400
    ///   for `managedFields` in the intent.
    package static func apply(
        live: Document?,
        intent: Document,
        _ request: Request,
        known: ManagedFields? = nil
    ) -> Result<Document, APIStatus> {
        guard intent.at("metadata", "managedFields") == nil else {
            return .failure(.badRequest("metadata.managedFields must be nil"))
        }
        if let problem = TypedProblems(intent, request.shape).text {
            return .failure(.internalError(failure(intent, request) + problem))
        }
        let ignored = Self.ignored(request)
        let identity = identity(request, .apply)
        var owners = owners(of: live, request, known)
        let wanted = stripped(TypedValue.fields(of: intent, request.shape))
            .subtractingRecursively(ignored)
        let previous = owners.entry(identity)
        owners.set(identity, wanted, time: previous?.time)

        let bare = withoutOwners(live ?? [:])
        let laid = TypedValue.merged(bare, withoutServerFields(intent, request), request.shape)
        let former = previous?.fields ?? FieldSet()
        let isLess = !former.subtracting(wanted).isEmpty
        let pruned =
            isLess
            ? TypedValue.pruned(
                laid, request.shape, owned: former,
                kept: owners.entries.reduce(FieldSet()) { $0.union($1.fields) })
            : laid
        let difference = difference(bare, pruned, request, ignored)
        let changed = difference.added.union(difference.modified)
        if !request.force, let conflict = conflict(owners, identity, changed) {
            return .failure(conflict)
        }
        owners.take(changed.union(difference.removed), except: identity)
        if !difference.isEmpty || previous?.fields != wanted {
            owners.set(identity, wanted, time: request.now.description)
        }
        var result = pruned
        result.set(["metadata", "managedFields"], to: owners.document)
        for member in ["uid", "resourceVersion"] {
            if let value = intent.at("metadata", member) {
                result.set(["metadata", member], to: value)
            }
        }
        return .success(result)
    }

    /// The object after a create, update or patch with `managedFields` brought up to date: the
    /// manager owns what it added or changed, nobody owns what it removed.
    ///
    /// - Parameter known: the owners of the old object, where they have been read.
    package static func trackUpdate(
        from old: Document?,
        to new: Document,
        _ request: Request,
        known: ManagedFields? = nil
    ) -> Document {
        let ignored = Self.ignored(request)
        let identity = identity(request, .update)
        let before = known ?? ManagedFields(of: old)
        let areSame = old?.at("metadata", "managedFields") == new.at("metadata", "managedFields")
        let sent = areSame ? before : ManagedFields(of: new, known: before, isSent: true)
        var owners = sent.entries.isEmpty ? before : sent
        let bare = old.map(withoutOwners) ?? blank(request)
        let difference = difference(bare, withoutOwners(new), request, ignored)
        let taken = stripped(difference.added.union(difference.modified))
        let previous = owners.entry(identity)
        owners.take(taken.union(difference.removed), except: identity)
        let mine = (previous?.fields ?? FieldSet()).subtracting(difference.removed).union(taken)
        let time = taken.isEmpty ? previous?.time : request.now.description
        owners.set(identity, mine, time: time)
        var result = new
        result.set(["metadata", "managedFields"], to: owners.document)
        return result
    }

    private static func identity(
        _ request: Request,
        _ operation: ManagedFields.Operation
    ) -> ManagedFields.Identity {
        .init(
            manager: request.manager,
            operation: operation,
            apiVersion: request.apiVersion,
            subresource: request.subresource
        )
    }

    /// The owners so far. What an object without any record holds belongs to an entry of its own.
    private static func owners(
        of live: Document?, _ request: Request, _ known: ManagedFields?
    ) -> ManagedFields {
        var owners = known ?? ManagedFields(of: live)
        guard let live, owners.entries.isEmpty else { return owners }
        var former = request
        former.manager = "before-first-apply"
        former.subresource = ""
        let all = TypedValue.fields(of: withoutOwners(live), request.shape)
        let fields = stripped(all).subtractingRecursively(ignored(former))
        owners.set(identity(former, .update), fields, time: request.now.description)
        return owners
    }

    // MARK: What is left out

    private static func failure(_ intent: Document, _ request: Request) -> String {
        let apiVersion = request.apiVersion
        let named = apiVersion.contains("/") ? apiVersion : "/\(apiVersion)"
        return "failed to create typed patch object "
            + "(\(intent.objectNamespace)/\(intent.objectName); \(named), Kind=\(request.kind)): "
    }

    /// The fields that this kind of request cannot change, and so cannot own.
    private static func ignored(_ request: Request) -> FieldSet {
        var set = FieldSet()
        switch request.subresource {
        case "status":
            set.insert([.field("spec")])
            set.insert([.field("metadata")])
        case "": if request.hasStatus { set.insert([.field("status")]) }
        default: set.insert([.field("status")])
        }
        return set
    }

    private static let serverFields = [
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
        "managedFields", "resourceVersion",
    ]

    /// The set without places that nobody owns.
    private static func stripped(_ set: FieldSet) -> FieldSet {
        var result = set
        result[.field("apiVersion")] = nil
        result[.field("kind")] = nil
        guard var metadata = result[.field("metadata")] else { return result }
        for name in serverFields { metadata[.field(name)] = nil }
        metadata.isMember = false
        result[.field("metadata")] = metadata
        return result
    }

    private static func withoutOwners(_ object: Document) -> Document {
        guard object.at("metadata", "managedFields") != nil else { return object }
        var result = object
        result.set(["metadata", "managedFields"], to: nil)
        return result
    }

    /// The intent without what only the server sets or this request cannot change.
    private static func withoutServerFields(_ intent: Document, _ request: Request) -> Document {
        var result = intent
        for name in ["uid", "resourceVersion", "creationTimestamp", "generation", "selfLink"] {
            result.set(["metadata", name], to: nil)
        }
        if request.subresource == "status" {
            result = ["status": result["status"] ?? .object(Fields())]
            if intent["status"] == nil { result["status"] = nil }
        } else if request.hasStatus {
            result["status"] = nil
        }
        return result
    }

    /// What a new object is compared with: the structures that are never absent in Go.
    private static func blank(_ request: Request) -> Document {
        guard case .structure(let structure) = request.shape, !structure.name.isEmpty else {
            return ["metadata": [:]]
        }
        var blank: Document = ["metadata": [:]]
        if structure.members["spec"] != nil { blank["spec"] = [:] }
        if structure.members["status"] != nil { blank["status"] = [:] }
        if structure.name == "Deployment" || structure.name == "ReplicaSet" {
            blank["spec"] = ["template": ["metadata": [:], "spec": [:]]]
            if structure.name == "Deployment" { blank.set(["spec", "strategy"], to: [:]) }
        }
        return blank
    }

    private static func difference(
        _ old: Document,
        _ new: Document,
        _ request: Request,
        _ ignored: FieldSet
    ) -> TypedValue.Difference {
        var difference = TypedValue.difference(old, new, request.shape)
        difference.added = difference.added.subtractingRecursively(ignored)
        difference.modified = difference.modified.subtractingRecursively(ignored)
        difference.removed = difference.removed.subtractingRecursively(ignored)
        return difference
    }

    // MARK: Conflicts

    private static func conflict(
        _ owners: ManagedFields,
        _ identity: ManagedFields.Identity,
        _ changed: FieldSet
    ) -> APIStatus? {
        var found: [(owner: String, place: String)] = []
        for entry in owners.entries.sorted(by: { $0.identity.message < $1.identity.message })
        where !entry.identity.isSame(as: identity) {
            for path in entry.fields.intersection(changed).leaves.paths {
                found.append((entry.identity.message, FieldSet.message(path)))
            }
        }
        guard let first = found.first else { return nil }
        var message = "Apply failed with 1 conflict: conflict with \(first.owner): \(first.place)"
        if found.count > 1 {
            message = "Apply failed with \(found.count) conflicts: "
            var groups: [String] = []
            var last = ""
            for conflict in found {
                if conflict.owner != last { groups.append("conflicts with \(conflict.owner):") }
                last = conflict.owner
                groups.append("- \(conflict.place)")
            }
            message += groups.joined(separator: "\n")
        }
        let causes = found.map {
            APIStatus.Cause(
                reason: "FieldManagerConflict",
                message: "conflict with \($0.owner)",
                field: $0.place
            )
        }
        let details = APIStatus.Details(causes: causes)
        return .init(code: 409, reason: "Conflict", message: message, details: details)
    }
}
