package import Domain

/// Which service accounts the pods of releases may run as: `default`, and what ReleaseSources of
/// the namespace list in `spec.serviceAccounts`.
///
/// Who may write a ModelRelease has pods made by the controller, not by himself. Without a list
/// that somebody else wrote he would get the rights of every account in the namespace.
package struct ServiceAccountRule: Hashable, Sendable {
    /// The namespace of the releases.
    package let namespace: String
    /// The names of the ReleaseSources whose lists count, ascending.
    package let sources: [String]
    /// What they list together, ascending, without `default`.
    package let allowed: [String]

    /// The rule of some ReleaseSources of one namespace.
    package init(namespace: String, of sources: [(name: String, spec: SourceSpec)]) {
        self.namespace = namespace
        self.sources = sources.map(\.name).sorted()
        allowed = Set(sources.flatMap(\.spec.serviceAccounts)).subtracting(["default"]).sorted()
    }

    /// The rule of one source.
    package init(_ source: NamespacedName, _ spec: SourceSpec) {
        self.init(namespace: source.namespace, of: [(source.name, spec)])
    }

    /// What is wrong with one of these accounts, with what to do; `nil` if all are allowed.
    package func problem(with accounts: [String]) -> String? {
        guard let account = accounts.first(where: { !allowed.contains($0) && $0 != "default" })
        else { return nil }
        let name = "service account `\(account.prefix(253))`"
        let choice =
            (["default"] + allowed).prefix(8).map { "`\($0)`" }.joined(separator: ", ")
            + (allowed.count > 7 ? ", …" : "")
        let places = sources.prefix(3).map { "\(namespace)/\($0)" }.joined(separator: ", ")
        switch sources.count {
        case 0:
            return "\(name) is not allowed: no ReleaseSource in namespace \(namespace) lists it in "
                + "spec.serviceAccounts; there is none, so only `default` is allowed"
        case 1:
            return "\(name) is not allowed: ReleaseSource \(places) allows \(choice); "
                + "add it to spec.serviceAccounts there, or use one of these"
        default:
            return "\(name) is not allowed: the ReleaseSources of namespace \(namespace) "
                + "(\(places)) allow \(choice); add it to spec.serviceAccounts of one of them, "
                + "or use one of these"
        }
    }

    /// The accounts besides `default` that a pod template names. The API has two members for it,
    /// and which of them counts where they differ is the server's choice: both have to be allowed.
    package static func accounts(in template: Document?) -> [String] {
        guard let spec = template?["spec"] else { return [] }
        var found: [String] = []
        for member in members {
            guard let name = spec[member]?.stringValue, !name.isEmpty, name != "default",
                !found.contains(name)
            else { continue }
            found.append(name)
        }
        return found
    }

    /// The members of a pod's spec that name its account.
    package static let members = ["serviceAccountName", "serviceAccount"]
}
