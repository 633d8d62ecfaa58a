package import Transport

/// Where the API server is, how it proves who it is, and who we are.
package struct KubeConfiguration: Sendable {
    /// How we prove who we are, besides a client certificate.
    package enum Credentials: Hashable, Sendable {
        case none
        case token(String)
        /// Read again from time to time: kubelets rotate it.
        case tokenFile(String)
        /// A program prints them.
        case plugin(ExecPlugin)
    }

    /// What a person may choose besides the file.
    package struct Options: Hashable, Sendable {
        /// The context to use instead of `current-context`.
        package var context: String?
        /// Whether there is somebody at a terminal whom a credential plugin may ask.
        package var hasTerminal: Bool
        /// The environment, for proxies and for credential plugins.
        package var environment: [String: String]

        package init(
            context: String? = nil, hasTerminal: Bool = false,
            environment: [String: String] = [:]
        ) {
            self.context = context
            self.hasTerminal = hasTerminal
            self.environment = environment
        }
    }

    /// Why there is no configuration: the file, the place in it, what is wrong.
    package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        package let file: String
        /// `context dev: cluster east: server`; empty for the file as a whole.
        package let place: String
        package let reason: String

        package var description: String {
            place.isEmpty ? "\(file): \(reason)" : "\(file): \(place): \(reason)"
        }
    }

    /// `https://10.0.0.1:6443`, with the path where the API is not at the root; no slash at the
    /// end.
    package let server: String
    package let tls: TLSSettings
    package let credentials: Credentials
    /// Between us and the server, if there is one.
    package let proxy: ProxyAddress?
    /// Header fields of every request: whom the server shall take us for.
    package let impersonation: HTTPHeaders
    /// The context's namespace.
    package let namespace: String
    /// For people: the file and the context.
    package let origin: String
    /// For people: the file, the context and the user that ``credentials`` stand at.
    package let userOrigin: String
    /// It is the service account of the pod that this process runs in.
    package let isInCluster: Bool

    package init(
        server: String, tls: TLSSettings = TLSSettings(), credentials: Credentials = .none,
        proxy: ProxyAddress? = nil, impersonation: HTTPHeaders = [:],
        namespace: String = "default", origin: String = "given", userOrigin: String? = nil,
        isInCluster: Bool = false
    ) {
        self.isInCluster = isInCluster
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        self.tls = tls
        self.credentials = credentials
        self.proxy = proxy
        self.impersonation = impersonation
        self.namespace = namespace
        self.origin = origin
        self.userOrigin = userOrigin ?? origin
    }

    /// What people should know who use it; `nil` if there is nothing to warn of.
    package var warning: String? {
        tls.acceptsAnyServer
            ? "anybody can be the API server, and gets what proves who we are: "
                + "insecure-skip-tls-verify is set (\(origin))" : nil
    }

    /// Finds a configuration as kubectl does: the path that was asked for, else the list of files
    /// in `KUBECONFIG`, else the pod's own service account, else `~/.kube/config`.
    package static func find(
        path: String? = nil, environment: [String: String], options: Options = Options()
    ) throws(Invalid) -> KubeConfiguration {
        var options = options
        options.environment = environment
        if let path { return try load(path, options: options) }
        let listed = environment["KUBECONFIG"]?.split(separator: ":").map(String.init) ?? []
        if !listed.isEmpty { return try load(listed, options: options) }
        if environment["KUBERNETES_SERVICE_HOST"] != nil {
            return try inCluster(environment: environment)
        }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw Invalid(
                file: "kubeconfig", place: "", reason: "no path given, no KUBECONFIG, no HOME")
        }
        return try load("\(home)/.kube/config", options: options)
    }

    /// The configuration of a pod: its service account, and the address in its environment.
    package static func inCluster(
        directory: String = "/var/run/secrets/kubernetes.io/serviceaccount",
        environment: [String: String]
    ) throws(Invalid) -> KubeConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], UInt16(port) != nil
        else {
            throw Invalid(
                file: directory, place: "",
                reason: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
        }
        for file in ["ca.crt", "token"] where !Files.isReadable("\(directory)/\(file)") {
            throw Invalid(file: "\(directory)/\(file)", place: "", reason: "cannot be read")
        }
        let namespace = (try? Files.read("\(directory)/namespace", limit: 1024)) ?? []
        let name = String(decoding: namespace.filter { $0 > 32 }, as: UTF8.self)
        let server = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        return KubeConfiguration(
            server: server,
            tls: TLSSettings(authorities: .file("\(directory)/ca.crt")),
            credentials: .tokenFile("\(directory)/token"),
            proxy: try ProxyAddress.fromEnvironment(environment, server: server),
            namespace: name.isEmpty ? "default" : name,
            origin: "service account of the pod", isInCluster: true)
    }
}

// A token never shows in what is printed.
extension KubeConfiguration.Credentials: CustomStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .none: "no credentials"
        case .token: "a token"
        case .tokenFile(let path): "the token in \(path)"
        case .plugin(let plugin): "\(plugin)"
        }
    }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
