package import Domain

/// What is known of one pod of a version: facts only, no judgement.
package struct PodSample: Hashable, Sendable {
    /// What the golden inferences say of the pod.
    package enum Golden: Hashable, Sendable {
        /// None are declared.
        case notAsked
        /// Declared, but no answer yet.
        case waiting
        case passed
        /// A wrong answer: what was asked and what came.
        case mismatch(String)
        /// No usable answer, so many times in a row, with the last reason.
        case unanswered(Int, String)
    }

    /// Why a container does not run.
    package struct Waiting: Hashable, Sendable {
        package let reason: String
        package let message: String

        package init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    /// What is known of the node that a pod is on.
    package enum Node: Hashable, Sendable {
        /// Nothing: nodes cannot be read, or the pod has none yet. It speaks for itself.
        case unknown
        case ready(since: Timestamp?)
        case notReady(since: Timestamp?)
        /// The control plane took the pod's readiness though its node was Ready when it was last
        /// heard of: it is being asked.
        case asked
    }

    package let name: String
    package let uid: String
    package let created: Timestamp?
    package let ready: Bool
    /// It was ready before; with `ready` false its readiness is lost.
    package let wasReady: Bool
    /// When `ready` last changed.
    package let readyChanged: Timestamp?
    /// It is going away, or the cluster is taking it away (eviction, node drain).
    package let leaving: Bool
    /// Since when it is leaving, or until when it has time to end.
    package let leavingSince: Timestamp?
    package let node: Node
    /// The control plane took its readiness; its node said last that all its containers are ready.
    package let isWrittenOff: Bool
    package let restarts: Int
    /// Reason of the last end of a container, such as `OOMKilled` or `Error`, with its exit code.
    package let lastEnd: String?
    /// When that was.
    package let lastEnded: Timestamp?
    /// Why a container waits, such as `ImagePullBackOff`, and its message.
    package let waiting: Waiting?
    /// The pod's phase is `Failed`.
    package let phaseFailed: Bool
    package let golden: Golden

    package init(
        name: String,
        uid: String,
        created: Timestamp?,
        ready: Bool,
        wasReady: Bool,
        readyChanged: Timestamp?,
        leaving: Bool,
        leavingSince: Timestamp? = nil,
        node: Node = .unknown,
        isWrittenOff: Bool = false,
        restarts: Int,
        lastEnd: String?,
        lastEnded: Timestamp? = nil,
        waiting: Waiting?,
        phaseFailed: Bool,
        golden: Golden
    ) {
        self.name = name
        self.uid = uid
        self.created = created
        self.ready = ready
        self.wasReady = wasReady
        self.readyChanged = readyChanged
        self.leaving = leaving
        self.leavingSince = leavingSince
        self.node = node
        self.isWrittenOff = isWrittenOff
        self.restarts = restarts
        self.lastEnd = lastEnd
        self.lastEnded = lastEnded
        self.waiting = waiting
        self.phaseFailed = phaseFailed
        self.golden = golden
    }
}

/// What a pod does while its node is not Ready says nothing of its version.
extension PodSample {
    /// Its node is not Ready, as far as is known: the pod is no witness, neither against its
    /// version nor for it.
    package var isStranded: Bool {
        switch node {
        case .notReady, .asked: true
        case .unknown, .ready: false
        }
    }

    /// It was ready and is not, and that came with its node. A node that is Ready again says so
    /// before its pods do; until they do they are as the control plane left them.
    package var wasLostWithNode: Bool {
        guard wasReady, !ready else { return false }
        switch node {
        case .notReady, .asked: return true
        case .unknown: return false
        case .ready(let since):
            guard let since, let changed = readyChanged else { return false }
            // One time is the node's, the other then the control plane's.
            return changed <= since + (isWrittenOff ? Self.clockDifference : .zero)
        }
    }

    /// The last end of a container came with its node: it went down and took the pod along.
    package var wasRestartedWithNode: Bool {
        switch node {
        case .notReady, .asked: return true
        case .unknown: return false
        case .ready(let since):
            guard let since, let ended = lastEnded else { return false }
            return ended <= since
        }
    }

    /// So much the clocks of a node and of the control plane may differ.
    package static let clockDifference = TimeSpan.seconds(10)
}
