import ControlPlane
import Documents
import Domain
import Foundation
import Processes
import Testing

@testable import Sandbox

/// A sandbox with a node, real processes and a folder of its own.
struct Machine {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    let server: SandboxServer
    let port: Int
    let folder: String

    /// Images that tests use: `sh` runs what the pod says, `web` is a small HTTP server.
    static func images(_ folder: String) -> String {
        """
        images:
          sh:
            command: [/bin/sh]
          web:
            command: [python3, \(folder)/web.py]
          sleeper:
            command: [sleep, "1000"]
        """
    }

    /// Answers 200 or what the file `status` in its folder says; `/header` wants a header.
    static let web = """
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status = 200
                try: status = int(open("status").read())
                except OSError: pass
                if self.path == "/header" and self.headers.get("X-Probe") != "yes": status = 400
                self.send_response(status)
                self.end_headers()
            def log_message(self, *arguments): pass
        address = (os.environ["POD_IP"], int(os.environ.get("PORT", "8080")))
        http.server.HTTPServer(address, Handler).serve_forever()
        """

    static var quick: NodeTimings {
        var timings = NodeTimings()
        timings.backOff = .milliseconds(300)
        timings.longestBackOff = .seconds(2)
        timings.retry = .milliseconds(300)
        timings.pullFailure = .milliseconds(100)
        timings.leastGrace = .milliseconds(500)
        return timings
    }

    static func run(
        _ change: (inout NodeOptions) -> Void = { _ in },
        _ body: @Sendable (Machine) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-node-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(images(folder).utf8).write(to: URL(fileURLWithPath: "\(folder)/images.yaml"))
        try Data(web.utf8).write(to: URL(fileURLWithPath: "\(folder)/web.py"))
        var node = NodeOptions()
        node.stateFolder = "\(folder)/state"
        node.imageTable = "\(folder)/images.yaml"
        node.timings = quick
        node.capacity = ["cpu": "100", "memory": "100Gi", "pods": "200"]
        change(&node)
        try await SandboxServer.withServer(SandboxOptions(node: node)) { server, port in
            try await body(Machine(server: server, port: port, folder: folder))
        }
    }

    // MARK: Objects

    func create(_ yaml: String) async throws {
        for located in try YAML.parse(Array(yaml.utf8)) {
            let object = located.document
            let kinds: [String: ResourceKind] = [
                "Pod": .pod, "ConfigMap": .configMap, "Secret": .secret, "Service": .service,
                "Deployment": .deployment,
            ]
            let kind = try #require(kinds[object["kind"]?.stringValue ?? "Pod"])
            try await server.change { store, now in
                try store.create(
                    kind, namespace: "default", object, WriteContext(now: now, manager: "test"))
            }
        }
    }

    /// A pod with one container `c` of the image `sh` that runs a script.
    func script(_ name: String, _ script: String, container: String = "", pod: String = "")
        async throws
    {
        let lines = script.split(separator: "\n").joined(separator: "\n        ")
        try await create(
            """
            metadata: {name: \(name)}
            spec:
              \(pod.split(separator: "\n").joined(separator: "\n  "))
              containers:
              - name: c
                image: sh
                args:
                - -c
                - |
                    \(lines)
                \(container.split(separator: "\n").joined(separator: "\n    "))
            """)
    }

    func pod(_ name: String) async -> Document? {
        await server.store.object(ResourceKey(.pod, namespace: "default", name: name))
    }

    func delete(_ name: String, grace: Int64? = nil) async throws {
        try await server.change { store, now in
            _ = try store.delete(
                ResourceKey(.pod, namespace: "default", name: name),
                options: DeleteOptions(gracePeriodSeconds: grace),
                WriteContext(now: now, manager: "test"))
        }
    }

    /// The reasons of the events about a pod with their messages.
    func events(_ name: String) async -> [String] {
        let kind = ResourceKind(group: "", version: "v1", kind: "Event", plural: "events")
        return await server.store.objects(kind)
            .filter { $0.at("involvedObject", "name")?.stringValue == name }
            .map { "\($0["reason"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" }
    }

    // MARK: Waiting

    func wait(
        _ what: String, seconds: Double = 60, until isTrue: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try await isTrue() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TimedOut(description: "not within \(seconds) s: \(what)")
    }

    @discardableResult
    func wait(
        _ name: String, _ what: String, seconds: Double = 60,
        until isTrue: @Sendable (Document) -> Bool
    ) async throws -> Document {
        var last = Document.null
        do {
            try await wait(what, seconds: seconds) {
                guard let pod = await pod(name) else { return false }
                last = pod["status"] ?? .null
                return isTrue(last)
            }
        } catch {
            let events = await events(name).joined(separator: "\n")
            throw TimedOut(
                description: "\(error)\n\(last.canonicalJSONString())\n\(events)")
        }
        return last
    }

    func waitUntilGone(_ name: String, seconds: Double = 60) async throws {
        try await wait("\(name) is gone", seconds: seconds) { await pod(name) == nil }
    }

    /// The text of the log of a container's run.
    func log(_ name: String, container: String = "c", run: Int = 0) async -> String {
        guard let pod = await pod(name) else { return "" }
        let path = "\(folder)/state/pods/default_\(name)_\(pod.objectUID)/logs/\(container)/"
        return LogFile(path: "\(path)\(run).log").lines().map(\.text).joined(separator: "\n")
    }

    /// How many processes carry a text in their command line.
    static func processes(with text: String) -> [pid_t] {
        ProcessTree.all().filter { process in
            guard !process.isZombie,
                let bytes = try? Folders.read("/proc/\(process.number)/cmdline", limit: 65_536)
            else { return false }
            return String(decoding: bytes, as: UTF8.self).contains(text)
        }.map(\.number)
    }
}

extension Document {
    var isReady: Bool {
        self["conditions"]?.arrayValue?.contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        } ?? false
    }

    /// The state of the first container.
    var firstContainer: Document { self["containerStatuses"]?[0] ?? .null }
    var waiting: String? { firstContainer.at("state", "waiting", "reason")?.stringValue }
    var restarts: Int { firstContainer["restartCount"]?.intValue ?? 0 }
}
