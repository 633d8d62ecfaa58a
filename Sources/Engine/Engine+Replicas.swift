import API
import Domain
import Observed
import Resources
import Rollouts

/// How many pods a version's Deployment is to have, and who says so.
enum Sizing: Hashable, Sendable {
    /// Slipway: so many.
    case ours(Int)
    /// Nobody changes it now: what was read is sent as it was read.
    case asItIs(Int)
    /// An autoscaler: the field is left out.
    case autoscaled

    /// What an apply says; `nil` says nothing.
    var replicas: Int? {
        switch self {
        case .ours(let count), .asItIs(let count): count
        case .autoscaled: nil
        }
    }
}

/// Sharing `spec.replicas` with HorizontalPodAutoscalers, which are other people's.
///
/// The HorizontalPodAutoscaler is the evidence, not who wrote the field last: somebody who scales
/// by hand writes it in the same way. A target at 0 is switched off for its autoscaler
/// (`ScalingDisabled`), which leaves it at 0 for ever: then the number is Slipway's.
extension Engine {
    /// What is to become of the replicas of a version's Deployment.
    func sizing(
        of name: NamespacedName, _ digest: Digest, _ deployment: DeploymentView?,
        _ release: ModelRelease
    ) -> Sizing {
        let declared = release.spec.serving.replicas
        let autoscaler = view.autoscalers(of: name).first
        let wanted = autoscaler?.bounded(declared) ?? declared
        guard let deployment else { return .ours(wanted) }
        if isMutated(.replicasSentAnyway) { return .ours(declared) }
        let has = deployment.replicas
        if autoscaler != nil {
            guard has > 0 else {
                hit(.autoscalerSwitchedOff)
                return .ours(wanted)
            }
            hit(.autoscaled)
            return .autoscaled
        }
        guard view.autoscalers.isAnswered else { return .asItIs(has) }
        // What serves stays as large as it is until the rollout is over: traffic may come back.
        if has > declared, release.status.attempt != nil, maySend(to: digest, release) {
            hit(.notMadeSmaller)
            return .asItIs(has)
        }
        return .ours(declared)
    }

    /// Whether the route gives a version traffic, or says something that nobody can read.
    private func maySend(to digest: Digest, _ release: ModelRelease) -> Bool {
        guard let route = view.routes[release.id]?.value else { return false }
        guard let backends = route.backends else { return true }
        return backends[Names.versioned(release.metadata.name, digest), default: 0] > 0
    }

    /// Sees to it that an apply that leaves the replicas out does not take them away: what only
    /// Slipway owns would fall to the server's default of 1.
    ///
    /// Another field manager takes the field as it stands first; what two own one can leave
    /// (kubernetes.io, "Server-Side Apply", transferring ownership). Who owns what is not in the
    /// view, so it is done once for each Deployment in the life of a process: the second time it
    /// changes nothing.
    ///
    /// - Returns: whether the apply can be sent now.
    mutating func handOverReplicas(
        _ key: ResourceKey, _ deployment: DeploymentView, _ release: ModelRelease
    ) -> Bool {
        let metadata = deployment.metadata
        let isDone = releases[release.id]?.handedOver.contains(metadata.uid) ?? false
        if isDone || isMutated(.replicasOmittedAtOnce) { return true }
        hit(.replicasHandedOver)
        let replicas: Document = ["replicas": .integer(deployment.replicas)]
        let body = body(
            of: key, uid: metadata.uid, resourceVersion: metadata.resourceVersion, "spec", replicas)
        write(.handOver(key, body), for: .release(release.id))
        return false
    }

    /// Takes in that a write of a Deployment was applied: who owns its replicas now.
    mutating func noteOwner(_ request: WriteRequest, _ release: NamespacedName) {
        guard request.key.kind == .deployment else { return }
        switch request {
        case .handOver(_, let body):
            if let uid = body.at("metadata", "uid")?.stringValue {
                releases[release]?.handedOver.insert(uid)
            }
        case .apply(_, let body, _):
            if let uid = body.at("metadata", "uid")?.stringValue,
                body.at("spec", "replicas") != nil
            {
                releases[release]?.handedOver.remove(uid)
            }
        case .delete(_, let uid, _): releases[release]?.handedOver.remove(uid)
        case .create, .applyStatus, .jsonPatch: break
        }
    }
}
