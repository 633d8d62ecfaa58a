import Transport

extension KubeConfiguration {
    /// For people: which credential requests show and where it stands, such as
    /// `tokenFile /run/token (config, context dev: user me)`; never the secret itself.
    package var identity: String {
        var shown: [String] = []
        switch credentials {
        case .none: break
        case .token: shown.append("the token")
        case .tokenFile(let path):
            shown.append(isInCluster ? "the token in \(path)" : "tokenFile \(path)")
        case .plugin(let plugin): shown.append("what exec of \(plugin.command) gave")
        }
        switch tls.certificate {
        case .file(let path): shown.append("client-certificate \(path)")
        case .data: shown.append("client-certificate-data")
        case nil: break
        }
        let what =
            shown.isEmpty ? "a request without credentials" : shown.joined(separator: " and ")
        return "\(what) (\(userOrigin))"
    }
}
