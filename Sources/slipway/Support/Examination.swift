import API
import Cluster
import Domain
import KubeWire
import Presentation
import Processes
import Resources

/// Looks at a cluster for `slipway doctor`. What it means is decided by ``Diagnosis``.
struct Examination {
    let client: ClusterClient
    /// Of the controllers.
    let lease: NamespacedName
    /// The only namespace that the controller follows; `nil` for the whole cluster.
    let only: String?

    /// - Throws: ``Failure`` when there is no API server to talk to.
    func findings() async throws(Failure) -> [Finding] {
        var findings = try await server()
        for right in Right.all where right.verbs.contains(.list) {
            findings.append(await kind(right.kind, isNeeded: !right.part.isOptional))
        }
        findings += await rights()
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
            findings.append(Diagnosis.clock(ahead: time - WallClock.now))
        }
        return findings
    }

    private func kind(_ kind: ResourceKind, isNeeded: Bool) async -> Finding {
        let selection = ObjectSelection(kind, namespace: kind == .node ? nil : only)
        do throws(ClusterError) {
            _ = try await client.firstPage(of: selection)
            return Diagnosis.kind(kind, isNeeded: isNeeded, .there)
        } catch {
            let sight: Diagnosis.Sight =
                error.kind == .notServed ? .missing : .unseen(error.message)
            return Diagnosis.kind(kind, isNeeded: isNeeded, sight)
        }
    }

    /// Whether whoever asks may do what the controller does.
    private func rights() async -> [Finding] {
        var findings: [Finding] = []
        for right in Right.all where !right.part.isOnRequest {
            var missing: [String] = []
            for verb in right.verbs {
                switch await may(verb, right) {
                case true: break
                case false: missing.append(verb.rawValue)
                case nil: return [Diagnosis.rightsUnknown]
                }
            }
            guard !missing.isEmpty else { continue }
            findings.append(
                Diagnosis.right(
                    right.resource, missing: missing, isNeeded: !right.part.isOptional,
                    purpose: right.purpose))
        }
        return findings.isEmpty ? [Diagnosis.rightsComplete] : findings
    }

    /// `nil` where the server does not say.
    private func may(_ verb: Right.Verb, _ right: Right) async -> Bool? {
        var attributes: Document = [
            "verb": .string(verb.rawValue), "group": .string(right.kind.group),
            "resource": .string(right.kind.plural),
        ]
        if !right.subresource.isEmpty { attributes["subresource"] = .string(right.subresource) }
        if right.part == .election {
            attributes["namespace"] = .string(lease.namespace)
            attributes["name"] = .string(lease.name)
        } else if let only, !right.part.isClusterScoped {
            attributes["namespace"] = .string(only)
        }
        let kind = ResourceKind.accessReview
        let answer = await client.perform(
            .create(
                // Reviews have no name; it is only asked for in paths of objects.
                ResourceKey(kind, namespace: "", name: "review"),
                [
                    "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
                    "spec": ["resourceAttributes": attributes],
                ]))
        guard case .applied(let review) = answer else { return nil }
        return review.at("status", "allowed")?.boolValue
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
            silence: renewed.map { WallClock.now - $0 },
            duration: .seconds(spec?["leaseDurationSeconds"]?.integerValue ?? 15))
    }

    // MARK: Objects

    /// Those that can be read; that others cannot was said of their kind.
    private func releases() async -> [ModelRelease] {
        let list = try? await client.list(ObjectSelection(.modelRelease, namespace: only))
        return (list?.items ?? []).compactMap { object in
            try? Releases.decode(object).release
        }
    }

    private func sources() async -> [Finding] {
        let list = try? await client.list(ObjectSelection(.releaseSource, namespace: only))
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
        guard !users.isEmpty else { return [] }
        // Listed, as the controller does: it has no right to read a single one.
        var known: [NamespacedName: GatewayView] = [:]
        var missing = Diagnosis.Sight.missing
        do throws(ClusterError) {
            for object in try await client.list(ObjectSelection(.gateway, namespace: only)).items {
                if let view = GatewayView(object) { known[ObjectMetadata(of: object).id] = view }
            }
        } catch {
            missing = .unseen(error.message)
        }
        return users.sorted { $0.key < $1.key }.map { id, user in
            if let only, id.namespace != only {
                let reason = "not looked at: only namespace \(only) is followed"
                return Diagnosis.gateway(id, namedBy: user, .unseen(reason))
            }
            guard let view = known[id] else {
                return Diagnosis.gateway(id, namedBy: user, missing)
            }
            return Diagnosis.gateway(
                id, namedBy: user, .there, programmed: view.programmed, message: view.message)
        }
    }
}

extension ResourceKind {
    fileprivate static let accessReview = ResourceKind(
        group: "authorization.k8s.io", version: "v1", kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews")
    fileprivate static let definition = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions")
}
