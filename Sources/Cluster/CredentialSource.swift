import Logging
import Transport

/// What requests show of us, from wherever the kubeconfig says it comes.
final class CredentialSource: Sendable {
    /// What one request shows.
    enum Shown: Hashable, Sendable {
        /// A bearer token, or nothing but the kubeconfig's own certificate.
        case token(String?)
        case plugin(ExecCredential)
    }

    private let tokens: TokenSource
    private let plugin: PluginCredentials?

    init(
        _ credentials: KubeConfiguration.Credentials, logger: Logger,
        settings: PluginCredentials.Settings = .init()
    ) {
        tokens = TokenSource(credentials)
        if case .plugin(let plugin) = credentials {
            self.plugin = PluginCredentials(plugin, logger: logger, settings: settings)
        } else {
            plugin = nil
        }
    }

    /// Puts on a request what proves who we are.
    ///
    /// - Parameter patience: how long to wait for a plugin where nothing holds without it.
    func authorize(
        _ request: inout HTTPRequest, patience: Duration
    ) async throws(CredentialProblem) -> Shown {
        guard let plugin else {
            let token = tokens.current()
            Self.bear(token, &request)
            return .token(token)
        }
        let credential = try await plugin.current(patience: patience)
        Self.bear(credential.token, &request)
        // A connection keeps the certificate that it was made with; new ones show this one.
        if let certificate = credential.certificate, let key = credential.key {
            request.tls.certificate = .data(certificate)
            request.tls.key = .data(key)
        }
        return .plugin(credential)
    }

    /// The server did not accept what was shown. True if there is something else now to try.
    func replace(_ shown: Shown, patience: Duration) async -> Bool {
        switch shown {
        case .token(let token): return tokens.replace(token)
        case .plugin(let credential):
            return await plugin?.replace(credential, patience: patience) ?? false
        }
    }

    private static func bear(_ token: String?, _ request: inout HTTPRequest) {
        if let token { request.headers.set("Authorization", "Bearer \(token)") }
    }
}
