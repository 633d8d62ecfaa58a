import API
package import Domain
package import Resources

/// A change that an engine would make which only observes, see ``EngineSettings/observes``.
package struct Intention: Hashable, Sendable {
    /// What kind of change.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        case create
        case apply
        case handOver = "hand-over"
        case status
        case patch
        case delete
        /// A revert commit for the branch.
        case revert
        /// The record on the state branch.
        case record
    }

    package let action: Action
    /// What would be changed; for the writes into Git the ModelRelease that they are for.
    package let object: ResourceKey
    /// What tells two changes of the same object apart, and stays the same while only versions,
    /// times and counts differ: phase and step of a status, the shares of a route, a commit.
    package let content: String

    /// The change that a write makes.
    package init(_ request: WriteRequest) {
        object = request.key
        switch request {
        case .create(_, let body):
            action = .create
            content = Self.content(of: body, request.key.kind)
        case .apply(_, let body, _):
            action = .apply
            content = Self.content(of: body, request.key.kind)
        case .handOver:
            action = .handOver
            content = ""
        case .applyStatus(_, let body):
            action = .status
            content = Self.content(ofStatus: body["status"] ?? .null, request.key.kind)
        case .jsonPatch(_, let operations):
            action = .patch
            let spec = operations.last { $0.path == "/spec" && $0.kind == .replace }?.value
            content = spec.map { Self.shares(ofRoute: $0) } ?? ""
        case .delete:
            action = .delete
            content = ""
        }
    }

    /// The commit that takes a version back.
    package init(_ order: RevertOrder) {
        self.init(.revert, order.release, order.refused.description)
    }

    /// The record of what a release has proven and refused.
    package init(_ order: RecordOrder) {
        let proven = order.content.at("proven", "shares")?.arrayValue ?? []
        let refused = order.content["quarantine"]?.arrayValue ?? []
        let words =
            proven.map { "\($0["version"]?.stringValue ?? "") \($0["weight"]?.intValue ?? 0) %" }
            + refused.map { "not \($0["version"]?.stringValue ?? "")" }
        self.init(.record, order.release, words.joined(separator: ", "))
    }

    private init(_ action: Action, _ release: NamespacedName, _ content: String) {
        self.action = action
        object = ResourceKey(
            .modelRelease, namespace: release.namespace, name: release.name)
        self.content = content
    }

    private static func content(of body: Document, _ kind: ResourceKind) -> String {
        switch kind {
        case .httpRoute: shares(ofRoute: body["spec"] ?? .null)
        case .modelRelease:
            body.at("metadata", "annotations", Names.commit)?.stringValue ?? ""
        default: ""
        }
    }

    /// `fraud-1a2b 90 %, fraud-3c4d 10 %`, the order as written.
    private static func shares(ofRoute spec: Document) -> String {
        let references = spec["rules"]?[0]?["backendRefs"]?.arrayValue ?? []
        return references.map { reference in
            "\(reference["name"]?.stringValue ?? "") \(reference["weight"]?.intValue ?? 1) %"
        }.joined(separator: ", ")
    }

    private static func content(ofStatus status: Document, _ kind: ResourceKind) -> String {
        guard kind == .modelRelease else {
            let ready = status["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
            let commit = status["observedCommit"]?.stringValue ?? ""
            return [commit, ready?["reason"]?.stringValue ?? ""].filter { !$0.isEmpty }
                .joined(separator: " ")
        }
        let status = ReleaseStatus(status)
        var words = [status.phase.rawValue]
        if let attempt = status.attempt {
            words.append("attempt \(attempt.intent) step \(attempt.step)")
        }
        if let last = status.history.first {
            words.append("\(last.verdict.rawValue) \(last.intent)")
        }
        return words.joined(separator: ", ")
    }
}

/// What is said of an ``Intention``.
package struct IntentionNotice: Hashable, Sendable {
    package let intention: Intention
    /// The ModelRelease or ReleaseSource that it is for.
    package let about: ResourceKey
    /// What would be done, as people say it.
    package let text: String
    /// The commit that asks for it; empty if none does.
    package let commit: String
    /// The step of the rollout, from 1; `nil` if none is under way.
    package let step: Int?
}
