import Documents
import Domain
import FoundationEssentials

/// The Git repository of the story, and a person who works in a clone of it.
struct Repository: Sendable {
    /// The bare repository that the controller follows.
    let origin: String
    /// The person's clone.
    private let clone: String
    private let models: String

    static let file = "models/fraud-scorer.yaml"

    /// Makes both, with the golden inferences and no release yet.
    init(in folder: String, models: String) async throws {
        origin = "\(folder)/models.git"
        clone = "\(folder)/clone"
        self.models = models
        try await git(nil, "init", "--quiet", "--bare", "--initial-branch=main", origin)
        try await git(nil, "clone", "--quiet", origin, clone)
        let golden = try Data(contentsOf: URL(filePath: "\(models)/golden.jsonl"))
        try FileManager.default.createDirectory(
            atPath: "\(clone)/models", withIntermediateDirectories: true)
        try Data(Self.withPaths(Array(golden)))
            .write(to: URL(filePath: "\(clone)/models/golden.jsonl"))
        try await commit("Add the golden inferences of the fraud scorer", author: "Robin")
    }

    /// Merges a change of the release: another version, the rest as it is.
    func merge(version: String, author: String, _ pace: Pace) async throws {
        try await git(clone, "pull", "--quiet", "--rebase")
        try Data(Self.release(version: version, models: models, pace).utf8)
            .write(to: URL(filePath: "\(clone)/\(Self.file)"))
        try await commit("Release version \(version) of the fraud scorer", author: author)
    }

    /// What Git prints for a command in the bare repository.
    @discardableResult
    func show(_ arguments: String...) async throws -> String {
        try await Command.run(["git", "-C", origin] + arguments)
    }

    private func commit(_ message: String, author: String) async throws {
        try await git(clone, "add", "--all")
        let email = "\(author.lowercased())@example.com"
        try await git(
            clone, "-c", "user.name=\(author)", "-c", "user.email=\(email)", "commit", "--quiet",
            "--message", message)
        try await git(clone, "push", "--quiet", "origin", "HEAD:main")
    }

    private func git(_ folder: String?, _ arguments: String...) async throws {
        let place = folder.map { ["-C", $0] } ?? []
        try await Command.run(["git"] + place + arguments)
    }

    /// Golden cases name the path that they are sent to.
    private static func withPaths(_ lines: [UInt8]) throws -> [UInt8] {
        var result: [UInt8] = []
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard case .object(var golden) = try JSON.parse(Array(line)) else { continue }
            golden["path"] = "/v2/models/fraud-scorer/infer"
            result += JSON.write(.object(golden)) + [UInt8(ascii: "\n")]
        }
        return result
    }

    /// The file as the person writes it.
    private static func release(version: String, models: String, _ pace: Pace) -> String {
        """
        # How risky is a payment? Owned by the fraud team.
        apiVersion: slipway.dev/v1alpha1
        kind: ModelRelease
        metadata:
          name: fraud-scorer
          namespace: risk
        spec:
          runtime: custom
          versions:
          - name: "\(version)"
            uri: file://\(models)/\(version)
            weight: 100
          serving:
            replicas: 2
            template:
              spec:
                terminationGracePeriodSeconds: 20
                containers:
                - name: model
                  image: slipway.dev/models/fastapi:1
                  ports:
                  - {name: http, containerPort: 8080}
                  env:
                  - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                  - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                  startupProbe:
                    httpGet: {path: /v2/models/fraud-scorer/ready, port: http}
                    periodSeconds: 1
                    failureThreshold: 60
                  readinessProbe:
                    httpGet: {path: /v2/models/fraud-scorer/ready, port: http}
                    periodSeconds: 1
                    failureThreshold: 1
          traffic:
            gateway:
              parentRefs:
              - name: public
              path: /fraud
          strategy:
            canary:
              steps:
              - {weight: 10, for: \(pace.step)}
              - {weight: 50, for: \(pace.step)}
              bake: \(pace.bake)
          health:
            probes:
            - golden: ./golden.jsonl
              every: 5s

        """
    }
}

/// How long steps take.
struct Pace: Sendable {
    let step: TimeSpan
    let bake: TimeSpan

    init(isFast: Bool) {
        step = .seconds(isFast ? 4 : 15)
        bake = .seconds(isFast ? 3 : 15)
    }
}
