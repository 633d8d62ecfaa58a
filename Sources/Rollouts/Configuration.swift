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

    package init(digest: Digest, reference: ConfigurationReference, state: State) {
        self.digest = digest
        self.reference = reference
        self.state = state
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
            !sights.contains { $0.digest == entry.digest && entry.isOf($0.reference) }
        }
        guard !sights.isEmpty else {
            status.conditions.removeAll { $0.type == Self.configChanged }
            return nil
        }
        guard !sights.contains(where: { $0.state == .unknown }) else {
            // What was said before holds until everything was looked at.
            let said = status.conditions.first { $0.type == Self.configChanged }
            return said?.status == .yes ? said?.message : nil
        }
        var texts: [String] = []
        var unreadable: [(reference: ConfigurationReference, reason: String)] = []
        for sight in sights {
            switch sight.state {
            case .unknown: break
            case .unreadable(let reason): unreadable.append((sight.reference, reason))
            case .absent: compare(sight, uid: "", resourceVersion: "", &texts)
            case .present(let uid, let version):
                compare(sight, uid: uid, resourceVersion: version, &texts)
            }
        }
        if !texts.isEmpty {
            let text = texts.prefix(3).joined(separator: "; ")
            set(Self.configChanged, .yes, "Changed", text)
            return text
        }
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

    private mutating func compare(
        _ sight: ConfigurationSight, uid: String, resourceVersion: String, _ texts: inout [String]
    ) {
        let index = status.configuration.firstIndex {
            $0.digest == sight.digest && $0.isOf(sight.reference)
        }
        guard let index else {
            guard status.configuration.count < ReleaseStatus.configurationLimit else { return }
            status.configuration.append(
                ProvenObject(
                    digest: sight.digest, kind: sight.reference.kind, name: sight.reference.name,
                    uid: uid, resourceVersion: resourceVersion, at: now))
            return
        }
        let entry = status.configuration[index]
        guard entry.uid != uid || entry.resourceVersion != resourceVersion else {
            status.configuration[index].changed = nil
            return
        }
        let changed = entry.changed ?? now
        status.configuration[index].changed = changed
        let seconds = max(0, (changed - entry.at).milliseconds / 1000)
        let version =
            status.proven?.shares.first { $0.digest == sight.digest }?.version ?? sight.digest.tag
        let (what, follows) =
            uid.isEmpty
            ? ("is gone", "new pods of it may not start")
            : entry.uid.isEmpty
                ? ("was made", "new pods of it read it")
                : ("changed", "new pods of it read other content")
        texts.append(
            "\(describe(sight.reference)) \(what) \(TimeSpan.seconds(seconds)) after version "
                + "\(version) was proven: \(follows)")
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
