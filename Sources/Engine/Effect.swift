package import API
package import Domain
package import Resources

/// Something to be done in the world. Every effect that can fail carries an id and comes back as an
/// ``Event``; a crash in between is only another fault.
package enum Effect: Hashable, Sendable {
    case write(EffectID, WriteRequest)
    /// A quorum GET.
    case read(EffectID, ResourceKey)
    /// The same for the metadata alone: what else is in the object stays at the server.
    case readMetadata(EffectID, ResourceKey)
    /// Look at a repository. `known` is the commit that is in force, empty for a whole read.
    case fetch(NamespacedName, SourceSpec, known: String)
    case probe(EffectID, ProbeOrder)
    case revert(EffectID, RevertOrder)
    case record(EffectID, RecordOrder)
    /// A Kubernetes Event, sent once, nobody waits for it.
    case emit(Notice)
    /// Something that an engine that only observes would do; nothing is to be done.
    case intend(IntentionNotice)
    /// Who leads from now on. After ``LeadershipNews/stopped(_:)`` no effect follows, ever: the
    /// process ends, and another one takes part in the election anew.
    case leadership(LeadershipNews)
}

/// Requests to be sent to one pod, one after the other.
package struct ProbeOrder: Hashable, Sendable {
    /// One request.
    package struct Request: Hashable, Sendable {
        package let path: String
        /// The JSON body of a POST; `nil` for a GET.
        package let body: Document?
        package let timeout: TimeSpan

        package init(path: String, body: Document?, timeout: TimeSpan) {
            self.path = path
            self.body = body
            self.timeout = timeout
        }
    }

    /// The pod's address, an IP literal.
    package let host: String
    package let port: Int
    package let requests: [Request]

    package init(host: String, port: Int, requests: [Request]) {
        self.host = host
        self.port = port
        self.requests = requests
    }
}

/// A revert commit: only the release's document goes back to what it was at a proven commit, and
/// only if the branch still declares the refused version.
package struct RevertOrder: Hashable, Sendable {
    package let source: NamespacedName
    package let spec: SourceSpec
    package let release: NamespacedName
    package let refused: Digest
    /// The commit whose document is restored.
    package let restore: String
    /// Why, for the message.
    package let reason: String
    package let manual: Bool
    package let at: Timestamp

    package init(
        source: NamespacedName, spec: SourceSpec, release: NamespacedName, refused: Digest,
        restore: String, reason: String, manual: Bool, at: Timestamp
    ) {
        self.source = source
        self.spec = spec
        self.release = release
        self.refused = refused
        self.restore = restore
        self.reason = reason
        self.manual = manual
        self.at = at
    }
}

/// What is known of a release, for the record on the state branch.
package struct RecordOrder: Hashable, Sendable {
    package let source: NamespacedName
    package let spec: SourceSpec
    package let release: NamespacedName
    package let content: Document
    package let at: Timestamp

    package init(
        source: NamespacedName, spec: SourceSpec, release: NamespacedName, content: Document,
        at: Timestamp
    ) {
        self.source = source
        self.spec = spec
        self.release = release
        self.content = content
        self.at = at
    }
}

/// Something people should read, about one object.
package struct Notice: Hashable, Sendable {
    package let about: ResourceKey
    package let uid: String
    package let isWarning: Bool
    package let reason: String
    package let message: String
    /// The commit that declared what it is about; empty if none did.
    package let commit: String
    /// The step of the rollout, from 1; `nil` if none is under way.
    package let step: Int?

    package init(
        about: ResourceKey, uid: String, isWarning: Bool, reason: String, message: String,
        commit: String = "", step: Int? = nil
    ) {
        self.about = about
        self.uid = uid
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
        self.commit = commit
        self.step = step
    }
}
