import ControlPlane
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Processes

/// The connection a request came over.
struct Connection: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}

extension SandboxServer {
    /// More than the API accepts, so that its own error is what a client sees.
    private static let readLimit = 16 << 20

    /// The connection was closed on purpose.
    private struct Disconnected: Error {}

    nonisolated func answer(
        _ request: Request, _ connection: Connection
    ) async throws -> Response {
        guard let call = try await Self.call(request) else {
            return Self.response(
                APIResponse(
                    APIStatus(
                        code: 413, reason: "RequestEntityTooLarge",
                        message: "Request entity too large: limit is 3145728")))
        }
        let answer: APIAnswer
        switch await fault(for: call) {
        case nil: answer = await perform(call)
        case .answerAfter(let time):
            answer = await perform(call)
            try await Task.sleep(for: time)
        case .carryOutAfter(let time):
            try await Task.sleep(for: time)
            answer = await perform(call)
        case .refuse(let status): answer = .response(APIResponse(status))
        case .disconnect:
            try await connection.channel.close()
            throw Disconnected()
        case .carryOutAndDisconnect:
            _ = await perform(call)
            try await connection.channel.close()
            throw Disconnected()
        }
        switch answer {
        case .response(let response):
            // The front has checked who asks and for what, and knows of no log itself.
            if response.status == 204, let logs = await logs(call, connection) { return logs }
            return Self.response(response)
        case .watch(let subscription): return watch(subscription, connection)
        }
    }

    // MARK: Requests

    /// The request in the front's terms; `nil` if its body is longer than anything reads.
    private static func call(_ request: Request) async throws -> APIRequest? {
        var body: [UInt8] = []
        do {
            let buffer = try await request.body.collect(upTo: readLimit)
            body = Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            return nil
        } catch let error as HTTPError where error.status == .contentTooLarge {
            return nil
        }
        return APIRequest(
            method: request.method.rawValue,
            path: PercentCoding.decoded(request.uri.path[...]),
            query: PercentCoding.parameters(request.uri.query ?? ""),
            headers: request.headers.map { (name: $0.name.rawName, value: $0.value) }, body: body)
    }

    // MARK: Responses

    static func response(_ response: APIResponse) -> Response {
        var headers = HTTPFields()
        if !response.contentType.isEmpty { headers[.contentType] = response.contentType }
        for (name, value) in response.headers {
            // A name can stand more than once, as warnings do.
            if let name = HTTPField.Name(name) { headers.append(.init(name: name, value: value)) }
        }
        let status = HTTPResponse.Status(code: response.status)
        if case .list = response.body {
            let body = ResponseBody { writer in
                for piece in response.pieces() { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            }
            return Response(status: status, headers: headers, body: body)
        }
        var buffer = ByteBuffer()
        for piece in response.pieces() { buffer.writeBytes(piece) }
        return Response(status: status, headers: headers, body: .init(byteBuffer: buffer))
    }

    /// A stream of events, a line each, that goes on until the watch or the connection ends.
    private nonisolated func watch(
        _ subscription: WatchSubscription, _ connection: Connection
    ) -> Response {
        let channel = connection.channel
        let body = ResponseBody { [self] writer in
            var stream = WatchStream(subscription, openedAt: WallClock.now)
            let (id, signal) = await register(stream)
            channel.closeFuture.whenComplete { _ in signal.close() }
            do {
                while !stream.isEnded, channel.isActive, await isOpen(id) {
                    var buffer = ByteBuffer()
                    for line in await lines(&stream, id: id) {
                        buffer.writeBytes(line.canonicalJSON())
                        buffer.writeInteger(UInt8(ascii: "\n"))
                    }
                    if buffer.readableBytes > 0 { try await writer.write(buffer) }
                    if stream.isEnded { break }
                    await signal.wait()
                    try Task.checkCancellation()
                }
            } catch {
                await unregister(id)
                throw error
            }
            await unregister(id)
            try await writer.finish(nil)
        }
        var headers = HTTPFields()
        headers[.contentType] = subscription.contentType
        return Response(status: .ok, headers: headers, body: body)
    }
}
