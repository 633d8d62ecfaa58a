import ControlPlane
import Documents
import Domain
import KubeWire
package import Resources

/// The controller's account on a server that enforces roles: it has those of an installation.
extension World {
    static let account = NamespacedName(namespace: "kube-system", name: "slipway")

    /// Installs the account with its roles and the Lease, as `Manifests/install.yaml` does. From
    /// then on the controller's requests over HTTP carry its token.
    package mutating func install(_ parts: [Right.Part]) {
        let home: Document = .string(Self.account.namespace)
        var objects: [Document] = [
            [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": ["name": .string(Self.account.name), "namespace": home],
            ],
            [
                "apiVersion": .string(ResourceKind.lease.apiVersion), "kind": "Lease",
                "metadata": ["name": .string(Right.defaultLease), "namespace": home],
            ],
        ]
        for part in parts {
            objects += Right.grant(
                part, to: Self.account, in: part == .election ? Self.account.namespace : nil)
        }
        do throws(APIStatus) {
            for object in objects { try install(object) }
            let request = APIRequest(
                method: "POST",
                path: "/api/v1/namespaces/\(Self.account.namespace)/serviceaccounts/"
                    + "\(Self.account.name)/token",
                headers: [(name: "Content-Type", value: "application/json")],
                body: Array(#"{"spec": {"expirationSeconds": 315360000}}"#.utf8))
            guard case .response(let response) = Front.answer(request, store: &store, now: now),
                case .document(let answer) = response.body,
                let token = answer.at("status", "token")?.stringValue
            else { return giveUp("the account gets no token") }
            credential = token
        } catch {
            giveUp("the installation is refused: \(error.message)")
        }
    }

    private mutating func install(_ object: Document) throws(APIStatus) {
        guard
            let definition = store.registry.find(
                apiVersion: object["apiVersion"]?.stringValue ?? "",
                kind: object["kind"]?.stringValue ?? "")
        else { return giveUp("no kind for \(object)") }
        _ = try store.create(
            definition.kind, namespace: object.at("metadata", "namespace")?.stringValue ?? "",
            object,
            WriteContext(now: now, manager: "installer"))
    }

    mutating func checkRights(_ answer: WireAnswer, on kind: ResourceKind) {
        if answer.status == 403 { checkRights(answer.error, on: kind) }
    }

    /// The server refuses by roles what an installation does not allow.
    mutating func checkRights(_ error: ClusterError, on kind: ResourceKind) {
        guard credential != nil, error.kind == .forbidden, error.message.contains("cannot"),
            kind != .node || !hidesNodes
        else { return }
        violate("least rights", error.message)
    }
}
