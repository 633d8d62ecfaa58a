import Domain
import Transport

extension KubeConfiguration {
    /// Reads a kubeconfig file. What is not supported (passwords and the auth providers that
    /// Kubernetes removed) is refused by name if the chosen context needs it.
    package static func load(
        _ path: String, options: Options = Options()
    ) throws(Invalid) -> KubeConfiguration {
        try load([path], options: options)
    }

    /// Reads several kubeconfig files as one, the first with the most say, as kubectl does with the
    /// list in `KUBECONFIG`. Of several, those that do not exist are passed over.
    package static func load(
        _ paths: [String], options: Options = Options()
    ) throws(Invalid) -> KubeConfiguration {
        try KubeConfigurationFiles(paths).configuration(options)
    }

    /// Reads the bytes of a kubeconfig file; `path` is where relative paths in it begin.
    package static func read(
        _ bytes: [UInt8], from path: String, options: Options = Options()
    ) throws(Invalid) -> KubeConfiguration {
        try KubeConfigurationFiles(KubeConfigurationFile(bytes, path)).configuration(options)
    }

    /// What a cluster and a user say together.
    init(
        cluster: KubeConfigurationEntry, user: KubeConfigurationEntry?, namespace: String,
        origin: String, _ options: Options
    ) throws(Invalid) {
        let server = try Self.server(cluster)
        var tls = try Self.trust(cluster)
        var credentials = Credentials.none
        var impersonation = HTTPHeaders()
        if let user {
            try Self.refuseUnsupported(user)
            impersonation = try Impersonation.headers(user)
            credentials = try Self.credentials(user)
            // As in client-go, a token that is there is used, and nothing is run.
            if credentials == .none,
                let plugin = try ExecPlugin(user: user, cluster: cluster, tls: tls, options)
            {
                credentials = .plugin(plugin)
            }
            tls.certificate = try user.material("client-certificate")
            tls.key = try user.material("client-key")
            guard (tls.certificate == nil) == (tls.key == nil) else {
                throw user.invalid("", "client-certificate and client-key belong together")
            }
        }
        self.init(
            server: server, tls: tls, credentials: credentials,
            proxy: try Self.proxy(cluster, server, options), impersonation: impersonation,
            namespace: namespace, origin: origin,
            userOrigin: user.map { "\($0.file), \($0.place)" })
    }

    private static func server(_ cluster: KubeConfigurationEntry) throws(Invalid) -> String {
        let server = try cluster.required("server")
        guard let url = ParsedURL(server), !server.contains("?"), !server.contains("#") else {
            throw cluster.invalid("server", "not a URL of a server")
        }
        guard url.scheme == "https" || url.isLoopback else {
            throw cluster.invalid(
                "server", "plain http is accepted only for a server on loopback")
        }
        return server
    }

    /// The proxy of the cluster, else the environment's.
    private static func proxy(
        _ cluster: KubeConfigurationEntry, _ server: String, _ options: Options
    ) throws(Invalid) -> ProxyAddress? {
        guard let text = try cluster.text("proxy-url") else {
            return try ProxyAddress.fromEnvironment(options.environment, server: server)
        }
        guard let proxy = ProxyAddress(text) else {
            throw cluster.invalid("proxy-url", "not the URL of an http, https or socks5 proxy")
        }
        guard server.hasPrefix("https:") else {
            throw cluster.invalid("proxy-url", "only a server with https is reached by a proxy")
        }
        return proxy
    }

    private static func trust(
        _ cluster: KubeConfigurationEntry
    ) throws(Invalid) -> TLSSettings {
        let authorities = try cluster.material("certificate-authority")
        let field = "insecure-skip-tls-verify"
        let isInsecure = try cluster.flag(field)
        if isInsecure {
            guard authorities == nil else {
                throw cluster.invalid(field, "contradicts certificate-authority")
            }
        }
        return TLSSettings(
            authorities: authorities, serverName: try cluster.text("tls-server-name"),
            acceptsAnyServer: isInsecure)
    }

    private static func refuseUnsupported(_ user: KubeConfigurationEntry) throws(Invalid) {
        let unsupported = [
            ("auth-provider", "auth providers are not supported; Kubernetes removed them"),
            ("username", "passwords are not supported; Kubernetes removed them"),
            ("password", "passwords are not supported; Kubernetes removed them"),
        ]
        for (field, reason) in unsupported where user.has(field) {
            throw user.invalid(field, reason)
        }
    }

    private static func credentials(
        _ user: KubeConfigurationEntry
    ) throws(Invalid) -> Credentials {
        // As in kubectl, the file comes before the token.
        if let file = try user.text("tokenFile") {
            return .tokenFile(try user.readable(file, "tokenFile"))
        }
        guard let token = try user.text("token") else { return .none }
        guard TokenSource.isUsable(token) else { throw user.invalid("token", "not a token") }
        return .token(token)
    }
}
