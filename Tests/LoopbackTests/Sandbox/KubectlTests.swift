import API
import Domain
import Foundation
import Sandbox
import TestServers
import Testing

/// The real `kubectl` against the sandbox, with what people do in a first half hour. Left out
/// where there is none.
@Suite(.timeLimit(.minutes(3)), .enabled(if: Kubectl.path != nil))
struct KubectlTests {
    private func withKubectl(
        _ body: @Sendable (Kubectl) async throws -> Void
    ) async throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-kubectl-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let options = SandboxOptions(
            kubeconfigPath: file, definitions: APIDefinitions.all.map(\.definition))
        try await SandboxServer.withServer(options) { _, _ in
            try await body(Kubectl(kubeconfig: file))
        }
    }

    /// Lines of a session: a command, and what its output must hold.
    private static let session: [(command: String, expected: String)] = [
        ("create namespace risk", "namespace/risk created"),
        ("create configmap cm --from-literal=a=b", "configmap/cm created"),
        ("get configmap cm -o jsonpath={.data.a}", "b"),
        ("create secret generic git --from-literal=token=x", "secret/git created"),
        ("get secret git -o jsonpath={.data.token}", "eA=="),
        ("create serviceaccount robot", "serviceaccount/robot created"),
        ("create token robot", "."),
        ("create role r --verb=get --resource=pods", "role.rbac.authorization.k8s.io/r created"),
        ("create rolebinding b --role=r --serviceaccount=default:robot", "b created"),
        ("auth can-i delete pods", "yes"),
        ("create deployment web --image=registry.example/x:1 --replicas=2", "web created"),
        ("get deployment web -o jsonpath={.spec.replicas}", "2"),
        ("scale deployment web --replicas=3", "deployment.apps/web scaled"),
        ("rollout restart deployment web", "restarted"),
        ("rollout status deployment web --watch=false", "Waiting for deployment"),
        ("rollout undo deployment web", "rolled back"),
        ("expose deployment web --port=80", "service/web exposed"),
        ("autoscale deployment web --min=1 --max=3", "web autoscaled"),
        ("get hpa web", "Deployment/web"),
        ("create poddisruptionbudget web --selector=app=web --min-available=1", "web created"),
        ("describe deployment web", "NewReplicaSet:"),
        ("label deployment web team=risk", "labeled"),
        ("delete deployment web", #""web" deleted"#),
        ("explain modelrelease.spec.versions.weight", "weight <integer>"),
        ("get mrel", "No resources found"),
    ]

    @Test func aFirstHalfHourWorks() async throws {
        try await withKubectl { kubectl in
            for line in Self.session {
                let run = try await kubectl.run(line.command)
                #expect(run.code == 0, "kubectl \(line.command): \(run.output)")
                #expect(run.output.contains(line.expected), "kubectl \(line.command)")
            }
        }
    }

    /// The manifest with which a cluster gets Slipway, twice, and taken out again.
    @Test(arguments: ["", " --server-side"])
    func theInstallationApplies(how: String) async throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Manifests/install.yaml")
        let count = try String(contentsOf: file, encoding: .utf8)
            .components(separatedBy: "\n---\n").count
        try await withKubectl { kubectl in
            for word in how.isEmpty ? ["created", "unchanged"] : ["applied", "applied"] {
                let run = try await kubectl.run("apply\(how) -f \(file.path)")
                #expect(run.code == 0, "\(run.output)")
                // kubectl sends a budget's selector each time: its patch strategy is "replace".
                let lines = run.output.split(separator: "\n")
                let others = lines.filter {
                    !$0.hasSuffix(word) && $0 != "poddisruptionbudget.policy/slipway configured"
                }
                #expect(lines.count == count && others == [])
            }
            let deployment = try await kubectl.run(
                "get deployment slipway -n slipway-system -o jsonpath={.spec.replicas}")
            #expect(deployment.output == "2")
            let removed = try await kubectl.run(
                "delete --wait=false --ignore-not-found -f \(file.path)")
            #expect(removed.code == 0, "\(removed.output)")
        }
    }

    /// Lines of a session of an administrator who looks at what others may do.
    private static let impersonations: [(command: String, code: Int, expected: String)] = [
        ("create clusterrole reader --verb=list --resource=configmaps", 0, "reader created"),
        ("create clusterrolebinding reader --clusterrole=reader --group=readers", 0, "created"),
        ("get configmaps --as jane", 1, #"User "jane" cannot list resource "configmaps""#),
        ("get configmaps --as jane --as-group others --as-group readers", 0, "No resources"),
        ("auth can-i list configmaps --as jane", 1, "no"),
        ("auth can-i list configmaps --as jane --as-group readers", 0, "yes"),
        ("auth can-i list secrets --as jane --as-group readers", 1, "no"),
        ("get configmaps --as-group readers", 1, "without impersonating a user"),
        ("auth whoami --as jane --as-uid u-7 -o jsonpath={.status.userInfo.uid}", 0, "u-7"),
        ("auth whoami --as jane", 0, "system:authenticated"),
        (
            "auth whoami --as system:serviceaccount:default:robot", 0,
            "system:serviceaccounts:default"
        ),
    ]

    @Test func whatOthersMayDoIsAskedInTheirName() async throws {
        try await withKubectl { kubectl in
            for line in Self.impersonations {
                let run = try await kubectl.run(line.command)
                #expect(run.code == line.code, "kubectl \(line.command): \(run.output)")
                #expect(run.output.contains(line.expected), "kubectl \(line.command)")
            }
        }
    }

    @Test func aReleaseIsAppliedAndAWrongOneRefusedInWords() async throws {
        try await withKubectl { kubectl in
            func release(_ weights: String) -> String {
                """
                apiVersion: slipway.dev/v1alpha1
                kind: ModelRelease
                metadata: {name: m}
                spec:
                  runtime: mlserver
                  versions: [\(weights)]
                  traffic: {gateway: {parentRefs: [{name: edge}], hostnames: [m.example]}}
                """
            }
            let wrong = try await kubectl.run(
                "apply -f -",
                input: release(
                    #"{name: "1", uri: "s3://m/1", weight: 90}, "#
                        + #"{name: "2", uri: "s3://m/2", weight: 20}"#))
            #expect(wrong.code != 0)
            #expect(wrong.output.contains("weights sum to 110, must be 100"))
            let mistyped = try await kubectl.run(
                "apply -f -", input: release(#"{name: "1", uri: "s3://m/1", wieght: 100}"#))
            #expect(mistyped.code != 0)
            #expect(mistyped.output.contains(#"unknown field "spec.versions[0].wieght""#))
            let right = release(#"{name: "1", uri: "s3://m/1"}"#)
            let made = try await kubectl.run("apply -f -", input: right)
            #expect(made.output.contains("modelrelease.slipway.dev/m created"))
            let again = try await kubectl.run("apply -f -", input: right)
            #expect(again.output.contains("modelrelease.slipway.dev/m unchanged"))
            let other = try await kubectl.run("patch mrel m --type merge -p {\"spec\":{\"x\":1}}")
            #expect(other.output.contains(#"Warning: unknown field "spec.x""#))
        }
    }
}

/// Runs of `kubectl` with one kubeconfig.
struct Kubectl: Sendable {
    let kubeconfig: String

    /// Where it is; `nil` if it is not in `PATH`.
    static let path: String? = {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/kubectl" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Runs a command, its words separated by spaces; both outputs are one text.
    func run(
        _ command: String, input: String = ""
    ) async throws -> (code: Int, output: String) {
        let ended = try await Command(
            [try #require(Self.path), "--kubeconfig", kubeconfig, "--request-timeout=20s"]
                + command.split(separator: " ").map(String.init),
            environment: ProcessInfo.processInfo.environment, input: Array(input.utf8)
        ).run()
        return (ended.code, ended.text + ended.errorText)
    }
}
