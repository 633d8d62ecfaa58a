/// One HTTP request and the bounds that hold for it.
///
/// Redirects are not followed, the environment's proxies are ignored, nothing is decompressed,
/// and a URL with user info is refused.
package struct HTTPRequest: Sendable {
    /// The request's verb.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What to speak.
    package enum Version: Sendable {
        /// HTTP/1.1: one request at a time on a connection.
        case http1
        /// HTTP/2 where the server offers it over TLS, else HTTP/1.1.
        case http2
    }

    /// How long to wait for what.
    package struct Deadlines: Hashable, Sendable {
        /// Name lookup, TCP and TLS.
        package var connect: Duration
        /// The whole exchange, waiting for a free connection included; `nil` for streams that
        /// may last.
        package var total: Duration?
        /// The longest silence: no byte in either direction; up to twice as long once after a body
        /// was sent. Time in which the reader holds the stream back does not count.
        package var idle: Duration?

        package init(
            connect: Duration = .seconds(5),
            total: Duration? = .seconds(30),
            idle: Duration? = nil
        ) {
            self.connect = connect
            self.total = total
            self.idle = idle
        }
    }

    /// How much to take.
    package struct Limits: Hashable, Sendable {
        /// Status line and header fields together.
        package var headerBytes: Int
        /// The body; `nil` only makes sense for streams.
        package var bodyBytes: Int?
        /// A stream is held back while this much waits for its reader.
        package var bufferedBytes: Int

        package init(
            headerBytes: Int = 64 << 10,
            bodyBytes: Int? = 1 << 20,
            bufferedBytes: Int = 256 << 10
        ) {
            self.headerBytes = headerBytes
            self.bodyBytes = bodyBytes
            self.bufferedBytes = bufferedBytes
        }
    }

    /// Which connection to use.
    package enum Connection: Hashable, Sendable {
        /// An idle one where there is one. When it turns out to be dead before any byte of the
        /// answer, libcurl sends the request a second time on a new one, whatever its method;
        /// ``HTTPResponse/sends`` tells.
        case reused
        /// An idle one where there is one, but the request goes out once only.
        case reusedOnce
        /// A new one, so that the request goes out once only.
        case fresh
    }

    package var method: Method
    /// Absolute, `http` or `https`, without user info.
    package var url: String
    package var headers: HTTPHeaders
    package var body: [UInt8]?
    package var deadlines: Deadlines
    package var limits: Limits
    package var tls: TLSSettings
    package var version: Version
    package var connection: Connection
    /// `http://host:port`, also https and socks5h, also with user info; none unless set here.
    /// What is sent to the server over https is not seen by it.
    package var proxy: String?

    package init(
        _ method: Method,
        _ url: String,
        headers: HTTPHeaders = [:],
        body: [UInt8]? = nil,
        deadlines: Deadlines = Deadlines(),
        limits: Limits = Limits(),
        tls: TLSSettings = TLSSettings(),
        version: Version = .http1,
        connection: Connection = .reused,
        proxy: String? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadlines = deadlines
        self.limits = limits
        self.tls = tls
        self.version = version
        self.connection = connection
        self.proxy = proxy
    }

    /// The URL without user info, query and fragment: fit for logs.
    package var endpoint: String { Self.printable(url) }

    /// A URL without what may hold credentials: user info, query, fragment. At most 300 characters.
    package static func printable(_ url: String) -> String {
        var text = url.prefix { $0 != "?" && $0 != "#" }
        if let scheme = text.range(ofText: "://") {
            let authority = text[scheme.upperBound...].prefix { $0 != "/" }
            if let at = authority.lastIndex(of: "@") {
                text = text[..<scheme.upperBound] + text[text.index(after: at)...]
            }
        }
        return String(text.prefix(300))
    }
}

extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(method.rawValue) \(endpoint)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Substring {
    /// The first place of a text.
    fileprivate func range(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
