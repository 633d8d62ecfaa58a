import API
import Domain
import Observed
import Resources
import Rollouts

/// What was seen of ConfigMaps and Secrets: which object it is and how the server calls its state.
/// It is shared by all releases that name one, and may be lost.
struct ConfigurationLooks: Sendable {
    struct Look: Sendable {
        var state = ConfigurationSight.State.unknown
        /// When it was seen to be so.
        var seen = Timestamp(milliseconds: 0)
        /// When it is time for the next look.
        var due = Timestamp(milliseconds: 0)
    }

    var looks: [ResourceKey: Look] = [:]
    /// Looks that are under way.
    var underWay: Set<ResourceKey> = []

    /// How long nobody looks again.
    static let interval = TimeSpan.minutes(2)
    /// … where the right to look is missing.
    static let patience = TimeSpan.minutes(10)
    /// So many looks at once at most: nobody waits for one, and writes go the same way.
    static let atOnce = 4
    /// So many looks a second at most, on average: of very many objects each is looked at less
    /// often.
    private static let rate: Int64 = 50
    private static let limit = 20_000

    /// Takes in an answer. One that is no answer changes nothing that was seen before.
    mutating func note(_ key: ResourceKey, _ outcome: ReadOutcome, now: Timestamp) {
        underWay.remove(key)
        if looks.count >= Self.limit, looks[key] == nil { looks = [:] }
        var look = looks[key] ?? Look()
        look.due = now + max(Self.interval, .seconds(Int64(looks.count) / Self.rate))
        switch outcome {
        case .found(let object):
            let metadata = ObjectMetadata(of: object)
            look.state = .present(
                uid: metadata.uid, resourceVersion: metadata.resourceVersion)
            look.seen = now
        case .notFound:
            look.state = .absent
            look.seen = now
        case .failed(let refusal) where refusal.kind == .forbidden:
            look.state = .unreadable(
                "the controller has no right to get \(key.kind.plural) in namespace "
                    + key.namespace)
            look.due = now + Self.patience
        case .failed: break
        }
        looks[key] = look
    }
}

/// Looking, now and then, at what pods of proven versions read.
extension Engine {
    /// What is known of the ConfigMaps and Secrets of the proven versions that serve.
    func configuration(of release: ModelRelease) -> [ConfigurationSight] {
        references(of: release).map { digest, reference in
            let look = configuration.looks[Self.key(reference, release)] ?? .init()
            return ConfigurationSight(
                digest: digest, reference: reference, state: look.state, seen: look.seen)
        }
    }

    /// Starts the looks that are due: after everything else that a decision starts.
    mutating func lookAtConfiguration(of release: ModelRelease, now: Timestamp) {
        let proven = release.status.proven?.since ?? now
        for (digest, reference) in references(of: release) {
            let key = Self.key(reference, release)
            // What was seen before the version was proven may not be what it was judged with.
            let isOutdated =
                configuration.looks[key].map { $0.seen < proven && proven <= now } ?? false
                && !release.status.configuration.contains {
                    $0.digest == digest && $0.kind == reference.kind && $0.name == reference.name
                }
            switch configuration.looks[key]?.state {
            case .present where isOutdated, .absent where isOutdated:
                configuration.looks[key]?.due = now
            default: break
            }
            look(at: key, for: .release(release.id), now: now)
        }
    }

    private func references(
        of release: ModelRelease
    ) -> [(digest: Digest, reference: ConfigurationReference)] {
        (release.status.proven?.shares ?? []).filter { $0.weight > 0 }.flatMap { share in
            let name = NamespacedName(
                namespace: release.id.namespace,
                name: Names.versioned(release.id.name, share.digest))
            return (view.revisions[name]?.value.references ?? []).map { (share.digest, $0) }
        }
    }

    private static func key(
        _ reference: ConfigurationReference, _ release: ModelRelease
    ) -> ResourceKey {
        ResourceKey(
            reference.kind.resource, namespace: release.id.namespace, name: reference.name)
    }

    private mutating func look(at key: ResourceKey, for subject: Subject, now: Timestamp) {
        let due = configuration.looks[key]?.due ?? now
        guard now >= due else { return wake(subject, at: due) }
        guard !configuration.underWay.contains(key),
            configuration.underWay.count < ConfigurationLooks.atOnce
        else {
            // Its answer wakes only who asked; and who finds no room comes later.
            return wake(
                subject, at: now + .seconds(5) + .milliseconds(Int64(jitter.next() % 20_000)))
        }
        configuration.underWay.insert(key)
        start(.read(key), for: subject) { .readMetadata($0, key) }
    }

    /// Whether a read is a look at a ConfigMap or Secret.
    static func isConfiguration(_ key: ResourceKey) -> Bool {
        key.kind == .configMap || key.kind == .secret
    }
}
