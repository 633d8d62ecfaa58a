import Domain
import Glibc
import NIOCore
import NIOPosix

/// Asks containers over the network, as a kubelet's probes do. Answers are in the kubelet's words.
enum ProbeRunner {
    /// What a probe or hook of the kinds HTTP and TCP says; the others need the container.
    static func ask(
        _ request: Handler.Request, at address: String, timeout: TimeSpan
    ) async -> PodInput.ProbeResult {
        let host = request.host.isEmpty ? address : request.host
        guard let port = request.port, (1...65_535).contains(port) else {
            return failure("could not find the port of the container")
        }
        let path = request.path.hasPrefix("/") ? request.path : "/\(request.path)"
        let url = "\(request.scheme.lowercased())://\(host):\(port)\(path)"
        guard request.scheme.uppercased() == "HTTP" else {
            return failure("Get \"\(url)\": the sandbox does not speak \(request.scheme)")
        }
        let text = head(request, path, host: "\(host):\(port)")
        guard let text else { return failure("Get \"\(url)\": invalid header") }
        do {
            let status = try await HTTPStatusReader.status(
                of: text, host: host, port: port, timeout: .milliseconds(timeout.milliseconds))
            guard (200..<400).contains(status) else {
                return failure("HTTP probe failed with statuscode: \(status)")
            }
            return PodInput.ProbeResult(isSuccess: true)
        } catch {
            return failure("Get \"\(url)\": \(words(error, host, port, isHTTP: true))")
        }
    }

    /// Whether somebody takes connections.
    static func connect(
        host: String, port: Int?, at address: String, timeout: TimeSpan
    ) async -> PodInput.ProbeResult {
        let host = host.isEmpty ? address : host
        guard let port, (1...65_535).contains(port) else {
            return failure("could not find the port of the container")
        }
        do {
            let channel = try await bootstrap(.milliseconds(timeout.milliseconds))
                .connect(host: host, port: port).get()
            try? await channel.close()
            return PodInput.ProbeResult(isSuccess: true)
        } catch {
            return failure(words(error, host, port, isHTTP: false))
        }
    }

    static func failure(_ message: String) -> PodInput.ProbeResult {
        PodInput.ProbeResult(isSuccess: false, message: message)
    }

    fileprivate static func bootstrap(_ timeout: TimeAmount) -> ClientBootstrap {
        ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(timeout)
    }

    /// The request's head; `nil` if a header would break it.
    private static func head(
        _ request: Handler.Request, _ path: String, host: String
    ) -> String? {
        var headers = request.headers
        func has(_ name: String) -> Bool {
            headers.contains { $0.name.lowercased() == name }
        }
        if !has("host") { headers.append(.init(name: "Host", value: host)) }
        if !has("user-agent") {
            headers.append(.init(name: "User-Agent", value: "kube-probe/1.36"))
        }
        if !has("accept") { headers.append(.init(name: "Accept", value: "*/*")) }
        headers.append(.init(name: "Connection", value: "close"))
        let texts = [path] + headers.flatMap { [$0.name, $0.value] }
        guard !texts.contains(where: { $0.utf8.contains { $0 < 32 || $0 == 127 } }),
            !path.contains(" ")
        else { return nil }
        let lines = headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        return "GET \(path) HTTP/1.1\r\n\(lines)\r\n"
    }

    private static func words(
        _ error: any Error, _ host: String, _ port: Int, isHTTP: Bool
    ) -> String {
        let dial = "dial tcp \(host):\(port):"
        switch error {
        case is HTTPStatusReader.Late:
            return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        case is HTTPStatusReader.Ended: return "EOF"
        case let error as IOError: return "\(dial) connect: \(reason(error))"
        case let error as NIOConnectionError:
            if let inner = error.connectionErrors.first?.error as? IOError {
                return "\(dial) connect: \(reason(inner))"
            }
            return error.connectionErrors.isEmpty
                ? "\(dial) lookup \(host): no such host" : "\(dial) i/o timeout"
        default:
            return isHTTP
                ? "\(dial) i/o timeout (Client.Timeout exceeded while awaiting headers)"
                : "\(dial) i/o timeout"
        }
    }

    private static func reason(_ error: IOError) -> String {
        String(cString: strerror(error.errnoCode)).lowercased()
    }
}

/// Sends a request and reads the status of the answer; nothing else of it is of interest.
private final class HTTPStatusReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct Late: Error {}
    struct Ended: Error {}
    private struct Malformed: Error {}

    private static let limit = 8 << 10

    private let promise: EventLoopPromise<Int>
    private var bytes: [UInt8] = []

    private init(_ promise: EventLoopPromise<Int>) {
        self.promise = promise
    }

    static func status(
        of request: String, host: String, port: Int, timeout: TimeAmount
    ) async throws -> Int {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Int.self)
        let late = loop.scheduleTask(in: timeout) { promise.fail(Late()) }
        let connection = ClientBootstrap(group: loop).connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HTTPStatusReader(promise))
                }
            }
            .connect(host: host, port: port)
        connection.whenComplete { result in
            switch result {
            case .success(let channel):
                channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            case .failure(let error): promise.fail(error)
            }
        }
        defer { late.cancel() }
        return try await promise.futureResult.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            if bytes.count > Self.limit { promise.fail(Malformed()) }
            return
        }
        let words = bytes[..<end].split(separator: UInt8(ascii: " "))
        guard words.count >= 2, words[0].starts(with: "HTTP/".utf8),
            let status = Int(String(decoding: words[1].prefix(3), as: UTF8.self))
        else { return promise.fail(Malformed()) }
        promise.succeed(status)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(Ended())
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
