import API
import Commits
import Domain
import Foundation
import Logging
import TestServers

@testable import Daemon

/// A bare repository on disk, a mirror of it, and a source that follows it.
struct Workplace {
    let git: GitBackend
    let mirror: Commits.Mirror
    let source = NamespacedName(namespace: "risk", name: "models")
    var spec: SourceSpec

    init(path: String = "models") throws {
        git = try GitBackend()
        let address = try RemoteAddress(
            git.root + "/origin.git", permissions: .init(localRepositories: true))
        mirror = try Commits.Mirror(
            of: address, in: git.root + "/mirror",
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        spec = SourceSpec(url: git.root + "/origin.git", path: path)
    }

    var reader: CommitReader { CommitReader(mirror: mirror, source: source, spec: spec) }

    var head: String { get throws { try git.git("rev-parse", "main") } }

    /// The last commit again, but as one of Slipway's own.
    func makeHeadOurs(release: String = "risk/fraud") throws {
        let message = "Revert \(release): x\n\nSlipway-Release: \(release)\n"
        let tree = try git.git("rev-parse", "main^{tree}")
        let parents = try git.git("log", "-1", "--format=%P", "main").split(separator: " ")
        var arguments = [
            "-c", "user.name=Slipway", "-c", "user.email=\(spec.writeBack.authorEmail)",
            "commit-tree", tree, "-m", message,
        ]
        for parent in parents { arguments += ["-p", String(parent)] }
        let commit = try git.git(arguments)
        try git.git("update-ref", "refs/heads/main", commit)
    }

    static func release(_ name: String, _ version: String, golden: String? = nil) -> String {
        let probes = golden.map { "\n  health: {probes: [{golden: \($0)}]}" } ?? ""
        return """
            # \(name)
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata: {name: \(name)}
            spec:
              runtime: mlserver
              versions:
              - {name: "\(version)", uri: "s3://models/\(name)/\(version)", weight: 100}
              traffic: {gateway: {parentRefs: [{name: web}]}}\(probes)

            """
    }
}
