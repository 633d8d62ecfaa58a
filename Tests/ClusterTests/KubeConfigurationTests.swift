import Cluster
import FoundationEssentials
import Testing
import Transport

@Suite struct KubeConfigurationTests {
    private static func file(
        server: String = "https://10.0.0.1:6443", cluster: String = "", user: String = "token: t",
        context: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: dev
        contexts:
        - name: dev
          context: {cluster: east, user: me\(context)}
        - name: other
          context: {cluster: gone, user: me}
        clusters:
        - name: east
          cluster: {server: "\(server)"\(cluster)}
        users:
        - name: me
          user: {\(user)}
        """
    }

    @Test func readsAToken() throws {
        let folder = try Folder()
        let path = try folder.write(Self.file(context: ", namespace: risk"))
        let configuration = try KubeConfiguration.load(path)
        #expect(configuration.server == "https://10.0.0.1:6443")
        #expect(configuration.credentials == .token("t"))
        #expect(configuration.namespace == "risk")
        #expect(configuration.tls == TLSSettings())
        #expect(configuration.origin == "\(path), context dev")
    }

    @Test func readsCertificates() throws {
        let folder = try Folder()
        let key = try folder.write("KEY", to: "key.pem")
        let path = try folder.write(
            Self.file(
                cluster: ", certificate-authority-data: aGVsbG8=, tls-server-name: api",
                user: "client-certificate-data: Y2VydA==, client-key: key.pem"))
        let configuration = try KubeConfiguration.load(path)
        #expect(configuration.tls.authorities == .data(Array("hello".utf8)))
        #expect(configuration.tls.certificate == .data(Array("cert".utf8)))
        #expect(configuration.tls.key == .file(key))
        #expect(configuration.tls.serverName == "api")
        #expect(configuration.credentials == .none)
        #expect(configuration.namespace == "default")
    }

    @Test(arguments: ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1/k8s/"])
    func plainHTTPIsForLoopback(_ server: String) throws {
        let folder = try Folder()
        let path = try folder.write(Self.file(server: server))
        let slashless = server.hasSuffix("/") ? String(server.dropLast()) : server
        #expect(try KubeConfiguration.load(path).server == slashless)
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        let text: String
        let says: String
        var context: String?
        var testDescription: String { says }
    }

    @Test(arguments: [
        Bad(text: "a: [", says: "config:2:1: "),
        Bad(text: "", says: "not one kubeconfig document"),
        Bad(text: "kind: Pod", says: "kind: Pod, expected Config"),
        Bad(text: "kind: Config", says: "current-context: not set"),
        Bad(text: file(), says: "context nope: not found in contexts", context: "nope"),
        Bad(
            text: file(), says: "context other: cluster gone: not found in clusters",
            context: "other"),
        Bad(
            text: file(server: "http://10.0.0.1"),
            says: "cluster east: server: plain http is accepted only for a server on loopback"),
        Bad(
            text: file(server: "http://127.0.0.1.example.com"),
            says: "plain http is accepted only for a server on loopback"),
        Bad(text: file(server: "10.0.0.1:6443"), says: "cluster east: server: not a URL"),
        Bad(text: file(server: "https://u:hidden@host"), says: "server: not a URL"),
        Bad(text: file(server: ""), says: "context dev: cluster east: server: missing"),
        Bad(
            text: file(cluster: ", insecure-skip-tls-verify: 'yes'"),
            says: "insecure-skip-tls-verify: string, expected a boolean"),
        Bad(
            text: file(
                cluster: ", insecure-skip-tls-verify: true, certificate-authority-data: aGVsbG8="),
            says: "insecure-skip-tls-verify: contradicts certificate-authority"),
        Bad(
            text: file(cluster: ", proxy-url: 'ftp://u:hidden@p'"),
            says: "proxy-url: not the URL of an http, https or socks5 proxy"),
        Bad(
            text: file(server: "http://127.0.0.1:1", cluster: ", proxy-url: 'http://u:hidden@p'"),
            says: "proxy-url: only a server with https is reached by a proxy"),
        Bad(
            text: file(cluster: ", certificate-authority-data: '***'"),
            says: "certificate-authority-data: not base64"),
        Bad(
            text: file(cluster: ", certificate-authority: nope.pem"),
            says: "nope.pem cannot be read"),
        Bad(text: file(user: "auth-provider: {name: gcp}"), says: "user me: auth-provider:"),
        Bad(text: file(user: "username: hidden"), says: "user me: username: passwords"),
        Bad(
            text: file(user: "token: t, as-groups: [hidden]"),
            says: "user me: as: missing, but as-uid, as-groups or as-user-extra is there"),
        Bad(
            text: file(user: "token: t, as: a, as-user-extra: {k: [1]}"),
            says: "user me: as-user-extra: k[0]: integer, expected a string"),
        Bad(text: file(user: #"token: t, as: "a\nhidden""#), says: "user me: as: control"),
        Bad(text: file(user: "token: 'hidden hidden'"), says: "user me: token: not a token"),
        Bad(text: file(user: "token: 5"), says: "user me: token: integer, expected a string"),
        Bad(text: file(user: "tokenFile: nope"), says: "user me: tokenFile:"),
        Bad(
            text: file(user: "client-certificate-data: Y2VydA=="),
            says: "client-certificate and client-key belong together"),
    ])
    func namesWhatIsWrong(_ bad: Bad) throws {
        let folder = try Folder()
        let path = try folder.write(bad.text)
        let error = #expect(throws: KubeConfiguration.Invalid.self) {
            try KubeConfiguration.load(path, options: .init(context: bad.context))
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix(path))
        #expect(text.contains(bad.says), "\(text)")
        #expect(!text.contains("hidden"))
    }

    @Test func trustInAnybodyIsObeyedWithAWarning() throws {
        let folder = try Folder()
        let path = try folder.write(Self.file(cluster: ", insecure-skip-tls-verify: true"))
        let configuration = try KubeConfiguration.load(path)
        #expect(configuration.tls.acceptsAnyServer)
        #expect(
            configuration.warning
                == """
                anybody can be the API server, and gets what proves who we are: \
                insecure-skip-tls-verify is set (\(path), context dev)
                """)
        let secure = try KubeConfiguration.load(try folder.write(Self.file()))
        #expect(!secure.tls.acceptsAnyServer)
        #expect(secure.warning == nil)
    }

    @Test func findsThePodsServiceAccount() throws {
        let folder = try Folder()
        _ = try folder.write("CA", to: "ca.crt")
        let environment = [
            "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443",
        ]
        let missing = #expect(throws: KubeConfiguration.Invalid.self) {
            try KubeConfiguration.inCluster(directory: folder.url.path, environment: environment)
        }
        #expect(missing?.file.hasSuffix("/token") == true)
        let token = try folder.write("t", to: "token")
        _ = try folder.write("risk\n", to: "namespace")
        let configuration = try KubeConfiguration.inCluster(
            directory: folder.url.path, environment: environment)
        #expect(configuration.server == "https://[fd00::1]:443")
        #expect(configuration.credentials == .tokenFile(token))
        #expect(configuration.namespace == "risk")
        #expect(throws: KubeConfiguration.Invalid.self) {
            try KubeConfiguration.inCluster(directory: folder.url.path, environment: [:])
        }
    }

    @Test func looksInTheUsualPlaces() throws {
        let folder = try Folder()
        let path = try folder.write(Self.file())
        let missing = "/nonexistent/config"
        #expect(
            try KubeConfiguration.find(path: path, environment: ["KUBECONFIG": missing])
                .credentials == .token("t"))
        #expect(
            try KubeConfiguration.find(environment: ["KUBECONFIG": path]).credentials
                == .token("t"))
        #expect(
            try KubeConfiguration.find(environment: ["KUBECONFIG": ":\(missing)::\(path)"])
                .credentials == .token("t"))
        for environment in [
            ["KUBECONFIG": "\(missing):\(missing)2"], ["KUBECONFIG": missing],
            ["HOME": "/nonexistent"],
            [:],
        ] {
            #expect(throws: KubeConfiguration.Invalid.self) {
                try KubeConfiguration.find(environment: environment)
            }
        }
    }
}
