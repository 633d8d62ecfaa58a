import Domain
import Transport

/// A program that prints credentials: the `exec` of a kubeconfig's user (client-go credential
/// plugins, `client.authentication.k8s.io` v1 and v1beta1).
package struct ExecPlugin: Hashable, Sendable {
    static let apiVersions = [
        "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1",
    ]

    let apiVersion: String
    /// As it is written, unless it is a path that begins in the kubeconfig's folder.
    let command: String
    let arguments: [String]
    /// What the kubeconfig adds to the environment, in its order.
    let variables: [String: String]
    /// The environment of this process.
    let inherited: [String: String]
    /// What to tell people who do not have the program.
    let installHint: String?
    /// Whether it may ask the person at the terminal.
    let isInteractive: Bool
    /// What it is told of the cluster, if it wants to know.
    let cluster: Document?
    /// For errors: the file, the context, the user.
    let place: String

    /// The value of `KUBERNETES_EXEC_INFO`.
    var info: Document {
        var spec: Document = ["interactive": .bool(isInteractive)]
        if let cluster { spec.set(["cluster"], to: cluster) }
        return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
    }

    /// The environment it runs in.
    var environment: [String: String] {
        var all = inherited.merging(variables) { $1 }
        all["KUBERNETES_EXEC_INFO"] = info.canonicalJSONString()
        return all
    }

    /// The file to run: the command if it is a path, else the first one of that name on PATH. No
    /// program is taken from a folder that PATH names relative to where we happen to be.
    func program() -> String? {
        let candidates: [String]
        if command.contains("/") {
            candidates = [command]
        } else {
            candidates = (inherited["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
                .filter { $0.hasPrefix("/") }.map { "\($0)/\(command)" }
        }
        return candidates.first { Files.isProgram($0) }
    }
}

// Arguments and variables may be secrets.
extension ExecPlugin: CustomStringConvertible, CustomReflectable {
    package var description: String { "credential plugin \(command)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

// MARK: - What a kubeconfig says

extension ExecPlugin {
    /// Reads `exec`; `nil` if the user has none.
    init?(
        user: KubeConfigurationEntry, cluster: KubeConfigurationEntry, tls: TLSSettings,
        _ options: KubeConfiguration.Options
    ) throws(KubeConfiguration.Invalid) {
        let fields = user.fields["exec"] ?? .null
        if fields.isNull { return nil }
        guard fields.objectValue != nil else {
            throw user.invalid("exec", "\(fields.kindName), expected an object")
        }
        let exec = KubeConfigurationEntry(
            file: user.file, place: "\(user.place): exec", fields: fields)
        let command = try exec.required("command")
        apiVersion = try exec.required("apiVersion")
        guard Self.apiVersions.contains(apiVersion) else {
            throw exec.invalid(
                "apiVersion",
                "\(apiVersion), expected one of \(Self.apiVersions.joined(separator: ", "))")
        }
        self.command = command.contains("/") ? exec.resolved(command) : command
        arguments = try exec.texts("args")
        variables = try Self.variables(exec)
        inherited = options.environment
        installHint = try exec.text("installHint")
        isInteractive = try Self.isInteractive(exec, apiVersion, options)
        let isTold = try exec.flag("provideClusterInfo")
        self.cluster = isTold ? try Self.information(cluster, tls) : nil
        place = "\(exec.file): \(exec.place)"
    }

    private static func variables(
        _ exec: KubeConfigurationEntry
    ) throws(KubeConfiguration.Invalid) -> [String: String] {
        var variables: [String: String] = [:]
        for (index, variable) in try exec.list("env").enumerated() {
            guard let name = variable["name"]?.stringValue, !name.isEmpty, !name.contains("="),
                let value = (variable["value"] ?? "").stringValue
            else { throw exec.invalid("env[\(index)]", "expected a name and a value") }
            variables[name] = value
        }
        let texts = try exec.texts("args") + variables.keys + variables.values
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw exec.invalid("", "a NUL in args or env")
        }
        return variables
    }

    /// v1 wants to be told; v1beta1 asks people where there are any.
    private static func isInteractive(
        _ exec: KubeConfigurationEntry, _ apiVersion: String,
        _ options: KubeConfiguration.Options
    ) throws(KubeConfiguration.Invalid) -> Bool {
        let fallback = apiVersion.hasSuffix("/v1beta1") ? "IfAvailable" : nil
        switch try exec.text("interactiveMode") ?? fallback {
        case "Never": return false
        case "IfAvailable": return options.hasTerminal
        case "Always" where options.hasTerminal: return true
        case "Always":
            throw exec.invalid(
                "interactiveMode", "Always, and there is no terminal to ask somebody at")
        case nil: throw exec.invalid("interactiveMode", "missing; \(apiVersion) requires it")
        case let other?:
            throw exec.invalid(
                "interactiveMode", "\(other), expected Never, IfAvailable or Always")
        }
    }

    /// The cluster as plugins are told of it: authorities always as bytes.
    private static func information(
        _ cluster: KubeConfigurationEntry, _ tls: TLSSettings
    ) throws(KubeConfiguration.Invalid) -> Document {
        var fields: [(String, Document)] = [("server", .string(try cluster.required("server")))]
        if let name = tls.serverName { fields.append(("tls-server-name", .string(name))) }
        if tls.acceptsAnyServer { fields.append(("insecure-skip-tls-verify", true)) }
        switch tls.authorities {
        case .data(let bytes):
            fields.append(("certificate-authority-data", .string(Base64.encode(bytes))))
        case .file(let path):
            guard let bytes = try? Files.read(path) else {
                throw cluster.invalid("certificate-authority", "\(path) cannot be read")
            }
            fields.append(("certificate-authority-data", .string(Base64.encode(bytes))))
        case nil: break
        }
        if let proxy = try cluster.text("proxy-url") {
            fields.append(("proxy-url", .string(proxy)))
        }
        if try cluster.flag("disable-compression") { fields.append(("disable-compression", true)) }
        let own = try cluster.list("extensions").first {
            $0["name"] == "client.authentication.k8s.io/exec"
        }
        if let config = own?["extension"] { fields.append(("config", config)) }
        return .object(Fields(fields.map { Fields.Member(key: $0.0, value: $0.1) }))
    }
}
