import Cluster
import ControlPlane
import Domain
import KubeWire
import Logging
import Resources
import Sandbox
import Synchronization
import Testing

/// A client of a sandbox, with short words for what the tests do.
struct Bench: Sendable {
    let server: SandboxServer
    let client: ClusterClient
    let log = RequestLog()

    private init(_ server: SandboxServer, _ client: ClusterClient) {
        self.server = server
        self.client = client
    }

    /// Starts a server and a client of it for as long as `body` runs.
    static func run<Result: Sendable>(
        _ body: @escaping @Sendable (Bench) async throws -> Result
    ) async throws -> Result {
        try await SandboxServer.withServer { server, port in
            try await withClient(port: port) { client in
                let bench = Bench(server, client)
                await bench.noteRequests()
                return try await body(bench)
            }
        }
    }

    /// A client for as long as `body` runs.
    static func withClient<Result: Sendable>(
        port: Int, _ body: (ClusterClient) async throws -> Result
    ) async throws -> Result {
        let client = try ClusterClient(
            KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: .quiet)
        do {
            let result = try await body(client)
            await client.shutDown()
            return result
        } catch {
            await client.shutDown()
            throw error
        }
    }

    /// A fault that never happens sees all requests.
    private func noteRequests() async {
        await server.inject(
            SandboxFault(count: .max, .disconnect) { [log] request in
                log.note(request)
                return false
            })
    }

    // MARK: Objects

    static func key(_ name: String) -> ResourceKey {
        ResourceKey(.configMap, namespace: "default", name: name)
    }

    static func object(_ name: String, value: String = "1") -> Document {
        [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(name), "namespace": "default"],
            "data": ["k": .string(value)],
        ]
    }

    struct NotDone: Error {
        let outcome: WriteOutcome
    }

    @discardableResult
    func create(_ name: String) async throws -> Document {
        let outcome = await client.perform(.create(Self.key(name), Self.object(name)))
        guard case .applied(let object) = outcome else { throw NotDone(outcome: outcome) }
        return object
    }

    func delete(_ name: String) async throws {
        guard case .found(let object) = await client.get(Self.key(name)) else { return }
        let uid = object.at("metadata", "uid")?.stringValue ?? ""
        let outcome = await client.perform(
            .delete(Self.key(name), uid: uid, resourceVersion: nil))
        guard case .applied = outcome else { throw NotDone(outcome: outcome) }
    }

    /// Whether an object is there within half a minute.
    func appears(_ name: String) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if case .found = await client.get(Self.key(name)) { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}

/// The requests for ConfigMaps that a server got.
final class RequestLog: Sendable {
    private let requests = Mutex<[APIRequest]>([])

    func note(_ request: APIRequest) {
        guard request.path.contains("/configmaps") else { return }
        requests.withLock { $0.append(request) }
    }

    /// How often the whole was read.
    var lists: Int {
        requests.withLock {
            $0.count {
                $0.method == "GET" && $0.path.hasSuffix("/configmaps") && !Self.isWatch($0)
            }
        }
    }

    /// How many objects clients wanted to create.
    var creations: Int { requests.withLock { $0.count { $0.method == "POST" } } }

    /// The versions from which watches were asked for.
    var watches: [Int64] {
        requests.withLock {
            $0.filter(Self.isWatch).compactMap { request in
                request.query.first { $0.name == "resourceVersion" }.flatMap { Int64($0.value) }
            }
        }
    }

    static func isWatch(_ request: APIRequest) -> Bool {
        request.query.contains { $0.name == "watch" }
    }
}

/// A reflector of the ConfigMaps of `default` at work.
struct LiveView: Sendable {
    private let stream: AsyncStream<String>
    private let task: Task<Void, Never>

    init(_ client: ClusterClient) {
        var settings = Reflector.Settings()
        settings.progress.firstBackoff = .milliseconds(20)
        settings.progress.longestBackoff = .milliseconds(200)
        settings.progress.shortWatch = .milliseconds(20)
        let reflector = Reflector(
            ObjectSelection(.configMap, namespace: "default"), client: client, settings: settings)
        let (stream, sink) = AsyncStream<String>.makeStream()
        self.stream = stream
        task = Task {
            var generator = SystemRandomNumberGenerator()
            await reflector.run(using: &generator) { event in
                if let text = Self.short(event) { sink.yield(text) }
            }
            sink.finish()
        }
    }

    /// The next change in short: `=a b` for a list, `+a`, `-a`. Interruptions and bookmarks are
    /// passed over.
    func next() async -> String? {
        var events = stream.makeAsyncIterator()
        return await events.next()
    }

    /// Follows the changes until exactly these objects are there; false if the view ends before.
    func comesToHold(_ names: Set<String>, from held: Set<String>) async -> Bool {
        var held = held
        while held != names {
            guard let event = await next() else { return false }
            let rest = event.dropFirst()
            switch event.first {
            case "=": held = Set(rest.split(separator: " ").map(String.init))
            case "+": held.insert(String(rest))
            default: held.remove(String(rest))
            }
        }
        return true
    }

    func stop() async {
        task.cancel()
        await task.value
    }

    private static func short(_ event: ViewEvent) -> String? {
        func name(_ object: Document) -> String { object.at("metadata", "name")?.stringValue ?? "" }
        switch event {
        case .replaced(let items, _): return "=" + items.map(name).joined(separator: " ")
        case .changed(let object): return "+\(name(object))"
        case .deleted(let object): return "-\(name(object))"
        case .bookmark, .interrupted, .refused: return nil
        }
    }
}
