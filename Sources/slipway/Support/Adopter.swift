import API
import Cluster
import Domain
import KubeWire
import Planning
import Presentation
import Processes
import Resources

/// Reads and writes for `slipway adopt`; what is to be done is decided by ``Adoption``.
struct Adopter {
    let releases: Releases
    let request: AdoptionRequest

    private var client: ClusterClient { releases.client }

    /// What is there now.
    func look() async throws(Failure) -> Adoption {
        let namespace = request.release.namespace
        var sight = AdoptionSight(
            deployments: try await list(.deployment), services: try await list(.service))
        do throws(ClusterError) {
            sight.routes = try await client.list(ObjectSelection(.httpRoute)).items
        } catch {
            guard error.kind == .forbidden else { throw failure(.httpRoute, error) }
            sight.routes = try await list(.httpRoute)
            sight.unseen.append(
                "HTTPRoutes of other namespaces were not looked at: \(error.message)")
        }
        for kind in ResourceKind.referrers {
            do throws(ClusterError) {
                let selection = ObjectSelection(kind, namespace: namespace)
                sight.referrers += try await client.list(selection).items
            } catch {
                // What is not served is not there.
                guard error.kind != .notServed else { continue }
                guard error.kind == .forbidden else { throw failure(kind, error) }
                sight.unseen.append("\(kind) were not looked at: \(error.message)")
            }
        }
        try await readSources(&sight)
        // Last, so that what it says of the others is no older than they are.
        switch await client.get(releases.key(request.release.name)) {
        case .found(let object): sight.release = try Releases.decode(object).release
        case .notFound: try await requireDefinition()
        case .failed(let refusal):
            throw Failure("\(client.configuration.server): \(refusal.message)")
        }
        return Adoption(request, sight, now: WallClock.now)
    }

    private func readSources(_ sight: inout AdoptionSight) async throws(Failure) {
        do throws(ClusterError) {
            let selection = ObjectSelection(.releaseSource, namespace: request.release.namespace)
            // One that cannot be read allows nothing.
            sight.sources = try await client.list(selection).items
                .compactMap { ReleaseSource.decode($0).value }
        } catch {
            guard error.kind == .forbidden || error.kind == .notServed else {
                throw failure(.releaseSource, error)
            }
            sight.sources = nil
            sight.unseen.append(
                "the service accounts that ReleaseSources allow were not looked at: "
                    + error.message)
        }
    }

    /// Tells a release that is missing from a cluster that knows no releases.
    private func requireDefinition() async throws(Failure) {
        do throws(ClusterError) {
            _ = try await client.firstPage(of: releases.selection(everywhere: false))
        } catch {
            throw releases.failure(error)
        }
    }

    private func list(_ kind: ResourceKind) async throws(Failure) -> [Document] {
        do throws(ClusterError) {
            let selection = ObjectSelection(kind, namespace: request.release.namespace)
            return try await client.list(selection).items
        } catch {
            throw failure(kind, error)
        }
    }

    private func failure(_ kind: ResourceKind, _ error: ClusterError) -> Failure {
        let advice =
            kind == .httpRoute && error.kind == .notServed
            ? "; install the Gateway API, see gateway-api.sigs.k8s.io" : ""
        return Failure("\(client.configuration.server): \(kind): \(error.message)\(advice)")
    }

    // MARK: Doing

    /// Goes on until nothing is left to do, and says each thing that is done or waited for.
    ///
    /// - Parameter settle: how long gateways may need to put an accepted route in force.
    /// - Returns: how it stands then.
    func run(
        to goal: Adoption.Goal, settle: TimeSpan, timeout: TimeSpan,
        _ say: (Style.Mark, String) -> Void
    ) async throws -> Adoption {
        let end = WallClock.now + timeout
        var waited = ""
        var settling: (write: WriteRequest, since: Timestamp)?
        while true {
            let adoption = try await look()
            let next = adoption.next(goal)
            if case .switch(let write, _) = next {
                if settling?.write.key != write.key { settling = (write, WallClock.now) }
            } else {
                settling = nil
            }
            switch next {
            case .done(let text):
                say(.done, text)
                return adoption
            case .refused(let reasons): throw Failure(reasons.joined(separator: "\n"))
            case .write(let write, let text): try await perform(write, text, end, say)
            case .switch(let write, let text):
                if let since = settling?.since, WallClock.now - since < settle {
                    let wait = "the gateways to settle"
                    if wait != waited { say(.waiting, wait) }
                    waited = wait
                    try await pause(end, wait, timeout)
                } else {
                    try await perform(write, text, end, say)
                }
            case .wait(let text):
                if text != waited { say(.waiting, text) }
                waited = text
                try await pause(end, text, timeout)
            }
        }
    }

    private func perform(
        _ write: WriteRequest, _ text: String, _ end: Timestamp,
        _ say: (Style.Mark, String) -> Void
    ) async throws {
        switch await client.perform(write) {
        case .applied: say(.done, text)
        case .notApplied(let refusal):
            switch refusal.kind {
            case .conflict, .alreadyExists, .notFound, .tooManyRequests:
                // Somebody was faster, or it is done: what is there now decides.
                try await pause(end, refusal.message, nil)
            case .fieldConflict, .invalid, .forbidden, .unreachable:
                throw Failure("\(write.key): not written: \(refusal.message)")
            }
        case .unknown(let message):
            say(.warning, "\(write.key): no answer (\(message)); looking again")
            try await pause(end, message, nil)
        }
    }

    private func pause(_ end: Timestamp, _ reason: String, _ timeout: TimeSpan?) async throws {
        guard WallClock.now < end else {
            let span = timeout.map { " within \($0)" } ?? " in time"
            throw Failure(
                "not done\(span), waiting for \(reason)\n"
                    + "what is done stands; give the command again to go on",
                code: .difference)
        }
        try await Task.sleep(for: .milliseconds(500))
    }
}

extension ResourceKind {
    /// What may point to a Deployment, its pods or its Service.
    fileprivate static let referrers = [
        ResourceKind.horizontalPodAutoscaler,
        ResourceKind(
            group: "policy", version: "v1", kind: "PodDisruptionBudget",
            plural: "poddisruptionbudgets"),
        ResourceKind(
            group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy",
            plural: "networkpolicies"),
        ResourceKind(
            group: "networking.k8s.io", version: "v1", kind: "Ingress", plural: "ingresses"),
        ResourceKind(
            group: ResourceKind.httpRoute.group, version: "v1", kind: "GRPCRoute",
            plural: "grpcroutes"),
    ]
}
