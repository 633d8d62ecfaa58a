import API
import Domain
import Observed
import Resources
import Rollouts
import Verdicts

/// Puts together what a decision about one release is made from.
struct SnapshotBuilder {
    let view: ClusterView
    let release: ModelRelease
    let memory: ReleaseMemory
    let settings: RolloutSettings
    /// The only namespace that is followed; `nil` for the whole cluster.
    let namespace: String?
    let watchedSince: Timestamp
    let now: Timestamp
    /// Of all versions, ordered by name.
    let allPods: [PodRecord]
    private let slices: [EndpointSliceView]

    init(
        view: ClusterView, release: ModelRelease, pods: [PodRecord], memory: ReleaseMemory,
        settings: RolloutSettings, namespace: String?, watchedSince: Timestamp, now: Timestamp
    ) {
        self.view = view
        self.release = release
        self.memory = memory
        self.settings = settings
        self.namespace = namespace
        self.watchedSince = watchedSince
        self.now = now
        allPods = pods
        slices = view.slices(of: release.id)
    }

    func snapshot(trouble: String?, refusal: String?) -> ReleaseSnapshot {
        let digests = knownDigests()
        return ReleaseSnapshot(
            release: release, versions: digests.map { version($0) }, route: route(digests),
            gateway: gateway(), remembered: memory.remembered, proberTrusted: proberTrusted(),
            settledRevert: memory.settledRevert, refusal: refusal, trouble: trouble,
            violation: memory.violation?.text, settings: settings, watchedSince: watchedSince)
    }

    var router: GatewayRouter {
        switch release.spec.traffic {
        case .gateway(let traffic): GatewayRouter(release: release.metadata, traffic: traffic)
        }
    }

    /// Digests that the declaration, the status or an object names, ascending.
    private func knownDigests() -> [Digest] {
        var digests = Set(release.declaredShares.map(\.digest))
        let status = release.status
        digests.formUnion((status.attempt?.target ?? []).map(\.digest))
        digests.formUnion((status.proven?.shares ?? []).map(\.digest))
        digests.formUnion(status.versions.map(\.digest))
        digests.formUnion(
            view.deployments(of: release.id).compactMap { $0.view.metadata.digest })
        digests.formUnion(
            view.services(of: release.id).compactMap { $0.view.metadata.digest })
        return digests.sorted()
    }

    private func named(_ digest: Digest) -> NamespacedName {
        .init(
            namespace: release.metadata.namespace,
            name: Names.versioned(release.metadata.name, digest))
    }

    private func presence(_ metadata: OwnedMetadata?) -> VersionObservation.Presence {
        guard let metadata else { return .absent }
        if metadata.isLeaving { return .leaving }
        switch metadata.owner(release: release.metadata.name, uid: release.metadata.uid) {
        case .ours, .formerly: return .ours
        case .foreign(let owner): return .foreign(owner)
        }
    }

    private func version(_ digest: Digest) -> VersionObservation {
        let name = named(digest)
        let deployment = view.deployments[name]?.value.view
        let endpoints = EndpointSliceView.ready(in: slices.filter { $0.service == name.name })
        return VersionObservation(
            digest: digest,
            version: deployment?.metadata.version ?? release.declaredShares
                .first { $0.digest == digest }?.version ?? digest.tag,
            revision: presence(view.revisions[name]?.value.metadata),
            deployment: presence(deployment?.metadata),
            service: presence(view.services[name]?.value.view.metadata),
            replicas: deployment?.replicas ?? 0,
            deploymentObserved: deployment?.isObserved ?? false,
            autoscaler: (deployment?.replicas ?? 0) > 0
                ? view.autoscalers(of: name).first : nil,
            deploymentReady: deployment?.ready ?? 0,
            podsRefused: deployment?.replicaFailure?.message ?? "",
            created: deployment?.metadata.created, uid: deployment?.metadata.uid ?? "",
            pods: pods(digest).map { sample($0) }, readyEndpoints: endpoints.count,
            served: memory.served[name.name])
    }

    /// The pods of a version, ordered by name.
    func pods(_ digest: Digest) -> [PodRecord] {
        let label = digest.short
        return allPods.filter { $0.view.metadata.digestLabel == label }
    }

    func sample(_ pod: PodRecord) -> PodSample {
        let view = pod.view
        let waiting = view.containers.first { !$0.waitingReason.isEmpty }
        let ended = view.containers.max { $0.restarts < $1.restarts }
        let end = ended?.terminated ?? ended?.lastTerminated
        return PodSample(
            name: view.metadata.name, uid: view.metadata.uid, created: view.metadata.created,
            ready: view.ready, wasReady: pod.wasReady, readyChanged: view.readyChanged,
            leaving: view.isLeaving, leavingSince: view.leavingSince, node: node(of: pod),
            isWrittenOff: view.isWrittenOff, restarts: view.restarts,
            lastEnd: end.map {
                "\($0.reason.isEmpty ? "ended" : $0.reason) (exit code \($0.exitCode))"
            },
            lastEnded: end?.finished,
            waiting: waiting.map { .init(reason: $0.waitingReason, message: $0.waitingMessage) },
            phaseFailed: view.phase == .failed, golden: golden(view))
    }

    private func golden(_ pod: PodView) -> PodSample.Golden {
        guard !release.spec.health.probes.isEmpty else { return .notAsked }
        let attempt = release.status.attempt
        let isNew = attempt?.new.contains { $0.short == pod.metadata.digestLabel } ?? false
        let isBorrowed =
            isMutated(.probesOfOthers) && memory.probes.values.contains { $0.state == .passed }
        let known = isBorrowed ? .passed : memory.probes[pod.metadata.uid]?.state
        if isNew { return known ?? .waiting }
        guard attempt == nil else { return .notAsked }
        // Before the attempt is in the status every version that is not proven may be new.
        let proven = release.status.proven?.shares ?? []
        let isProven = proven.contains { $0.digest.short == pod.metadata.digestLabel }
        // What is proven serves on while it is asked once more.
        let state = known ?? .waiting
        return isProven && state == .waiting ? .notAsked : state
    }

    private func route(_ digests: [Digest]) -> RouteObservation {
        let name = NamespacedName(
            namespace: release.metadata.namespace, name: release.metadata.name)
        guard let entry = view.routes[name] else { return .absent }
        let route = entry.value
        guard route.metadata.deletionTimestamp == nil else {
            return .foreign("nobody, it is being deleted")
        }
        guard route.metadata.label(Names.managedByLabel) == Names.managedByValue,
            route.metadata.label(Names.releaseLabel) == release.metadata.name
        else {
            return .foreign(route.metadata.label(Names.managedByLabel) ?? "somebody else")
        }
        let split = route.split(release: release.metadata.name, digests: digests)
        let acceptance: RouteState.Acceptance =
            switch router.acceptance(route) {
            case .accepted: .accepted
            case .pending(let text): .pending(text)
            case .refused(let text): .refused(text)
            }
        return .ours(
            RouteState(
                split: split, refused: route.refused, acceptance: acceptance,
                drifted: split.map { !router.isInForce($0, in: route) } ?? true
                    || route.owned.releaseUID != release.metadata.uid))
    }

    private func gateway() -> GatewayObservation {
        switch release.spec.traffic {
        case .gateway(let traffic):
            for reference in traffic.parentRefs {
                let name = NamespacedName(
                    namespace: reference.namespace ?? release.metadata.namespace,
                    name: reference.name)
                // Of what is not followed only the route's status tells whether it is there.
                guard namespace == nil || namespace == name.namespace else { continue }
                if view.gateways[name] == nil {
                    return .missing("Gateway \(name), which does not exist")
                }
            }
            return .present
        }
    }

    /// The prober reached a pod of a proven version lately, or there is none to reach.
    private func proberTrusted() -> Bool {
        let proven = release.status.proven?.shares.map(\.digest) ?? []
        let ready = proven.flatMap { pods($0) }.contains { $0.view.ready && !$0.view.isLeaving }
        guard ready else { return true }
        guard let reached = memory.reached else { return false }
        return now - reached <= .seconds(60)
    }
}
