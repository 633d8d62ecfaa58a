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
    package let restarts: Int
    /// Reason of the last end of a container, such as `OOMKilled` or `Error`, with its exit code.
    package let lastEnd: String?
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
        restarts: Int,
        lastEnd: String?,
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
        self.restarts = restarts
        self.lastEnd = lastEnd
        self.waiting = waiting
        self.phaseFailed = phaseFailed
        self.golden = golden
    }
}
