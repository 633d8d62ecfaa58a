import ControlPlane
import Domain

/// The objects that routing depends on, at one moment.
struct GatewaySnapshot: Sendable {
    var classes: [Document] = []
    var gateways: [Document] = []
    var routes: [Document] = []
    var services: [Document] = []
    var slices: [Document] = []
    var grants: [Document] = []
    var namespaces: [Document] = []

    static let kinds: [ResourceKind] = [
        .gatewayClass, .gateway, .httpRoute, .service, .endpointSlice, .referenceGrant, .namespace,
    ]

    init() {}

    /// What the cluster holds; kinds that are not served count as empty.
    init(_ store: Store) {
        classes = store.objects(.gatewayClass)
        gateways = store.objects(.gateway)
        routes = store.objects(.httpRoute)
        services = store.objects(.service)
        slices = store.objects(.endpointSlice)
        grants = store.objects(.referenceGrant)
        namespaces = store.objects(.namespace)
    }

    /// Changes when any of these objects does.
    static func version(of store: Store) -> Int64 {
        kinds.map { store.lastChange(of: $0) }.max() ?? 0
    }

    /// The oldest first, as the Gateway API settles every dispute; names settle ties.
    static func byAge(_ objects: [Document]) -> [Document] {
        func key(_ object: Document) -> (String, String, String) {
            (
                object.at("metadata", "creationTimestamp")?.stringValue ?? "",
                object.objectNamespace, object.objectName
            )
        }
        return objects.filter { !$0.isTerminating }.sorted { key($0) < key($1) }
    }
}

extension ResourceKind {
    static let gatewayClass = ResourceKind(
        group: "gateway.networking.k8s.io", version: "v1", kind: "GatewayClass",
        plural: "gatewayclasses")
    static let referenceGrant = ResourceKind(
        group: "gateway.networking.k8s.io", version: "v1beta1", kind: "ReferenceGrant",
        plural: "referencegrants")
}

extension Document {
    var namespacedName: NamespacedName {
        NamespacedName(namespace: objectNamespace, name: objectName)
    }

    /// The elements of a list; none where there is no list.
    func list(_ key: String) -> [Document] { self[key]?.arrayValue ?? [] }

    /// A text; `nil` where there is none or an empty one.
    func text(_ key: String) -> String? {
        guard let text = self[key]?.stringValue, !text.isEmpty else { return nil }
        return text
    }
}

/// What is to be said of an object, before it gets its time and generation.
struct Finding: Hashable, Sendable {
    let type: String
    let status: Condition.Status
    let reason: String
    let message: String

    static func yes(_ type: String, _ reason: String? = nil, _ message: String = "") -> Finding {
        Finding(type: type, status: .yes, reason: reason ?? type, message: message)
    }

    static func no(_ type: String, _ reason: String, _ message: String) -> Finding {
        Finding(type: type, status: .no, reason: reason, message: message)
    }
}
