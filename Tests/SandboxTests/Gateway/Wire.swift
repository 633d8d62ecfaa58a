import Foundation
import Glibc

/// A client with one connection that it keeps, as programs that call models do. It repeats
/// nothing.
final class Wire {
    /// One answer.
    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: String
    }

    /// The connection was refused, closed or silent.
    struct Lost: Error {
        let reason: String
    }

    private let socket: Int32
    private var buffer: [UInt8] = []
    /// The server said that it closes the connection.
    private(set) var isOver = false

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var time = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            close(socket)
            throw Lost(reason: "connect: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(socket) }

    func post(_ path: String, headers: [String: String] = [:], body: String = "{}") throws
        -> Answer
    {
        var text = "POST \(path) HTTP/1.1\r\n"
        var all = headers
        all["Host"] = headers["Host"] ?? "example.com"
        for (name, value) in all { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let bytes = Array(text.utf8)
        let count = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else { throw Lost(reason: "send") }
        return try read()
    }

    private func read() throws -> Answer {
        while true {
            let text = String(decoding: buffer, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.components(separatedBy: ": ")
                    headers[parts[0].lowercased()] = parts.dropFirst().joined(separator: ": ")
                }
                isOver = headers["connection"] == "close"
                let length = Int(headers["content-length"] ?? "0") ?? 0
                let rest = Array(text[end.upperBound...].utf8)
                if rest.count >= length {
                    buffer = Array(rest[length...])
                    let status = Int(lines[0].components(separatedBy: " ")[1]) ?? 0
                    return Answer(
                        status: status, headers: headers,
                        body: String(decoding: rest[..<length], as: UTF8.self))
                }
            }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = recv(socket, &bytes, bytes.count, 0)
            guard count > 0 else { throw Lost(reason: count == 0 ? "closed" : "silent") }
            buffer += bytes[..<count]
        }
    }
}

/// Runs blocking work on a thread of its own: the gateway needs the others.
func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            do {
                continuation.resume(returning: try body())
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

/// Requests at fixed times, however long the answers take, over connections that are kept.
struct Load: Sendable {
    /// What became of the requests.
    struct Outcome: Sendable {
        var bodies: [String: Int] = [:]
        var lost: [String] = []
        var sent: Int { bodies.values.reduce(0, +) + lost.count }
    }

    let port: Int
    var path = "/"
    var headers: [String: String] = [:]
    var body = "{}"
    var connections = 4
    /// Between the requests of one connection.
    var pause: Duration = .milliseconds(0)
    /// The header that answers are counted by; otherwise it is their body.
    var kept: String?

    func run(_ count: Int) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for _ in 0..<connections {
                group.addTask { try await onThread { try share(count / connections) } }
            }
            var all = Outcome()
            for try await part in group {
                all.bodies.merge(part.bodies, uniquingKeysWith: +)
                all.lost += part.lost
            }
            return all
        }
    }

    private func share(_ count: Int) throws -> Outcome {
        var outcome = Outcome()
        var wire: Wire? = try Wire(port: port)
        let start = ContinuousClock.now
        for number in 0..<count {
            let due = start + pause * number
            let wait = ContinuousClock.now.duration(to: due) / .microseconds(1)
            if wait > 0 { usleep(UInt32(wait)) }
            do {
                if wire == nil { wire = try Wire(port: port) }
                guard let answer = try wire?.post(path, headers: headers, body: body) else {
                    continue
                }
                if wire?.isOver ?? true { wire = nil }
                if answer.status == 200 {
                    let word = kept.map { answer.headers[$0] ?? "" } ?? answer.body
                    outcome.bodies[word, default: 0] += 1
                } else {
                    outcome.lost.append("\(answer.status) \(answer.body)")
                }
            } catch {
                outcome.lost.append("\(error)")
                wire = nil
            }
        }
        return outcome
    }
}
