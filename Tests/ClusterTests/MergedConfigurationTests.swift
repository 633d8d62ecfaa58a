import Cluster
import FoundationEssentials
import Testing
import Transport

/// Several files in `KUBECONFIG`, read as one as kubectl does.
@Suite struct MergedConfigurationTests {
    private static let contexts = """
        current-context: dev
        contexts:
        - {name: dev, context: {cluster: east, user: me, namespace: risk}}
        - {name: lost, context: {cluster: nowhere, user: me}}
        """
    private static let cluster = """
        current-context: other
        contexts:
        - {name: dev, context: {cluster: west, user: you}}
        - {name: other, context: {cluster: east, user: me}}
        clusters:
        - name: east
          cluster: {server: "https://east", certificate-authority: ca.pem}
        """
    private static let user = """
        clusters:
        - {name: east, cluster: {server: "https://late", tls-server-name: late}}
        users:
        - {name: me, user: {tokenFile: secrets/token}}
        """

    @Test func contextClusterAndUserMayStandInDifferentFiles() throws {
        let folder = try Folder()
        let authority = try folder.write("CA", to: "b/ca.pem")
        let token = try folder.write("t", to: "c/secrets/token")
        let paths = [
            try folder.write(Self.contexts, to: "a/config"),
            try folder.write(Self.cluster, to: "b/config"),
            try folder.write(Self.user, to: "c/config"),
        ]
        let found = try KubeConfiguration.find(
            environment: ["KUBECONFIG": paths.joined(separator: ":")])
        #expect(found.server == "https://east")
        // Relative paths begin where the entry stands.
        #expect(found.tls == TLSSettings(authorities: .file(authority)))
        #expect(found.credentials == .tokenFile(token))
        #expect(found.namespace == "risk")
        #expect(found.origin == "\(paths[0]), context dev")
    }

    @Test func theFirstFileThatNamesACurrentContextDecides() throws {
        let folder = try Folder()
        try folder.write("CA", to: "ca.pem")
        try folder.write("t", to: "secrets/token")
        let paths = [
            try folder.write(Self.user, to: "user"),
            try folder.write(Self.cluster, to: "cluster"),
            try folder.write(Self.contexts, to: "contexts"),
        ]
        #expect(try KubeConfiguration.load(paths).origin == "\(paths[1]), context other")
    }

    /// Even where the later file says something that the first does not.
    @Test func anEntryIsTakenWholeFromTheFirstFileThatHasIt() throws {
        let folder = try Folder()
        try folder.write("t", to: "secrets/token")
        let paths = [
            try folder.write(Self.contexts, to: "contexts"),
            try folder.write(Self.user, to: "user"),
            try folder.write(Self.cluster, to: "cluster"),
        ]
        let found = try KubeConfiguration.load(paths)
        #expect(found.server == "https://late")
        #expect(found.tls == TLSSettings(serverName: "late"))
    }

    @Test func filesThatAreMissingOrEmptyArePassedOver() throws {
        let folder = try Folder()
        try folder.write("CA", to: "ca.pem")
        try folder.write("t", to: "secrets/token")
        let paths = [
            "/nonexistent/config", try folder.write("", to: "empty"),
            try folder.write(Self.contexts, to: "contexts"), "/nonexistent/other",
            try folder.write(Self.cluster, to: "cluster"),
            try folder.write(Self.user, to: "user"),
        ]
        #expect(try KubeConfiguration.load(paths).server == "https://east")
        let error = #expect(throws: KubeConfiguration.Invalid.self) {
            try KubeConfiguration.load([paths[0], paths[3]])
        }
        #expect(
            error?.description
                == "/nonexistent/config:/nonexistent/other: none of these files exists")
    }

    @Test func aFileThatCannotBeReadIsNotPassedOver() throws {
        let folder = try Folder()
        let broken = try folder.write("contexts: [", to: "broken")
        let good = try folder.write(Self.contexts, to: "contexts")
        for bad in [broken, folder.url.path, "\(good)/below"] {
            let error = #expect(throws: KubeConfiguration.Invalid.self) {
                try KubeConfiguration.load([good, bad])
            }
            #expect(error?.file.hasPrefix(bad) == true, "\(String(describing: error))")
        }
    }

    @Test func errorsNameTheFileThatTheEntryCameFrom() throws {
        let folder = try Folder()
        let paths = [
            try folder.write(Self.contexts, to: "a"), try folder.write(Self.cluster, to: "b"),
            try folder.write(Self.user, to: "c"),
        ]
        func says(_ context: String? = nil) -> String? {
            #expect(throws: KubeConfiguration.Invalid.self) {
                try KubeConfiguration.load(paths, options: .init(context: context))
            }?.description
        }
        let folderPath = folder.url.path
        #expect(
            says()
                == """
                \(paths[1]): context dev: cluster east: certificate-authority: \
                \(folderPath)/ca.pem cannot be read
                """)
        try folder.write("CA", to: "ca.pem")
        #expect(
            says()
                == """
                \(paths[2]): context dev: user me: tokenFile: \(folderPath)/secrets/token cannot \
                be read
                """)
        // What is nowhere was looked for in all of them.
        let all = paths.joined(separator: ":")
        #expect(says("nope") == "\(all): context nope: not found in contexts")
        #expect(
            says("lost") == "\(all): context lost: cluster nowhere: not found in clusters")
    }

    @Test func twoEntriesOfOneNameInAFileAreRefused() throws {
        let folder = try Folder()
        let twice = try folder.write(
            Self.contexts + "\n- {name: dev, context: {cluster: west, user: you}}")
        let error = #expect(throws: KubeConfiguration.Invalid.self) {
            try KubeConfiguration.load(twice)
        }
        #expect(error?.description == "\(twice): context dev: 2 times in contexts, expected once")
    }
}
