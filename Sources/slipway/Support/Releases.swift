import API
import Cluster
import Domain
import KubeWire
import Presentation
import Resources

/// The ModelReleases of a cluster, for the commands.
struct Releases {
    let client: ClusterClient
    /// The namespace that names without one are in.
    let namespace: String

    /// A release as the API server has it.
    struct Live {
        let object: Document
        let release: ModelRelease
    }

    func key(_ name: String) -> ResourceKey {
        ResourceKey(.modelRelease, namespace: namespace, name: name)
    }

    /// Reads one; a missing one is an error that says which there are.
    func read(_ name: String) async throws(Failure) -> Live {
        switch await client.get(key(name)) {
        case .found(let object): return try Self.decode(object)
        case .notFound: throw await missing(name)
        case .failed(let refusal): throw failure(refusal.message)
        }
    }

    /// The status of a release of any namespace; an empty one where there is no such release.
    func status(of id: NamespacedName) async throws(Failure) -> ReleaseStatus {
        let key = ResourceKey(.modelRelease, namespace: id.namespace, name: id.name)
        switch await client.get(key) {
        case .found(let object): return try Self.decode(object).release.status
        case .notFound: return ReleaseStatus()
        case .failed(let refusal): throw failure(refusal.message)
        }
    }

    /// Reads all of a namespace, or of all namespaces; one that cannot be read is told on standard
    /// error and left out.
    func list(everywhere: Bool) async throws(Failure) -> [Live] {
        let objects: [Document]
        do throws(ClusterError) {
            objects = try await client.list(selection(everywhere: everywhere)).items
        } catch {
            throw failure(error)
        }
        return objects.compactMap { object in
            do throws(Failure) {
                return try Self.decode(object)
            } catch {
                Terminal.standard.note(.warning, error.message)
                return nil
            }
        }
    }

    func selection(everywhere: Bool) -> ObjectSelection {
        ObjectSelection(.modelRelease, namespace: everywhere ? nil : namespace)
    }

    /// Sets or removes an annotation of exactly the object that was read.
    func annotate(
        _ live: Live, _ name: String, _ value: String?
    ) async -> WriteOutcome {
        let metadata = live.release.metadata
        let path = "/metadata/annotations/\(PatchOperation.escape(name))"
        var operations = [PatchOperation(.test, "/metadata/uid", .string(metadata.uid))]
        if let value {
            if live.object.at("metadata", "annotations") == nil {
                // Making the map could wipe one that somebody makes now.
                operations.append(
                    .init(.test, "/metadata/resourceVersion", .string(metadata.resourceVersion)))
                operations.append(.init(.add, "/metadata/annotations", .object(Fields())))
            }
            operations.append(.init(.add, path, .string(value)))
        } else {
            operations.append(.init(.remove, path))
        }
        return await client.perform(.jsonPatch(key(metadata.name), operations))
    }

    static func decode(_ object: Document) throws(Failure) -> Live {
        switch ModelRelease.decode(object, resolved: true) {
        case .decoded(let release): return Live(object: object, release: release)
        case .refused(let errors):
            let metadata = ObjectMetadata(of: object)
            let first = errors.first.map { "\($0.path): \($0.message)" } ?? ""
            throw Failure(
                "\(metadata.namespace)/\(metadata.name) is not a release that this version of "
                    + "slipway can read: \(first)")
        }
    }

    private func missing(_ name: String) async -> Failure {
        do throws(ClusterError) {
            let names = try await client.list(selection(everywhere: false)).items
                .compactMap { $0.at("metadata", "name")?.stringValue }.sorted()
            let known =
                names.isEmpty
                ? "there is none in this namespace"
                : "there are: \(names.prefix(20).joined(separator: ", "))"
            return Failure("release \(namespace)/\(name) not found; \(known)")
        } catch {
            return failure(error)
        }
    }

    func failure(_ error: ClusterError) -> Failure {
        guard error.kind == .notServed else { return failure(error.message) }
        return failure(
            "this cluster does not know ModelRelease; apply Slipway's CRDs first (Manifests/crds)")
    }

    private func failure(_ message: String) -> Failure {
        Failure("\(client.configuration.server): \(message)")
    }
}
