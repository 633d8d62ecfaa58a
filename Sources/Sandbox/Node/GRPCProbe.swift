import Domain
import NIOCore
import NIOPosix

/// The health check of gRPC (`grpc.health.v1.Health/Check`): one call over HTTP/2, as small as the
/// protocol allows. What is read of the answer is the message alone.
enum GRPCProbe {
    static func check(
        service: String, port: Int, at address: String, timeout: TimeSpan
    ) async -> PodInput.ProbeResult {
        guard (1...65_535).contains(port), service.utf8.count < 100 else {
            return ProbeRunner.failure("invalid port or service")
        }
        let authority = "\(address):\(port)"
        let late = "timeout: failed to connect service \"\(authority)\" within \(timeout)"
        do {
            let status = try await GRPCHealthReader.status(
                of: request(service, authority), host: address, port: port,
                timeout: .milliseconds(timeout.milliseconds))
            guard status != 1 else { return PodInput.ProbeResult(isSuccess: true) }
            let names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
            let name = names.indices.contains(status) ? names[status] : String(status)
            return ProbeRunner.failure("service unhealthy (responded with \"\(name)\")")
        } catch is GRPCHealthReader.NoAnswer {
            return ProbeRunner.failure(
                "error: this server does not implement the grpc health protocol "
                    + "(grpc.health.v1.Health)")
        } catch {
            return ProbeRunner.failure(late)
        }
    }

    /// Everything that is sent: the preface, the settings, one request.
    static func request(_ service: String, _ authority: String) -> [UInt8] {
        // Header fields by their numbers in the static table of HPACK (RFC 7541), or by name.
        var fields: [UInt8] = [0x83, 0x86]
        fields += [0x04] + text("/grpc.health.v1.Health/Check")
        fields += [0x01] + text(authority)
        fields += [0x0F, 0x10] + text("application/grpc")
        fields += [0x00] + text("te") + text("trailers")
        fields += [0x0F, 0x2B] + text("kube-probe/1.36")
        let name: [UInt8] = service.isEmpty ? [] : [0x0A] + text(service)
        let message: [UInt8] = [0, 0, 0, 0, UInt8(truncatingIfNeeded: name.count)] + name
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            + frame(type: 4, flags: 0, stream: 0, [])
            + frame(type: 1, flags: 4, stream: 1, fields)
            + frame(type: 0, flags: 1, stream: 1, message)
    }

    /// A text of less than 127 bytes.
    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(126))
        return [UInt8(truncatingIfNeeded: bytes.count)] + bytes
    }

    static func frame(type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [
            UInt8(truncatingIfNeeded: length >> 16), UInt8(truncatingIfNeeded: length >> 8),
            UInt8(truncatingIfNeeded: length), type, flags, 0, 0, 0, stream,
        ] + payload
    }
}

/// Reads the frames of the answer up to the message.
private final class GRPCHealthReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct NoAnswer: Error {}
    private struct Late: Error {}

    private static let limit = 64 << 10

    private let promise: EventLoopPromise<Int>
    private var bytes: [UInt8] = []
    private var message: [UInt8] = []

    private init(_ promise: EventLoopPromise<Int>) {
        self.promise = promise
    }

    static func status(
        of request: [UInt8], host: String, port: Int, timeout: TimeAmount
    ) async throws -> Int {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Int.self)
        let late = loop.scheduleTask(in: timeout) { promise.fail(Late()) }
        defer { late.cancel() }
        let connection = ClientBootstrap(group: loop).connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(GRPCHealthReader(promise))
                }
            }
            .connect(host: host, port: port)
        connection.whenComplete { result in
            switch result {
            case .success(let channel):
                channel.writeAndFlush(ByteBuffer(bytes: request), promise: nil)
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            case .failure(let error): promise.fail(error)
            }
        }
        return try await promise.futureResult.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        while bytes.count >= 9 {
            let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
            guard length <= Self.limit else { return promise.fail(NoAnswer()) }
            guard bytes.count >= 9 + length else { return }
            let (type, flags) = (bytes[3], bytes[4])
            let payload = Array(bytes[9..<(9 + length)])
            bytes.removeFirst(9 + length)
            take(type, flags, payload, context)
        }
    }

    private func take(
        _ type: UInt8, _ flags: UInt8, _ payload: [UInt8], _ context: ChannelHandlerContext
    ) {
        switch type {
        case 4 where flags & 1 == 0:
            reply(GRPCProbe.frame(type: 4, flags: 1, stream: 0, []), context)
        case 6 where flags & 1 == 0:
            reply(GRPCProbe.frame(type: 6, flags: 1, stream: 0, payload), context)
        case 0:
            let isPadded = flags & 8 != 0
            let padding = isPadded ? Int(payload.first ?? 0) : 0
            message += payload.dropFirst(isPadded ? 1 : 0).dropLast(padding)
            guard message.count >= 5 else { break }
            let size = message[1...4].reduce(0) { $0 << 8 | Int($1) }
            guard message.count >= 5 + size else { break }
            // The message is empty for the status 0, else field 1 with a small number.
            let body = message[5..<(5 + size)]
            promise.succeed(body.starts(with: [0x08]) ? Int(body.last ?? 0) : 0)
        case 3, 7: promise.fail(NoAnswer())
        default: break
        }
        // The stream ends without a message: the call was refused.
        if type <= 1, flags & 1 != 0 { promise.fail(NoAnswer()) }
    }

    private func reply(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(NoAnswer())
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
