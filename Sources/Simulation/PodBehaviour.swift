package import Domain

/// How the pods of a version behave.
package struct PodBehaviour: Hashable, Sendable {
    /// What the model answers to golden inferences.
    package enum Golden: Hashable, Sendable { case right, wrong, silent }

    /// How it goes wrong.
    package enum Fault: Hashable, Sendable {
        case none
        case neverReady
        /// One pod loses readiness so long after it was ready, for good.
        case losesReadiness(after: TimeSpan)
        /// One pod is ready and not ready in turn.
        case flaps(up: TimeSpan, down: TimeSpan)
        case imageMissing
        /// Containers die so long after they were ready, again and again.
        case crashes(after: TimeSpan)
        /// They are killed for their memory so long after they were ready, again and again.
        case runsOutOfMemory(after: TimeSpan)
    }

    /// From the start of a container to its readiness.
    package var startup: TimeSpan
    package var fault: Fault
    package var golden: Golden

    package init(startup: TimeSpan = .seconds(3), fault: Fault = .none, golden: Golden = .right) {
        self.startup = startup
        self.fault = fault
        self.golden = golden
    }
}
