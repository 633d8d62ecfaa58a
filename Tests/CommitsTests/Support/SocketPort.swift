import Foundation
import Glibc

@testable import Commits

/// HTTP/1.0 over a blocking socket: enough to let libgit2 speak with a real server.
struct SocketPort: GitHTTPPort {
    /// Seconds that the server may say nothing.
    var deadline: Int

    func exchange(_ request: GitHTTPRequest) throws(GitHTTPFailure) -> GitHTTPResponse {
        let rest = request.url.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        let parts = authority.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw GitHTTPFailure(.unreachable, "no port")
        }
        let connection = try Connection(port: port, deadline: deadline)
        request.cancellation.onCancel { [file = connection.file] in
            _ = shutdown(file, Int32(SHUT_RDWR))
        }
        var head =
            "\(request.method.rawValue) \(rest.dropFirst(authority.count)) HTTP/1.0\r\n"
            + "Host: \(authority)\r\nAccept: \(request.accept)\r\n"
        if let type = request.contentType {
            head += "Content-Type: \(type)\r\nContent-Length: \(request.body.count)\r\n"
        }
        try connection.write(Array((head + "\r\n").utf8) + request.body)
        return try connection.response(request.cancellation)
    }
}

private final class Connection: GitHTTPBody {
    let file: Int32
    private var buffer: [UInt8] = []
    private var cancellation = GitCancellation()

    init(port: UInt16, deadline: Int) throws(GitHTTPFailure) {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: deadline, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0 { throw GitHTTPFailure(.unreachable, "connection refused") }
    }

    deinit { Glibc.close(file) }

    func write(_ bytes: [UInt8]) throws(GitHTTPFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { throw GitHTTPFailure(.unreachable, "cannot send") }
            rest = rest.dropFirst(count)
        }
    }

    func response(_ cancellation: GitCancellation) throws(GitHTTPFailure) -> GitHTTPResponse {
        self.cancellation = cancellation
        while true {
            let text = String(decoding: buffer, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].split(separator: "\r\n")
                buffer = Array(buffer.dropFirst(text[..<end.upperBound].utf8.count))
                let status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                let type = head.first { $0.lowercased().hasPrefix("content-type:") }?
                    .dropFirst("content-type:".count).drop { $0 == " " }
                return .init(
                    status: status ?? 0,
                    contentType: String(type ?? ""),
                    body: self
                )
            }
            guard let more = try receive() else {
                throw GitHTTPFailure(.unreachable, "the server hung up")
            }
            buffer += more
        }
    }

    func next() throws(GitHTTPFailure) -> [UInt8]? {
        if buffer.isEmpty { return try receive() }
        defer { buffer = [] }
        return buffer
    }

    func close() {}

    private func receive() throws(GitHTTPFailure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 32 << 10)
        let count = recv(file, &bytes, bytes.count, 0)
        if cancellation.isCancelled { throw GitHTTPFailure(.cancelled, "cancelled") }
        if count < 0 { throw GitHTTPFailure(.timedOut, "the server says nothing") }
        return count == 0 ? nil : Array(bytes.prefix(count))
    }
}
