import ControlPlane
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Processes

extension SandboxServer {
    /// A log that can be read: where it is, and whose.
    private struct Source: Sendable {
        let node: Node
        let path: String
        let key: Node.ContainerKey
        let run: Int
    }

    /// The answer to a request for a container's log; `nil` for other requests, without a node,
    /// and for pods that are not on it.
    nonisolated func logs(
        _ call: APIRequest, _ connection: Connection
    ) async -> Response? {
        guard let request = LogRequest(call, now: WallClock.now) else { return nil }
        do {
            guard let source = try await source(request) else { return nil }
            return stream(request, source, connection)
        } catch {
            return Self.response(APIResponse(error))
        }
    }

    private func source(_ request: LogRequest) throws(APIStatus) -> Source? {
        guard let node else { return nil }
        let pod = try store.get(
            ResourceKey(.pod, namespace: request.namespace, name: request.pod))
        guard pod.at("spec", "nodeName")?.stringValue == node.options.name else { return nil }
        let target = try request.target(in: pod)
        let folder = node.folder.pod(pod.objectNamespace, pod.objectName, pod.objectUID)
        return Source(
            node: node,
            path: node.folder.log(pod: folder, container: target.container, run: target.run),
            key: .init(uid: pod.objectUID, container: target.container), run: target.run)
    }

    private nonisolated func stream(
        _ request: LogRequest, _ source: Source, _ connection: Connection
    ) -> Response {
        let channel = connection.channel
        let body = ResponseBody { [self] writer in
            var room = request.byteLimit ?? Int.max
            func send(_ lines: some Sequence<LogFile.Line>) async throws {
                var bytes = request.text(lines)[...]
                bytes = bytes.prefix(room)
                room -= bytes.count
                while !bytes.isEmpty {
                    try await writer.write(ByteBuffer(bytes: bytes.prefix(64 << 10)))
                    bytes = bytes.dropFirst(64 << 10)
                }
            }
            var follower = LogFollower(path: source.path)
            defer { follower.close() }
            var lines = LogFile(path: "\(source.path).1").lines()
            while true {
                let more = follower.next()
                if more.isEmpty { break }
                lines += more
            }
            try await send(request.selected(lines))
            lines = []
            while request.follows, room > 0, channel.isActive {
                // Asked before the last look, so that nothing of a run that ends is missed.
                let mayGoOn = source.node.isRunning(source.key, run: source.run)
                let isStopping = await isStopping
                try await send(follower.next())
                if !mayGoOn || isStopping { break }
                try await Task.sleep(for: .milliseconds(100))
            }
            try await writer.finish(nil)
        }
        var headers = HTTPFields()
        headers[.contentType] = "text/plain"
        return Response(status: .ok, headers: headers, body: body)
    }
}
