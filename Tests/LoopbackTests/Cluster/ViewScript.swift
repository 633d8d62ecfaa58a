import Cluster
import Domain
import KubeWire
import Logging
import Resources
import TestServers

/// What a server says to lists and watches, and what a view makes of it, in short.
protocol ViewScript {}

extension ViewScript {
    static var status410: String {
        """
        {"kind":"Status","status":"Failure","message":"too old resource version: 1 (2)",\
        "reason":"Expired","code":410}
        """
    }

    static func object(_ name: String, _ version: Int) -> String {
        """
        {"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\(name)",\
        "resourceVersion":"\(version)"}}
        """
    }

    static func event(_ type: String, _ object: String) -> String {
        #"{"type":"\#(type)","object":\#(object)}"# + "\n"
    }

    static func bookmark(_ version: Int) -> String {
        event("BOOKMARK", #"{"metadata":{"resourceVersion":"\#(version)"}}"#)
    }

    static func list(_ version: Int, _ names: String...) -> String {
        let items = names.map { object($0, version) }.joined(separator: ",")
        return """
            {"kind":"ConfigMapList","apiVersion":"v1",\
            "metadata":{"resourceVersion":"\(version)"},"items":[\(items)]}
            """
    }

    /// A view in short: `=9 a b` for a list, `+a`, `-a`, `@9` for a bookmark, `?` interrupted, `!`
    /// refused.
    static func short(_ event: ViewEvent) -> String {
        func name(_ object: Document) -> String {
            object.at("metadata", "name")?.stringValue ?? "??"
        }
        switch event {
        case .replaced(let items, let version):
            return (["=\(version)"] + items.map(name)).joined(separator: " ")
        case .changed(let object): return "+\(name(object))"
        case .deleted(let object): return "-\(name(object))"
        case .bookmark(let version): return "@\(version)"
        case .interrupted: return "?"
        case .refused: return "!"
        }
    }

    static func isWatch(_ request: ScriptedServer.Request) -> Bool {
        request.query("watch") != nil
    }

    /// Requests in short: `list` or `watch`, and the version asked for.
    static func asked(_ server: ScriptedServer) -> [String] {
        server.requests.map {
            let version = $0.query("resourceVersion").map { " \($0)" } ?? ""
            return (isWatch($0) ? "watch" : "list") + version
        }
    }

    static var quick: Reflector.Settings {
        var settings = Reflector.Settings()
        settings.progress.firstBackoff = .milliseconds(20)
        settings.progress.longestBackoff = .milliseconds(100)
        settings.progress.shortWatch = .milliseconds(20)
        return settings
    }

    /// Runs a reflector until `count` events have come, and returns them in short.
    func events(
        _ count: Int, from server: ScriptedServer, settings: Reflector.Settings = quick,
        labels: String? = nil, pause: Duration = .zero
    ) async throws -> [String] {
        let client = try ClusterClient(
            KubeConfiguration(server: server.url), logger: .quiet)
        let reflector = Reflector(
            ObjectSelection(.configMap, labels: labels), client: client, settings: settings)
        let (stream, sink) = AsyncStream<String>.makeStream()
        let task = Task {
            var generator = SystemRandomNumberGenerator()
            await reflector.run(using: &generator) { event in
                sink.yield(Self.short(event))
                if pause > .zero { try? await Task.sleep(for: pause) }
            }
        }
        var seen: [String] = []
        for await event in stream {
            seen.append(event)
            if seen.count == count { break }
        }
        task.cancel()
        await task.value
        await client.shutDown()
        return seen
    }
}
