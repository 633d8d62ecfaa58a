import API
import Domain
import Observed

/// Which source a release belongs to. Several may declare it: the first keeps it, as the object in
/// the cluster says, also over restarts of the controller; the others say so in their status.
extension Engine {
    /// The source whose declaration of a release is in force. `nil` while nobody declares it, or
    /// while the one that has it was not read yet.
    func keeper(of release: NamespacedName) -> NamespacedName? {
        let claims = claims[release] ?? []
        let named = view.releases[release]?.value.metadata.annotation(Names.source)
        if let named = named.flatMap({ NamespacedName($0) }), view.sources[named] != nil {
            if claims.contains(named) { return named }
            if sources[named]?.commit.isEmpty ?? true { return nil }
        }
        return claims.min()
    }

    /// A source declares a release from now on.
    mutating func claim(_ release: NamespacedName, for source: NamespacedName) {
        guard claims[release, default: []].insert(source).inserted else { return }
        noteClaims(of: release)
    }

    /// A source does not declare a release any more.
    mutating func disclaim(_ release: NamespacedName, for source: NamespacedName) {
        guard claims[release]?.remove(source) != nil else { return }
        noteClaims(of: release)
        if claims[release]?.isEmpty == true { claims[release] = nil }
        // Another one may take over.
        touch(.release(release))
    }

    private mutating func noteClaims(of release: NamespacedName) {
        let count = claims[release]?.count ?? 0
        if count > 1 { contested.insert(release) } else { contested.remove(release) }
        touchClaimants(of: release)
    }

    /// The sources that declare a release look again at whose it is.
    mutating func touchClaimants(of release: NamespacedName) {
        for source in (claims[release] ?? []).sorted() { touch(.source(source)) }
    }

    /// The releases that a source declares and another one keeps, with the one that keeps them.
    func keptElsewhere(_ source: NamespacedName) -> [(release: NamespacedName, by: NamespacedName)]
    {
        contested.filter { claims[$0]?.contains(source) ?? false }.sorted().compactMap { release in
            guard let keeper = keeper(of: release), keeper != source else { return nil }
            return (release, keeper)
        }
    }

    /// Every source of a namespace that could still declare something was read: only then the
    /// absence of a release from all of them means anything.
    func areSourcesRead(in namespace: String) -> Bool {
        view.sources.names.allSatisfy { name in
            guard name.namespace == namespace else { return true }
            if view.sources[name]?.value.decoded.value?.spec.suspend == true { return true }
            return !(sources[name]?.commit.isEmpty ?? true)
        }
    }
}
