import Glibc
import Synchronization

/// A server for tests: raw sockets on 127.0.0.1, a thread a connection, and a script that decides
/// byte by byte what the client sees. The script runs once per request.
package final class ScriptedServer: Sendable {
    /// One request as it came.
    package struct Request: Sendable {
        package var method = ""
        package var target = ""
        package var headers: [String: String] = [:]
        package var body: [UInt8] = []
        /// 0 for the first connection.
        package var connection = 0
        /// 0 for the first request on its connection.
        package var index = 0
        /// 0 for the first request of all.
        package var number = 0

        package var path: String { String(target.prefix { $0 != "?" }) }
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// A parameter of the query, as it stands there.
        package func query(_ name: String) -> String? {
            target.split(separator: "?").dropFirst().first?.split(separator: "&")
                .first { $0.hasPrefix("\(name)=") }
                .map { String($0.dropFirst(name.count + 1)) }
        }
    }

    /// What the script may do with a connection.
    package struct Peer: Sendable {
        package let socket: Int32

        /// False once the client is gone.
        @discardableResult
        package func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(
                        socket,
                        $0.baseAddress.map { $0 + sent },
                        bytes.count - sent,
                        Int32(MSG_NOSIGNAL)
                    )
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        @discardableResult
        package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        package func answer(
            _ status: Int = 200,
            _ body: String = "",
            headers: [String] = [],
            type: String = "application/json"
        ) {
            var head = "HTTP/1.1 \(status) Whatever\r\nContent-Type: \(type)\r\n"
            for header in headers { head += header + "\r\n" }
            send(head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        }

        package func startChunked(_ status: Int = 200) {
            send("HTTP/1.1 \(status) OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        }

        @discardableResult
        package func chunk(_ text: String) -> Bool {
            send(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
        }

        package func endChunks() { send("0\r\n\r\n") }

        package func wait(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }

        /// Blocks until the client closes; false if it does not within the time.
        package func waitForClose(milliseconds: Int = 60_000) -> Bool {
            var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, Int32(milliseconds)) > 0 else { return false }
            var byte: UInt8 = 0
            return recv(socket, &byte, 1, Int32(MSG_PEEK)) <= 0
        }

        /// Ends an answer that says how long it is before it is as long.
        package func answerHalf(_ status: Int = 200, _ body: String, type: String = "text/plain") {
            var head = "HTTP/1.1 \(status) Whatever\r\nContent-Type: \(type)\r\n"
            head += "Content-Length: \(body.utf8.count)\r\n\r\n"
            send(head + body.prefix(body.count / 2))
        }

        /// Blocks until there is something to read, and leaves it there; for a minute at most.
        package func waitForBytes() {
            var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&poll, 1, 60_000)
        }

        /// Blocks until the client closes, whatever else it sends; for a minute at most.
        package func waitForHangup() {
            // POLLRDHUP, which Swift does not see.
            var poll = pollfd(fd: socket, events: 0x2000, revents: 0)
            _ = Glibc.poll(&poll, 1, 60_000)
        }

        /// Ends the connection with RST instead of FIN.
        package func reset() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                socket,
                SOL_SOCKET,
                SO_LINGER,
                &linger,
                socklen_t(MemoryLayout<Glibc.linger>.size)
            )
        }
    }

    /// What happens to the connection after the script.
    package enum Next: Sendable {
        case keep
        case close
    }

    /// What happens to a connection before anything is read from it.
    package enum Opening: Sendable {
        /// Requests are read and given to the script.
        case serve
        /// It ends as soon as something has arrived on it, which is never read.
        case close
        /// It stays open and nothing is ever read, until the client leaves.
        case hold
    }

    package let port: Int
    private let listener: Int32
    private let opening: @Sendable (_ connection: Int) -> Opening
    private let script: @Sendable (Request, Peer) -> Next
    private let seen = Mutex<[Request]>([])
    private let connections = Mutex(0)

    package var url: String { "http://127.0.0.1:\(port)" }
    /// All requests so far.
    package var requests: [Request] { seen.withLock { $0 } }
    package var connectionCount: Int { connections.withLock { $0 } }

    /// `opening` is asked for each connection, 0 for the first one.
    package init(
        opening: @escaping @Sendable (_ connection: Int) -> Opening = { _ in .serve },
        _ script: @escaping @Sendable (Request, Peer) -> Next
    ) throws {
        self.opening = opening
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let fd = listener
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                var code = bind(fd, generic, size)
                if code == 0 { code = listen(fd, 1024) }
                if code == 0 { code = getsockname(fd, generic, &size) }
                return code
            }
        }
        guard code == 0 else { throw Failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
        Self.thread { [self] in acceptAll() }
    }

    /// The server cannot listen.
    package struct Failure: Error {}

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptAll() {
        while true {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else { break }
            let number = connections.withLock { count in
                defer { count += 1 }
                return count
            }
            Self.thread { [self] in
                open(socket, number)
                close(socket)
            }
        }
        close(listener)
    }

    private func open(_ socket: Int32, _ connection: Int) {
        switch opening(connection) {
        case .serve: serve(socket, connection)
        case .close: Peer(socket: socket).waitForBytes()
        case .hold: Peer(socket: socket).waitForHangup()
        }
    }

    private func serve(_ socket: Int32, _ connection: Int) {
        var buffer: [UInt8] = []
        var index = 0
        while var request = Self.read(socket, &buffer) {
            request.connection = connection
            request.index = index
            index += 1
            let counted = seen.withLock { all in
                request.number = all.count
                all.append(request)
                return request
            }
            guard script(counted, Peer(socket: socket)) == .keep else { return }
        }
    }

    private static func read(_ socket: Int32, _ buffer: inout [UInt8]) -> Request? {
        var end: Int?
        while true {
            end = headEnd(buffer)
            if end != nil { break }
            guard fill(socket, &buffer) else { return nil }
        }
        guard let end else { return nil }
        var request = Request()
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let first = (lines.first ?? "").split(separator: " ")
        request.method = String(first.first ?? "")
        request.target = String(first.dropFirst().first ?? "")
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }
            request.headers[name.lowercased()] = String(line.dropFirst(name.count + 2))
        }
        let length = Int(request.headers["content-length"] ?? "0") ?? 0
        while buffer.count < end + length {
            guard fill(socket, &buffer) else { return nil }
        }
        request.body = Array(buffer[end..<end + length])
        buffer.removeFirst(end + length)
        return request
    }

    private static func headEnd(_ buffer: [UInt8]) -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (3..<buffer.count).first {
            buffer[$0] == 10 && buffer[$0 - 1] == 13 && buffer[$0 - 2] == 10 && buffer[$0 - 3] == 13
        }.map { $0 + 1 }
    }

    private static func fill(_ socket: Int32, _ buffer: inout [UInt8]) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = recv(socket, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffer += bytes[..<count]
        return true
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func thread(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { attributes in
            let attributes = attributes.baseAddress
            guard let attributes, pthread_attr_init(attributes) == 0 else { return }
            pthread_attr_setstacksize(attributes, 512 << 10)
            pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
            pthread_create(
                &thread,
                attributes,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                },
                Unmanaged.passRetained(Work(run)).toOpaque()
            )
            pthread_attr_destroy(attributes)
        }
    }
}
