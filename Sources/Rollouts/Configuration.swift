import API
package import Domain
package import Resources

/// What is known of a ConfigMap or Secret that pods of a version read.
package struct ConfigurationSight: Hashable, Sendable {
    /// How it is.
    package enum State: Hashable, Sendable {
        /// Nobody has looked yet.
        case unknown
        case absent
        case present(uid: String, resourceVersion: String)
        /// It cannot be read; why.
        case unreadable(String)
    }

    package let digest: Digest
    package let reference: ConfigurationReference
    package let state: State
    /// When it was seen to be so.
    package let seen: Timestamp

    package init(
        digest: Digest, reference: ConfigurationReference, state: State,
        seen: Timestamp = .init(milliseconds: 0)
    ) {
        self.digest = digest
        self.reference = reference
        self.state = state
        self.seen = seen
    }
}

/// Whether new pods of a proven version would read what those did that were judged. Nothing is
/// reverted for it: what serves goes on serving, and only a person knows whether it was meant.
extension ReleaseMachine {
    /// The type of the condition.
    package static let configChanged = "ConfigChanged"

    /// Writes down how things are when a version is proven, and says when they are otherwise.
    ///
    /// - Returns: what people should read, if something changed.
    mutating func presentConfiguration() -> String? {
        let proven = (status.proven?.shares ?? []).filter { $0.weight > 0 }.map(\.digest)
        let sights = snapshot.configuration.filter { proven.contains($0.digest) }
        status.configuration.removeAll { entry in
            let own = sights.filter { $0.digest == entry.digest }
            return !proven.contains(entry.digest)
                || !own.isEmpty && !own.contains { entry.isOf($0.reference) }
        }
        let said = status.conditions.first { $0.type == Self.configChanged }
        guard !sights.isEmpty else {
            // The stored rendering, which names the objects, may be away for a while.
            if !status.configuration.isEmpty { return said?.status == .yes ? said?.message : nil }
            status.conditions.removeAll { $0.type == Self.configChanged }
            return nil
        }
        var texts: [String] = []
        var unreadable: [(reference: ConfigurationReference, reason: String)] = []
        var isKnown = true
        for sight in sights {
            switch sight.state {
            case .unknown:
                isKnown = false
                recall(sight, &texts)
            case .unreadable(let reason):
                unreadable.append((sight.reference, reason))
                recall(sight, &texts)
            case .absent:
                isKnown = compare(sight, uid: "", resourceVersion: "", &texts) && isKnown
            case .present(let uid, let version):
                isKnown = compare(sight, uid: uid, resourceVersion: version, &texts) && isKnown
            }
        }
        status.configuration.sort {
            ($0.digest, $0.kind.rawValue, $0.name) < ($1.digest, $1.kind.rawValue, $1.name)
        }
        if !texts.isEmpty {
            let text = texts.prefix(3).joined(separator: "; ")
            set(Self.configChanged, .yes, "Changed", text)
            return text
        }
        // What was said before holds until everything was looked at.
        guard isKnown else { return nil }
        if let first = unreadable.first {
            let names = unreadable.prefix(3).map { describe($0.reference) }
            set(
                Self.configChanged, .unknown, "NotReadable",
                "whether \(names.joined(separator: ", ")) changed is not known: \(first.reason)")
        } else {
            set(Self.configChanged, .no, "AsProven", "")
        }
        return nil
    }

    /// Holds what is there against what was there when the version was proven.
    ///
    /// - Returns: false where nobody has looked since.
    private mutating func compare(
        _ sight: ConfigurationSight, uid: String, resourceVersion: String, _ texts: inout [String]
    ) -> Bool {
        guard let index = index(of: sight) else {
            guard let since = status.proven?.since, sight.seen >= since else { return false }
            guard status.configuration.count < ReleaseStatus.configurationLimit else {
                return false
            }
            status.configuration.append(
                ProvenObject(
                    digest: sight.digest, kind: sight.reference.kind, name: sight.reference.name,
                    uid: uid, resourceVersion: resourceVersion, at: sight.seen))
            return true
        }
        let entry = status.configuration[index]
        guard entry.uid != uid || entry.resourceVersion != resourceVersion else {
            status.configuration[index].changed = nil
            return true
        }
        status.configuration[index].changed = entry.changed ?? now
        let (what, follows) =
            uid.isEmpty
            ? ("is gone", "new pods of it may not start")
            : entry.uid.isEmpty
                ? ("was made", "new pods of it read it")
                : ("changed", "new pods of it read other content")
        texts.append(text(of: status.configuration[index], sight, what, follows))
        return true
    }

    /// A change that is known stays one while nobody can look.
    private func recall(_ sight: ConfigurationSight, _ texts: inout [String]) {
        guard let index = index(of: sight), status.configuration[index].changed != nil else {
            return
        }
        texts.append(
            text(
                of: status.configuration[index], sight, "changed",
                "new pods of it read other content"))
    }

    private func index(of sight: ConfigurationSight) -> Int? {
        status.configuration.firstIndex {
            $0.digest == sight.digest && $0.isOf(sight.reference)
        }
    }

    private func text(
        of entry: ProvenObject, _ sight: ConfigurationSight, _ what: String, _ follows: String
    ) -> String {
        let seconds = max(0, ((entry.changed ?? now) - entry.at).milliseconds / 1000)
        let version =
            status.proven?.shares.first { $0.digest == sight.digest }?.version ?? sight.digest.tag
        return "\(describe(sight.reference)) \(what) \(TimeSpan.seconds(seconds)) after version "
            + "\(version) was proven: \(follows)"
    }

    private func describe(_ reference: ConfigurationReference) -> String {
        "\(reference.kind.rawValue) \(snapshot.release.metadata.namespace)/\(reference.name)"
    }
}

extension ProvenObject {
    fileprivate func isOf(_ reference: ConfigurationReference) -> Bool {
        kind == reference.kind && name == reference.name
    }
}
