package import Domain

/// What happened to a pod or one of its containers.
enum PodInput: Sendable {
    /// The volumes are there.
    case prepared
    case prepareFailed(String)
    case started(container: String, run: Int, Started)
    case startFailed(container: String, run: Int, StartFailure)
    case exited(container: String, run: Int, Exit)
    case probed(container: String, run: Int, ProbeKind, ProbeResult)
    /// A hook has ended, well or with a complaint.
    case hookEnded(container: String, run: Int, Hook, complaint: String?)
    /// The pod is to go; again with less time if somebody is in a hurry.
    case delete(grace: TimeSpan)
    /// The image of a container is another one now.
    case imageChanged(ContainerPlan)
    /// Time has passed.
    case tick

    struct Started: Sendable {
        let containerID: String
        let imageID: String
    }

    struct Exit: Sendable {
        /// 128 and the signal's number for a process that a signal ended.
        let code: Int
        var outOfMemory = false
        /// What the container left as its last words.
        var message = ""
    }

    struct ProbeResult: Sendable {
        let isSuccess: Bool
        /// Why not.
        var message = ""
    }
}

/// Why a container did not come to life.
enum StartFailure: Error, Hashable, Sendable {
    /// There is no such image.
    case image(reason: String, message: String)
    /// Something that its description names does not exist.
    case config(String)
    /// The runtime could not start it.
    case create(String)
}

enum Hook: String, Sendable {
    case postStart = "PostStart"
    case preStop = "PreStop"
}

/// What is to be done for a pod.
enum PodAction: Sendable, Hashable {
    enum Signal: Sendable {
        case terminate
        case kill
    }

    /// Make its folder and its volumes; answered by `prepared` or `prepareFailed`.
    case prepare
    /// Answered by `started` or `startFailed`.
    case start(container: String, run: Int)
    case probe(container: String, run: Int, ProbeKind, ProbePlan)
    case hook(container: String, run: Int, Hook, Handler, timeout: TimeSpan)
    case signal(container: String, run: Int, Signal)
    case event(PodEvent)
    /// Every container has ended for good.
    case release
}

/// Something that people are to read in `kubectl describe`.
struct PodEvent: Sendable, Hashable {
    let isWarning: Bool
    let reason: String
    let message: String
    /// The part of the pod; empty for the pod itself.
    let fieldPath: String

    static func normal(_ reason: String, _ message: String, _ path: String = "") -> PodAction {
        .event(.init(isWarning: false, reason: reason, message: message, fieldPath: path))
    }

    static func warning(_ reason: String, _ message: String, _ path: String = "") -> PodAction {
        .event(.init(isWarning: true, reason: reason, message: message, fieldPath: path))
    }
}

/// How a run of a container ended.
struct ContainerEnd: Sendable, Hashable {
    let code: Int
    let reason: String
    var message = ""
    let started: Timestamp?
    let finished: Timestamp?
    let containerID: String
}

/// The times a kubelet keeps. Tests and demos shorten them.
package struct NodeTimings: Sendable {
    /// The first delay before a container that ended is started once more; it doubles.
    package var backOff = TimeSpan.seconds(10)
    package var longestBackOff = TimeSpan.seconds(300)
    /// After which time a failed set-up is tried again.
    package var retry = TimeSpan.seconds(10)
    /// How long `ErrImagePull` stands before it becomes `ImagePullBackOff`.
    package var pullFailure = TimeSpan.seconds(1)
    /// The least time between SIGTERM and SIGKILL.
    package var leastGrace = TimeSpan.seconds(2)

    package init() {}
}
