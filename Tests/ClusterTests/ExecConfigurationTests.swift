import Cluster
import Testing

/// What a kubeconfig may say of a credential plugin.
@Suite struct ExecConfigurationTests {
    private static let version = "apiVersion: client.authentication.k8s.io/v1"

    private static func load(
        _ exec: String, user: String = "", hasTerminal: Bool = false
    ) throws -> KubeConfiguration {
        let text = """
            current-context: dev
            contexts: [{name: dev, context: {cluster: east, user: me}}]
            clusters: [{name: east, cluster: {server: "https://10.0.0.1"}}]
            users: [{name: me, user: {\(user)exec: {\(exec)}}}]
            """
        return try KubeConfiguration.read(
            Array(text.utf8), from: "/etc/kube/config",
            options: .init(hasTerminal: hasTerminal))
    }

    @Test(arguments: [
        ("\(version)", "command: missing"),
        ("command: a", "apiVersion: missing"),
        (
            "command: a, apiVersion: client.authentication.k8s.io/v1alpha1",
            "apiVersion: client.authentication.k8s.io/v1alpha1, expected one of"
        ),
        ("\(version), command: a", "interactiveMode: missing"),
        (
            "\(version), command: a, interactiveMode: always",
            "interactiveMode: always, expected Never, IfAvailable or Always"
        ),
        (
            "\(version), command: a, interactiveMode: Always",
            "interactiveMode: Always, and there is no terminal"
        ),
        (
            "\(version), command: a, interactiveMode: Never, args: hidden",
            "args: string, expected a list"
        ),
        (
            "\(version), command: a, interactiveMode: Never, args: [hidden, 5]",
            "args[1]: integer, expected a string"
        ),
        (
            "\(version), command: a, interactiveMode: Never, env: [{value: hidden}]",
            "env[0]: expected a name and a value"
        ),
        (
            "\(version), command: a, interactiveMode: Never, provideClusterInfo: hidden",
            "provideClusterInfo: string, expected a boolean"
        ),
    ])
    func namesWhatIsWrong(_ exec: String, _ says: String) throws {
        let error = #expect(throws: KubeConfiguration.Invalid.self) { try Self.load(exec) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("/etc/kube/config: context dev: user me: exec: \(says)"), "\(text)")
        #expect(!text.contains("hidden"))
    }

    @Test func whoWantsATerminalGetsItWhereThereIsOne() throws {
        let always = "\(Self.version), command: a, interactiveMode: Always"
        #expect(try Self.load(always, hasTerminal: true).credentials != .none)
        let older = "apiVersion: client.authentication.k8s.io/v1beta1, command: a"
        #expect(try Self.load(older).credentials != .none)
    }

    @Test func aTokenComesBeforeAPlugin() throws {
        let found = try Self.load(
            "\(Self.version), command: a, interactiveMode: Never", user: "token: t, ")
        #expect(found.credentials == .token("t"))
    }
}
