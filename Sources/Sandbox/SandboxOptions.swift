package import ControlPlane
package import Domain

/// How a sandbox is started.
package struct SandboxOptions: Sendable {
    /// The port on 127.0.0.1; 0 takes a free one.
    package var port: Int
    /// Where a kubeconfig for this server is written once it listens.
    package var kubeconfigPath: String?
    /// Definitions of custom resources that are there from the start.
    package var definitions: [Document]
    /// Also serves GatewayClass, Gateway and HTTPRoute.
    package var installsGatewayDefinitions: Bool
    /// Runs pods as processes of this machine; `nil` for an API alone, where pods stay pending.
    package var node: NodeOptions?
    /// Routes traffic by Gateways and HTTPRoutes, whose kinds are then served too; `nil`: nobody
    /// does.
    package var gateway: GatewayOptions?
    /// Where the cluster is kept, so that it is there again after a restart; `nil`: in memory.
    package var state: StateOptions?
    /// What uids and generated names are drawn from.
    package var seed: UInt64
    /// The bearer token of whoever may do everything; letters and digits. It goes into the
    /// kubeconfig, and callers without it have the rights that roles give them. Without a token
    /// everybody on this machine may do everything. For tests of roles: `kubectl` sends no token
    /// over plain http, so it needs something that ends TLS in front of the sandbox.
    package var adminToken: String?
    /// Hears of every decision about a caller who brings a service account's token.
    package var onDecision: (@Sendable (AccessDecision) -> Void)?

    package init(
        port: Int = 0, kubeconfigPath: String? = nil, definitions: [Document] = [],
        installsGatewayDefinitions: Bool = false, node: NodeOptions? = nil,
        gateway: GatewayOptions? = nil, state: StateOptions? = nil, seed: UInt64 = 1,
        adminToken: String? = nil, onDecision: (@Sendable (AccessDecision) -> Void)? = nil
    ) {
        self.port = port
        self.kubeconfigPath = kubeconfigPath
        self.definitions = definitions
        self.installsGatewayDefinitions = installsGatewayDefinitions
        self.node = node
        self.gateway = gateway
        self.state = state
        self.seed = seed
        self.adminToken = adminToken
        self.onDecision = onDecision
    }
}

/// Something that goes wrong on purpose, for tests of clients.
package struct SandboxFault: Sendable {
    /// What goes wrong.
    package enum Effect: Sendable {
        /// The answer comes later; the request has been carried out at once.
        case answerAfter(Duration)
        /// The request is carried out only after this time, if the client is still there or not.
        case carryOutAfter(Duration)
        /// Not carried out; the client gets this error.
        case refuse(APIStatus)
        /// Not carried out; the connection is closed without an answer.
        case disconnect
        /// Carried out; the connection is closed without an answer.
        case carryOutAndDisconnect
    }

    /// Which requests it meets.
    package var matches: @Sendable (APIRequest) -> Bool
    /// How many of them; then the fault is over.
    package var count: Int
    package var effect: Effect

    package init(
        count: Int = 1, _ effect: Effect,
        matching matches: @escaping @Sendable (APIRequest) -> Bool = { _ in true }
    ) {
        self.matches = matches
        self.count = count
        self.effect = effect
    }
}
