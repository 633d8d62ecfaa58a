import Documents
import Domain
import Transport

extension KubeConfiguration {
    /// Reads a kubeconfig file. What is not supported yet (exec plugins, proxies, impersonation,
    /// passwords) is refused by name if the chosen context needs it.
    package static func load(
        _ path: String, options: Options = Options()
    ) throws(Invalid) -> KubeConfiguration {
        let bytes: [UInt8]
        do throws(Files.Unreadable) {
            bytes = try Files.read(path)
        } catch {
            throw Invalid(file: path, place: "", reason: error.reason)
        }
        return try read(bytes, from: path, options: options)
    }

    /// Reads the bytes of a kubeconfig file; `path` is where relative paths in it begin.
    package static func read(
        _ bytes: [UInt8], from path: String, options: Options = Options()
    ) throws(Invalid) -> KubeConfiguration {
        try KubeConfigurationFile(bytes, path).configuration(options)
    }
}

/// A kubeconfig file that has been read.
private struct KubeConfigurationFile {
    typealias Invalid = KubeConfiguration.Invalid

    private let path: String
    private let root: Document

    init(_ bytes: [UInt8], _ path: String) throws(Invalid) {
        self.path = path
        let documents: [LocatedDocument]
        do throws(YAML.ParseError) {
            documents = try YAML.parse(bytes)
        } catch {
            throw Invalid(file: "\(path):\(error.position)", place: "", reason: error.reason)
        }
        guard documents.count == 1, let root = documents.first?.document,
            root.objectValue != nil
        else { throw Invalid(file: path, place: "", reason: "not one kubeconfig document") }
        if let kind = root["kind"]?.stringValue, kind != "Config" {
            throw Invalid(file: path, place: "kind", reason: "\(kind), expected Config")
        }
        self.root = root
    }

    func configuration(_ options: KubeConfiguration.Options) throws(Invalid) -> KubeConfiguration {
        guard
            let name = options.context ?? root["current-context"]?.stringValue, !name.isEmpty
        else { throw invalid("current-context", "not set, and no context was asked for") }
        let here = "context \(name)"
        let context = try entry("contexts", "context", named: name, asked: here)
        let clusterName = try required(context, "cluster", here)
        let cluster = try entry(
            "clusters", "cluster", named: clusterName, asked: "\(here): cluster \(clusterName)")
        let inCluster = "\(here): cluster \(clusterName)"
        let server = try self.server(cluster, inCluster)
        var tls = try trust(cluster, inCluster, options)
        var credentials = KubeConfiguration.Credentials.none
        if let userName = try text(context, "user", here) {
            let inUser = "\(here): user \(userName)"
            let user = try entry("users", "user", named: userName, asked: inUser)
            try refuseUnsupported(user, inUser)
            credentials = try self.credentials(user, inUser)
            tls.certificate = try material(user, "client-certificate", inUser)
            tls.key = try material(user, "client-key", inUser)
            guard (tls.certificate == nil) == (tls.key == nil) else {
                throw invalid(inUser, "client-certificate and client-key belong together")
            }
        }
        return KubeConfiguration(
            server: server, tls: tls, credentials: credentials,
            namespace: try text(context, "namespace", here) ?? "default",
            origin: "\(path), context \(name)")
    }

    private func server(_ cluster: Document, _ place: String) throws(Invalid) -> String {
        if cluster["proxy-url"] != nil {
            throw invalid("\(place): proxy-url", "proxies are not supported yet")
        }
        let server = try required(cluster, "server", place)
        guard let url = ParsedURL(server), !server.contains("?"), !server.contains("#") else {
            throw invalid("\(place): server", "not a URL of a server")
        }
        guard url.scheme == "https" || url.isLoopback else {
            throw invalid(
                "\(place): server", "plain http is accepted only for a server on loopback")
        }
        return server
    }

    private func trust(
        _ cluster: Document, _ place: String, _ options: KubeConfiguration.Options
    ) throws(Invalid) -> TLSSettings {
        let authorities = try material(cluster, "certificate-authority", place)
        let field = "insecure-skip-tls-verify"
        let insecure = cluster[field] ?? false
        guard let isInsecure = insecure.boolValue else {
            throw invalid("\(place): \(field)", "\(insecure.kindName), expected a boolean")
        }
        if isInsecure {
            guard options.acceptsAnyServer else {
                throw invalid(
                    "\(place): \(field)", "refused: it must be allowed explicitly as well")
            }
            guard authorities == nil else {
                throw invalid("\(place): \(field)", "contradicts certificate-authority")
            }
        }
        return TLSSettings(
            authorities: authorities, serverName: try text(cluster, "tls-server-name", place),
            acceptsAnyServer: isInsecure)
    }

    private func refuseUnsupported(_ user: Document, _ place: String) throws(Invalid) {
        let unsupported = [
            ("exec", "credential plugins are not supported yet"),
            ("auth-provider", "auth providers are not supported; Kubernetes removed them"),
            ("username", "passwords are not supported; Kubernetes removed them"),
            ("password", "passwords are not supported; Kubernetes removed them"),
            ("as", "impersonation is not supported yet"),
            ("as-uid", "impersonation is not supported yet"),
            ("as-groups", "impersonation is not supported yet"),
            ("as-user-extra", "impersonation is not supported yet"),
        ]
        for (field, reason) in unsupported where !(user[field] ?? .null).isNull {
            throw invalid("\(place): \(field)", reason)
        }
    }

    private func credentials(
        _ user: Document, _ place: String
    ) throws(Invalid) -> KubeConfiguration.Credentials {
        // As in kubectl, the file comes before the token.
        if let file = try text(user, "tokenFile", place) {
            let path = resolved(file)
            guard Files.isReadable(path) else {
                throw invalid("\(place): tokenFile", "\(path) cannot be read")
            }
            return .tokenFile(path)
        }
        guard let token = try text(user, "token", place) else { return .none }
        guard TokenSource.isUsable(token) else {
            throw invalid("\(place): token", "not a token")
        }
        return .token(token)
    }

    // MARK: Fields

    private func invalid(_ place: String, _ reason: String) -> Invalid {
        Invalid(file: path, place: place, reason: reason)
    }

    /// `NAME` in a list of `{name: NAME, KEY: {…}}`.
    private func entry(
        _ list: String, _ key: String, named name: String, asked place: String
    ) throws(Invalid) -> Document {
        for entry in root[list]?.arrayValue ?? [] where entry["name"]?.stringValue == name {
            let value = entry[key] ?? .null
            guard value.objectValue != nil else {
                throw invalid("\(place): \(key)", "\(value.kindName), expected an object")
            }
            return value
        }
        throw invalid(place, "not found in \(list)")
    }

    /// `nil` where the field is missing or empty.
    private func text(
        _ object: Document, _ field: String, _ place: String
    ) throws(Invalid) -> String? {
        let value = object[field] ?? .null
        if value.isNull { return nil }
        guard let text = value.stringValue else {
            throw invalid("\(place): \(field)", "\(value.kindName), expected a string")
        }
        return text.isEmpty ? nil : text
    }

    private func required(
        _ object: Document, _ field: String, _ place: String
    ) throws(Invalid) -> String {
        guard let text = try text(object, field, place) else {
            throw invalid("\(place): \(field)", "missing")
        }
        return text
    }

    /// `FIELD-data` (base64), else the file named by `FIELD`.
    private func material(
        _ object: Document, _ field: String, _ place: String
    ) throws(Invalid) -> TLSSettings.Material? {
        if let data = try text(object, "\(field)-data", place) {
            guard let bytes = Base64.decode(data) else {
                throw invalid("\(place): \(field)-data", "not base64")
            }
            return .data(bytes)
        }
        guard let file = try text(object, field, place) else { return nil }
        let path = resolved(file)
        guard Files.isReadable(path) else {
            throw invalid("\(place): \(field)", "\(path) cannot be read")
        }
        return .file(path)
    }

    /// Relative paths start at the kubeconfig's directory.
    private func resolved(_ file: String) -> String {
        guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return file }
        return path[...slash] + file
    }
}
