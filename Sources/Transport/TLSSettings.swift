/// How the server proves who it is, and who we are. TLS 1.2 is the least that is spoken.
package struct TLSSettings: Hashable, Sendable {
    /// PEM data, in memory or in a file.
    package enum Material: Hashable, Sendable {
        case data([UInt8])
        case file(String)
    }

    /// Whom to believe; `nil` for the system's authorities.
    package var authorities: Material?
    /// Our certificate, PEM.
    package var certificate: Material?
    /// Our certificate's key, PEM.
    package var key: Material?
    /// The name that the server's certificate must carry, where it is not the URL's host.
    package var serverName: String?
    /// Accept any server. For kubeconfigs with `insecure-skip-tls-verify` only.
    package var acceptsAnyServer: Bool

    package init(
        authorities: Material? = nil,
        certificate: Material? = nil,
        key: Material? = nil,
        serverName: String? = nil,
        acceptsAnyServer: Bool = false
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
        self.acceptsAnyServer = acceptsAnyServer
    }
}

// The key is a secret: nothing that prints a value shows it.
extension TLSSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { "TLS settings" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
