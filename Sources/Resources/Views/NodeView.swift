package import Domain

/// What Slipway keeps of a Node: whether the cluster hears of it, and since when.
package struct NodeView: Hashable, Sendable {
    /// The status of the condition `Ready`.
    package enum Readiness: String, Hashable, Sendable {
        case yes = "True"
        /// The node itself says that it cannot run pods.
        case no = "False"
        /// The cluster has not heard of it for a while, or it never said.
        case unknown = "Unknown"
    }

    package let name: String
    package let readiness: Readiness
    /// When `readiness` came to be, by the clock of whoever said it; whole seconds.
    package let since: Timestamp?

    /// `nil` without a name. A node has a dozen conditions; only the first 64 are looked at.
    package init?(_ object: Document) {
        let name = object.at("metadata", "name")?.stringValue ?? ""
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        self.name = name
        let conditions = object.at("status", "conditions")?.arrayValue ?? []
        let condition = conditions.prefix(64).first { $0["type"] == "Ready" }
        readiness = Readiness(rawValue: condition?.word("status") ?? "") ?? .unknown
        since = condition?.moment("lastTransitionTime")
    }

    /// The cluster hears of it, and it can run pods.
    package var isReady: Bool { readiness == .yes }
}
