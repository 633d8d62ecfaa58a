import API
import Domain
import Observed
import Resources

/// Which service accounts the pods of new versions may run as.
///
/// Only what is to be rendered is asked about: what was rendered was allowed then, serves on, is
/// repaired and can be come back to.
extension Engine {
    /// Why the versions that a release declares may not be rendered; `nil` if they may, or if all
    /// of them are.
    func refusedAccount(_ release: ModelRelease) -> String? {
        let accounts = release.spec.serving.serviceAccounts
        guard !accounts.isEmpty,
            release.declaredShares.contains(where: { share in
                share.weight > 0 && !isRendered(share.digest, release)
            })
        else { return nil }
        return accountRule(for: release.metadata).problem(with: accounts)
    }

    /// Whether the version of a release may be rendered.
    func mayRender(_ release: ModelRelease) -> Bool {
        let accounts = release.spec.serving.serviceAccounts
        return accounts.isEmpty
            || accountRule(for: release.metadata).problem(with: accounts) == nil
    }

    private func isRendered(_ digest: Digest, _ release: ModelRelease) -> Bool {
        let name = NamespacedName(
            namespace: release.metadata.namespace,
            name: Names.versioned(release.metadata.name, digest))
        return view.revisions[name].map { isOurs($0.value.metadata, release) } ?? false
    }

    /// The source that a release comes from decides for it, else all of its namespace together.
    /// The annotation that names the source may be anybody's; it can only name one of them.
    private func accountRule(for release: ObjectMetadata) -> ServiceAccountRule {
        let named = release.annotation(Names.source).flatMap { NamespacedName($0) }
        let keeper = keeper(of: release.id) ?? named
        if let keeper, keeper.namespace == release.namespace, let source = view.sources[keeper] {
            // A list that cannot be read allows nothing.
            let spec = source.value.decoded.value?.spec ?? SourceSpec(url: "")
            return ServiceAccountRule(keeper, spec)
        }
        let sources = view.sources.names.filter { $0.namespace == release.namespace }
            .compactMap { name in
                (view.sources[name]?.value.decoded.value?.spec).map { (name: name.name, spec: $0) }
            }
        return ServiceAccountRule(namespace: release.namespace, of: sources)
    }

    /// Releases that may have waited for a list look again when it has changed; `nil` where it
    /// cannot be read.
    mutating func noteAccounts(of source: NamespacedName, _ accounts: [String]?) {
        guard sources[source]?.accounts != accounts else { return }
        sources[source, default: .init()].accounts = accounts
        touchReleases(in: source.namespace)
    }

    /// All releases of a namespace look again.
    mutating func touchReleases(in namespace: String) {
        for release in view.releases.names where release.namespace == namespace {
            touch(.release(release))
        }
    }
}
