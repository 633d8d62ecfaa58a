import API
import Cluster
import Domain
import KubeWire
import Presentation
import Resources

/// Looks at a cluster for `slipway doctor`. What it means is decided by ``Diagnosis``.
struct Examination {
    let client: ClusterClient
    /// Of the controllers.
    let lease: NamespacedName

    /// Kinds without which no controller works, and those that it can do without.
    private static let needed: [ResourceKind] = [
        .modelRelease, .releaseSource, .gateway, .httpRoute, .deployment, .service,
        .controllerRevision, .pod, .endpointSlice,
    ]
    private static let optional: [ResourceKind] = [.node, .horizontalPodAutoscaler]

    /// - Throws: ``Failure`` when there is no API server to talk to.
    func findings() async throws(Failure) -> [Finding] {
        var findings = try await server()
        for kind in Self.needed { findings.append(await self.kind(kind, isNeeded: true)) }
        for kind in Self.optional { findings.append(await self.kind(kind, isNeeded: false)) }
        for definition in APIDefinitions.all.map(\.definition) {
            let name = definition.at("metadata", "name")?.stringValue ?? ""
            // What is not there at all was said of the kind.
            guard findings.contains(where: { $0.subject == "kind \(name)" && $0.result == .good })
            else { continue }
            findings.append(
                Diagnosis.definition(definition, stored: await object(.definition, "", name)))
        }
        findings.append(await leader())
        let releases = await releases()
        findings += await gateways(of: releases)
        findings += await sources()
        findings += releases.map { Diagnosis.release($0.id, $0.status) }
        return findings
    }

    private func server() async throws(Failure) -> [Finding] {
        let server: ServerVersion
        do throws(ClusterError) {
            server = try await client.serverVersion()
        } catch {
            throw Failure("\(client.configuration.server): \(error)")
        }
        var findings = [Diagnosis.server(version: server.version)]
        if let time = server.time {
            findings.append(Diagnosis.clock(ahead: time - Clock.now))
        }
        return findings
    }

    private func kind(_ kind: ResourceKind, isNeeded: Bool) async -> Finding {
        do throws(ClusterError) {
            _ = try await client.firstPage(of: ObjectSelection(kind))
            return Diagnosis.kind(kind, isNeeded: isNeeded, .there)
        } catch {
            let sight: Diagnosis.Sight =
                error.kind == .notServed ? .missing : .unseen(error.message)
            return Diagnosis.kind(kind, isNeeded: isNeeded, sight)
        }
    }

    private func object(
        _ kind: ResourceKind, _ namespace: String, _ name: String
    ) async -> Document? {
        let key = ResourceKey(kind, namespace: namespace, name: name)
        guard case .found(let object) = await client.get(key) else { return nil }
        return object
    }

    private func leader() async -> Finding {
        let spec = await object(.lease, lease.namespace, lease.name)?["spec"]
        let renewed = spec?["renewTime"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        return Diagnosis.leader(
            lease, holder: spec.map { $0["holderIdentity"]?.stringValue ?? "" },
            silence: renewed.map { Clock.now - $0 },
            duration: .seconds(spec?["leaseDurationSeconds"]?.integerValue ?? 15))
    }

    // MARK: Objects

    /// Those that can be read; that others cannot was said of their kind.
    private func releases() async -> [ModelRelease] {
        let list = try? await client.list(ObjectSelection(.modelRelease))
        return (list?.items ?? []).compactMap { object in
            try? Releases.decode(object).release
        }
    }

    private func sources() async -> [Finding] {
        let list = try? await client.list(ObjectSelection(.releaseSource))
        return (list?.items ?? []).map { object in
            Diagnosis.source(
                ObjectMetadata(of: object).id, SourceStatus(object["status"] ?? .null))
        }
    }

    private func gateways(of releases: [ModelRelease]) async -> [Finding] {
        var users: [NamespacedName: NamespacedName] = [:]
        for release in releases {
            switch release.spec.traffic {
            case .gateway(let traffic):
                for parent in traffic.parentRefs {
                    let id = NamespacedName(
                        namespace: parent.namespace ?? release.id.namespace, name: parent.name)
                    if users[id] == nil { users[id] = release.id }
                }
            }
        }
        var findings: [Finding] = []
        for (id, user) in users.sorted(by: { $0.key < $1.key }) {
            let key = ResourceKey(.gateway, namespace: id.namespace, name: id.name)
            switch await client.get(key) {
            case .found(let object):
                let view = GatewayView(object)
                findings.append(
                    Diagnosis.gateway(
                        id, namedBy: user, .there, programmed: view?.programmed ?? .unknown,
                        message: view?.message ?? ""))
            case .notFound: findings.append(Diagnosis.gateway(id, namedBy: user, .missing))
            case .failed(let refusal):
                findings.append(Diagnosis.gateway(id, namedBy: user, .unseen(refusal.message)))
            }
        }
        return findings
    }
}

extension ResourceKind {
    fileprivate static let definition = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions")
}
