import Domain
import Glibc
import KubeWire
import Logging
import Resources
import TestServers
import Testing

@testable import Cluster

/// Which proxy is used, and what it gets to see.
@Suite(.timeLimit(.minutes(1)))
struct ProxyTests {
    private static func load(
        server: String = "https://api.example.com:6443", proxy: String = "",
        environment: [String: String] = [:]
    ) throws -> KubeConfiguration {
        let text = """
            current-context: dev
            contexts: [{name: dev, context: {cluster: east, user: me}}]
            clusters: [{name: east, cluster: {server: "\(server)", proxy-url: "\(proxy)"}}]
            users: [{name: me, user: {token: canary}}]
            """
        return try KubeConfiguration.read(
            Array(text.utf8), from: "/etc/kube/config", options: .init(environment: environment))
    }

    @Test(arguments: [
        ("http://p:3128", "http://p:3128"), ("https://p/", "https://p"),
        ("socks5://p:1080", "socks5h://p:1080"), ("HTTP://u:pw@p:1", "http://u:pw@p:1"),
    ])
    func takesTheProxyOfTheCluster(_ url: String, _ used: String) throws {
        // It comes before the environment's, and NO_PROXY says nothing about it.
        let found = try Self.load(
            proxy: url, environment: ["HTTPS_PROXY": "http://other", "NO_PROXY": "*"])
        #expect(found.proxy?.url == used)
        #expect(!"\(found)".contains("pw"))
    }

    @Test(arguments: [
        "p:3128", "ftp://p", "http://", "http://p/path", "http://p q", "http://p?x", "socks4://p",
    ])
    func whatIsNoProxyIsRefused(_ url: String) throws {
        let error = #expect(throws: KubeConfiguration.Invalid.self) { try Self.load(proxy: url) }
        #expect(error?.place == "context dev: cluster east: proxy-url")
    }

    @Test func takesTheProxyOfTheEnvironmentForServersElsewhere() throws {
        #expect(
            try Self.load(environment: ["https_proxy": "p:3128"]).proxy?.url == "http://p:3128")
        #expect(
            try Self.load(environment: ["HTTPS_PROXY": "socks5://p", "https_proxy": "http://q"])
                .proxy?.url == "socks5h://p")
        for environment in [[:], ["HTTPS_PROXY": ""], ["HTTP_PROXY": "http://p"]] {
            #expect(try Self.load(environment: environment).proxy == nil)
        }
        for server in ["https://127.0.0.1:6443", "https://localhost", "http://127.0.0.1:1"] {
            #expect(
                try Self.load(server: server, environment: ["HTTPS_PROXY": "p"]).proxy == nil)
        }
        let error = #expect(throws: KubeConfiguration.Invalid.self) {
            try Self.load(environment: ["HTTPS_PROXY": "ftp://u:hidden@p"])
        }
        #expect(
            error?.description == "HTTPS_PROXY: not the URL of an http, https or socks5 proxy")
    }

    @Test(arguments: [
        ("example.com", "api.example.com", true), ("example.com", "example.com", true),
        ("example.com", "badexample.com", false), (".example.com", "api.example.com", true),
        (".example.com", "example.com", false), ("*.example.com", "api.example.com", true),
        ("other, EXAMPLE.com", "api.example.com", true), ("*", "api.example.com", true),
        ("example.com:6443", "api.example.com", true),
        ("example.com:443", "api.example.com", false), ("", "api.example.com", false),
        ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.1.2.3", false),
        ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3:6443", "10.1.2.3", true),
        ("10.1.2.3:443", "10.1.2.3", false), ("2.3", "10.1.2.3", false),
        ("fd00::/8", "[fd00::1]", true), ("fd00::1", "[fd00:0::1]", true),
        ("[fd00::1]:6443", "[fd00::1]", true), ("10.0.0.0/99", "10.1.2.3", false),
    ])
    func obeysNO_PROXY(_ rules: String, _ host: String, _ isExcepted: Bool) {
        #expect(ProxyExceptions(rules).apply(host: host, port: 6443) == isExcepted)
    }

    /// client-go and kubectl go by `proxy-url` whatever `NO_PROXY` says: a cluster that is reached
    /// by a proxy alone is not reached without it. In a process of its own, for libcurl would ask
    /// the environment itself.
    @Test func noProxyOfTheEnvironmentDoesNotOverruleTheProxyOfTheKubeconfig() async {
        await #expect(processExitsWith: .success) {
            for name in ["NO_PROXY", "no_proxy"] { setenv(name, "*", 1) }
            let proxy = try ScriptedServer { _, peer in
                peer.answer(403, "no")
                return .close
            }
            // Nobody is asked for this name, unless by the proxy.
            let configuration = try Self.load(
                server: "https://127.0.0.1:1", proxy: proxy.url,
                environment: ["NO_PROXY": "*", "no_proxy": "127.0.0.1"])
            try #require(configuration.proxy?.url == proxy.url)
            let client = try ClusterClient(configuration, logger: .quiet)
            _ = await client.get(ResourceKey(.configMap, namespace: "n", name: "a"))
            _ = try? await client.list(ObjectSelection(.configMap))
            await client.shutDown()
            let asked = proxy.requests.map { "\($0.method) \($0.target)" }
            try #require(asked == ["CONNECT 127.0.0.1:1", "CONNECT 127.0.0.1:1"])
        }
    }

    /// The proxy is asked for a tunnel, and sees neither the token nor the request.
    @Test func aProxyDoesNotSeeTheToken() async throws {
        let proxy = try ScriptedServer { _, peer in
            peer.answer(403, "no")
            return .close
        }
        let url = proxy.url.replacing("http://", with: "http://user:pw@")
        let client = try ClusterClient(Self.load(proxy: url), logger: .quiet)
        let outcome = await client.perform(
            .create(ResourceKey(.configMap, namespace: "n", name: "a"), ["metadata": [:]]))
        guard case .notApplied(let refusal) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(refusal.kind == .unreachable)
        #expect(!refusal.message.contains("pw"))
        let request = try #require(proxy.requests.first)
        #expect(request.method == "CONNECT")
        #expect(request.target == "api.example.com:6443")
        #expect(request.headers["proxy-authorization"] == "Basic dXNlcjpwdw==")
        #expect(request.headers["authorization"] == nil)
        await client.shutDown()
    }
}

/// Being somebody else.
@Suite(.timeLimit(.minutes(1)))
struct ImpersonationTests {
    @Test func everyRequestSaysWhomWeShallBeTakenFor() async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(200, #"{"kind":"ConfigMap","metadata":{"name":"a"}}"#)
            return .keep
        }
        let text = """
            current-context: dev
            contexts: [{name: dev, context: {cluster: east, user: me}}]
            clusters: [{name: east, cluster: {server: "\(server.url)"}}]
            users:
            - name: me
              user:
                token: t
                as: jane
                as-uid: u-1
                as-groups: [devs]
                as-user-extra: {example.org/scopes: [all]}
            """
        let client = try ClusterClient(
            KubeConfiguration.read(Array(text.utf8), from: "/etc/kube/config"), logger: .quiet)
        _ = await client.get(ResourceKey(.configMap, namespace: "n", name: "a"))
        let headers = try #require(server.requests.first?.headers)
        #expect(headers["impersonate-user"] == "jane")
        #expect(headers["impersonate-uid"] == "u-1")
        #expect(headers["impersonate-group"] == "devs")
        #expect(headers["impersonate-extra-example.org%2fscopes"] == "all")
        #expect(headers["authorization"] == "Bearer t")
        await client.shutDown()
    }
}
