import API
import Domain
import Foundation
import Resources
import Testing

/// Commands that talk to a cluster, against the embedded API.
@Suite(.timeLimit(.minutes(2))) struct ClusterCommandTests {
    private static let old = DeclaredVersion(name: "7", uri: "s3://models/fraud/7", weight: 75)
    private static let new = DeclaredVersion(name: "8", uri: "s3://models/fraud/8", weight: 25)

    private static let release = ModelRelease(
        metadata: ObjectMetadata(name: "fraud-scorer", namespace: "risk"),
        spec: ReleaseSpec(
            runtime: .mlserver, versions: [old, new], serving: .init(replicas: 3),
            traffic: .gateway(.init(parentRefs: [.init(name: "public")], path: "/fraud")),
            strategy: .canary(.default)))

    private static func share(_ version: DeclaredVersion, _ weight: Int) -> DeclaredShare {
        DeclaredShare(
            digest: release.spec.digest(of: version), version: version.name, weight: weight)
    }

    /// A rollout that stands at a pause.
    private static func waiting(_ status: inout ReleaseStatus) {
        let start = Timestamp(milliseconds: 1_700_000_000_000)
        status.phase = .paused
        status.message = "waiting for approval"
        status.observedGeneration = 1
        status.declared = [share(old, 75), share(new, 25)]
        status.proven = ProvenSplit(shares: [share(old, 100)], commit: "a1b2c3d", since: start)
        status.attempt = Attempt(
            intent: 2, target: status.declared, new: [share(new, 25).digest], step: 1,
            startedAt: start, commit: "", author: "")
        status.step = StepStatus(index: 2, of: 4, weight: 5, waitsFor: "approval")
    }

    @Test func getListsWhatTheStatusSays() async throws {
        try await ClusterOfTests.run { cluster in
            let none = try await cluster.slipway("get")
            #expect(none.code == 0)
            #expect(none.output == "")
            #expect(none.error == "No releases in namespace risk.\n")

            try await cluster.create(Self.release)
            let fresh = try await cluster.slipway("get")
            #expect(fresh.output.contains("no controller has looked at it yet"))

            try await cluster.write(Self.waiting)
            let run = try await cluster.slipway("get", "fraud-scorer")
            #expect(run.code == 0)
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.hasPrefix("NAME           PHASE    VERSIONS") == true)
            #expect(lines.last?.hasPrefix("fraud-scorer   Paused") == true)

            let name = try await cluster.slipway("get", "-o", "name")
            #expect(name.output == "modelrelease.slipway.dev/fraud-scorer\n")
            let json = try await cluster.slipway("get", "fraud-scorer", "-o", "json")
            #expect(json.output.contains("\"phase\": \"Paused\""))
        }
    }

    @Test func aMissingNameSaysWhichThereAre() async throws {
        try await ClusterOfTests.run { cluster in
            try await cluster.create(Self.release)
            for command in ["get", "describe", "history", "approve", "pause"] {
                let run = try await cluster.slipway(command, "nothing")
                #expect(run.code == 2)
                #expect(
                    run.error
                        == "Error: release risk/nothing not found; there are: fraud-scorer\n")
            }
        }
    }

    @Test func describeAndHistoryReadTheStatus() async throws {
        try await ClusterOfTests.run { cluster in
            try await cluster.create(Self.release)
            let empty = try await cluster.slipway("history", "fraud-scorer")
            #expect(empty.error == "Nothing has happened to risk/fraud-scorer yet.\n")
            try await cluster.write { status in
                Self.waiting(&status)
                status.history = [
                    HistoryEntry(
                        verdict: .promoted, intent: 1, shares: [Self.share(Self.old, 100)],
                        commit: "a1b2c3d4", author: "Dana", evidence: "baked 1h",
                        startedAt: Timestamp(milliseconds: 1_600_000_000_000),
                        endedAt: Timestamp(milliseconds: 1_600_003_600_000))
                ]
            }
            let page = try await cluster.slipway("describe", "fraud-scorer")
            #expect(page.code == 0)
            #expect(
                page.output.contains("Next:               slipway approve fraud-scorer -n risk\n"))
            let history = try await cluster.slipway("history", "fraud-scorer")
            #expect(history.output.contains("Promoted   7          a1b2c3d   Dana     60m"))
            #expect(
                try await cluster.slipway("history", "fraud-scorer", "-o", "name").output == "1\n")
        }
    }

    @Test func approveWritesTheRequestAndWaitsUntilItIsHandled() async throws {
        try await ClusterOfTests.run { cluster in
            try await cluster.create(Self.release)
            try await cluster.write(Self.waiting)
            async let run = cluster.slipway("approve", "fraud-scorer")
            try await cluster.handleOne(Names.approve) { status in
                status.phase = .progressing
                status.message = "on its way"
                status.step?.waitsFor = "the hold"
            }
            let ended = try await run
            #expect(ended.code == 0)
            #expect(
                ended.output.hasPrefix(
                    "ok: risk/fraud-scorer: approved step 2 of 4 to 7 (75 %), 8 (25 %)\n"))
            #expect(ended.output.hasSuffix("ok: the controller has taken it up\n"))

            let digest = Self.share(Self.new, 25).digest.hex
            let value = try await cluster.read().metadata.annotation(Names.approve)
            #expect(value?.hasPrefix("\(digest)/2@") == true)

            let again = try await cluster.slipway("approve", "fraud-scorer")
            #expect(again.code == 2)
            #expect(again.error.contains("nothing to approve: step 2 of 4 waits for the hold"))
        }
    }

    @Test func withoutAControllerTheWaitEnds() async throws {
        try await ClusterOfTests.run { cluster in
            try await cluster.create(Self.release)
            try await cluster.write(Self.waiting)
            let run = try await cluster.slipway("promote", "fraud-scorer", "--timeout", "500ms")
            #expect(run.code == 1)
            #expect(run.error.contains("has not taken it up within 500ms"))
            let quick = try await cluster.slipway("rollback", "fraud-scorer", "--no-wait")
            #expect(quick.code == 0)
            #expect(
                quick.output == "ok: risk/fraud-scorer: asked to go back to 7 (100 %)\n")
        }
    }

    @Test func pauseAndResumeChangeOneAnnotation() async throws {
        try await ClusterOfTests.run { cluster in
            try await cluster.create(Self.release)
            #expect(try await cluster.slipway("pause", "fraud-scorer").code == 0)
            #expect(try await cluster.read().metadata.annotation(Names.pause) == "true")
            #expect(try await cluster.slipway("resume", "fraud-scorer").code == 0)
            #expect(try await cluster.read().metadata.annotation(Names.pause) == nil)
            let again = try await cluster.slipway("resume", "fraud-scorer")
            #expect(again.code == 2)
            #expect(again.error == "Error: risk/fraud-scorer: it is not paused by hand\n")
        }
    }

    @Test func planComparesWithTheCluster() async throws {
        try await ClusterOfTests.run { cluster in
            try Data(Declarations.both.utf8).write(
                to: cluster.program.folder.appendingPathComponent("a.yaml"))
            let first = try await cluster.slipway("plan", "a.yaml", "--live")
            #expect(first.code == 1)
            #expect(first.output.contains("From:               nothing proven yet\n"))
            try await cluster.create(Self.release)
            try await cluster.write(Self.waiting)
            let next = try await cluster.slipway("plan", "a.yaml", "--live")
            #expect(next.output.contains("From:               7 (100 %)\n"))
            let both = try await cluster.slipway("plan", "a.yaml", "--live", "--from", "a.yaml")
            #expect(both.code == 2)
        }
    }

    @Test func watchAddsALineForEachChange() async throws {
        try await ClusterOfTests.run { cluster in
            try await cluster.create(Self.release)
            let watch = try cluster.program.start([
                "get", "--watch", "--kubeconfig", cluster.kubeconfig, "-n", "risk",
            ])
            func waitFor(_ text: String) async throws {
                for _ in 0..<200 where try !watch.printed().contains(text) {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            try await waitFor("no controller")
            try await cluster.write(Self.waiting)
            try await waitFor("Paused")
            let run = try await watch.stop()
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.filter { $0.hasPrefix("NAME") }.count == 1)
            #expect(lines.last?.contains("waiting for approval") == true)
        }
    }

    @Test func aClusterWithoutTheKindSaysWhatToApply() async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.startBare(program)
            let run = try await program.run("get", "--kubeconfig", "kc")
            #expect(run.code == 2)
            #expect(run.error.contains("does not know ModelRelease; apply Slipway's CRDs first"))
            let ended = try await sandbox.stop()
            #expect(ended.code == 0)
            #expect(ended.output.contains("ok: the API listens on http://127.0.0.1:"))
        }
    }

    /// A sandbox without any definition; its kubeconfig is `kc`.
    private static func startBare(_ program: Program, _ options: String...) async throws
        -> Program.Started
    {
        let sandbox = try program.start(
            ["sandbox", "--api-only", "--kubeconfig-out", "kc"] + options)
        let file = program.folder.appendingPathComponent("kc").path
        for _ in 0..<200 where !FileManager.default.fileExists(atPath: file) {
            try await Task.sleep(for: .milliseconds(50))
        }
        return sandbox
    }

    @Test func whoSendsNoTokenIsAnonymousWhereOneIsRequired() async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.startBare(program, "--require-token")
            let file = program.folder.appendingPathComponent("kc")
            let config = try String(contentsOf: file, encoding: .utf8)
            let server = try #require(config.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+/))
            try Data(KubeconfigText.pointing(to: String(server.output)).utf8)
                .write(to: program.folder.appendingPathComponent("bare"))
            let admin = try await program.run("get", "--kubeconfig", "kc")
            #expect(admin.error.contains("does not know ModelRelease"), "\(admin.error)")
            let bare = try await program.run("get", "--kubeconfig", "bare")
            #expect(bare.code == 2)
            #expect(bare.error.contains("system:anonymous"), "\(bare.error)")
            _ = try await sandbox.stop()
        }
        try await Program.inFolder { program in
            let run = try await program.run("sandbox", "--api-only", "--require-token")
            #expect(run.code == 2)
            #expect(run.error.contains("--require-token needs --kubeconfig-out"), "\(run.error)")
        }
    }

    @Test func noClusterIsAClearError() async throws {
        try await Program.inFolder { program in
            let run = try await program.run("get", "--kubeconfig", "nothing")
            #expect(run.code == 2)
            #expect(run.error.hasPrefix("Error: no cluster to talk to: nothing: "))
            let config = KubeconfigText.pointing(to: "http://127.0.0.1:1")
            try Data(config.utf8).write(to: program.folder.appendingPathComponent("kc"))
            let away = try await program.run("get", "--kubeconfig", "kc")
            #expect(away.code == 2)
            #expect(away.error.hasPrefix("Error: http://127.0.0.1:1: "))
        }
    }
}

/// A kubeconfig for a server that may not be there.
enum KubeconfigText {
    static func pointing(to server: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: a, cluster: {server: "\(server)"}}]
        users: [{name: a, user: {}}]
        contexts: [{name: a, context: {cluster: a, user: a}}]
        current-context: a

        """
    }
}
