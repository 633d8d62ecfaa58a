import Transport

/// What people can do about a TLS connection that does not come about. Reads what libcurl says
/// with OpenSSL; where it says something else, there is no advice.
enum TLSAdvice {
    /// - Parameter origin: the file and the context that trust and certificates come from.
    static func text(for error: TransportError, origin: String) -> String? {
        // With TLS 1.3 a server refuses our certificate only after the handshake.
        guard error.kind == .tls || error.kind == .connectionBroken else { return nil }
        return rules.first { rule in rule.signs.contains { error.detail.contains($0) } }
            .map { "\($0.advice) (\(origin))" }
    }

    private static let rules: [(signs: [String], advice: String)] = [
        (
            ["certificate has expired"],
            "the server's certificate has expired: it must be renewed, unless the clock of this "
                + "machine is wrong"
        ),
        (
            ["certificate is not yet valid"],
            "the server's certificate is not valid yet: the clock of this machine or of the one "
                + "that issued it is wrong"
        ),
        (
            [
                "unable to get local issuer certificate", "self-signed certificate",
                "self signed certificate", "unable to get issuer certificate",
                "certificate signature failure",
            ],
            "nobody who is trusted has signed the server's certificate: certificate-authority "
                + "must be the authority of this cluster"
        ),
        (
            [
                "no alternative certificate subject name matches",
                "does not match target host name",
                "unable to obtain common name",
            ],
            "the server's certificate is for other names: server must be one of them, or "
                + "tls-server-name must say which to expect"
        ),
        (
            [
                "error setting certificate verify locations", "error importing CA certificate",
                "error adding trust anchors",
                "error setting certificate file", "error reading ca cert",
            ],
            "certificate-authority holds no certificate that can be read"
        ),
        (
            [
                "could not load PEM client certificate", "could not load client certificate",
                "unable to set private key", "unable to set client certificate",
                "unable to use client certificate", "Private key does not match",
                "unable to load client key",
            ],
            "client-certificate and client-key cannot be read or do not belong together"
        ),
        (
            ["alert certificate expired"],
            "the server refuses our client certificate, for it has expired: it must be renewed"
        ),
        (
            [
                "alert certificate required", "alert bad certificate", "alert unknown ca",
                "alert certificate unknown", "alert certificate revoked",
                "alert handshake failure",
            ],
            "the server refuses our client certificate or misses one: client-certificate must be "
                + "one of this cluster's authority"
        ),
        (
            ["wrong version number"],
            "what answers there does not speak TLS: the address or port of server is another one's"
        ),
    ]
}
