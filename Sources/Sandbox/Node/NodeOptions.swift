/// How a sandbox's node works.
package struct NodeOptions: Sendable {
    /// The node's name in the cluster.
    package var name = "sandbox"
    /// Where it keeps logs and volumes of pods; `nil` for a folder that goes with it.
    package var stateFolder: String?
    /// The file with the image table (see ``ImageTable``); `nil` if there are no images.
    package var imageTable: String?
    package var timings = NodeTimings()
    /// Bytes of a container's log, twice: the newer part and the older one.
    package var logLimit = 10 << 20
    /// Amounts of resources that differ from the machine's, or that it does not have.
    package var capacity: [String: String] = [:]
    /// Told what has started, in a line.
    package var report: @Sendable (String) -> Void = { _ in }

    package init() {}
}

/// Why a node cannot work.
package struct NodeFailure: Error, CustomStringConvertible, Sendable {
    package let description: String
}
