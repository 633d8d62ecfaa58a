package import Commits
package import Transport

/// How we say who we are to a Git server.
package enum GitCredentials: Hashable, Sendable {
    case none
    /// User and password, or user and access token.
    case basic(user: String, password: String)
    case bearer(token: String)

    /// The value of the header field; `nil` for none.
    var authorization: String? {
        switch self {
        case .none: nil
        case .basic(let user, let password): "Basic " + base64(Array("\(user):\(password)".utf8))
        case .bearer(let token): "Bearer \(token)"
        }
    }
}

// Nothing that prints a value shows a credential.
extension GitCredentials: CustomStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .none: "no credentials"
        case .basic: "user and password"
        case .bearer: "bearer token"
        }
    }
    package var customMirror: Swift.Mirror { Swift.Mirror(self, children: []) }
}

/// Fills the port to Git servers with requests over libcurl: no redirects, TLS verified, and every
/// exchange ends by its deadlines.
package struct GitHTTPOverTransport: GitHTTPPort {
    private let loop: CurlLoop
    private let address: RemoteAddress
    private let credentials: GitCredentials
    private let deadlines: HTTPRequest.Deadlines
    private let tls: TLSSettings
    private let proxy: String?

    /// How long a server may take: `idle` ends one that is silent, `total` one that sends a byte
    /// now and then.
    package static let deadlines = HTTPRequest.Deadlines(
        connect: .seconds(10), total: .seconds(600), idle: .seconds(30))

    /// The longest time for the list of references alone. It is small, and asked for at every
    /// look: servers that drip it must not hold the places of others.
    private static let longestList = Duration.seconds(60)

    /// `credentials` go to `address` and nowhere else.
    package init(
        _ loop: CurlLoop, to address: RemoteAddress, credentials: GitCredentials = .none,
        deadlines: HTTPRequest.Deadlines = Self.deadlines,
        tls: TLSSettings = .init(), proxy: String? = nil
    ) {
        self.loop = loop
        self.address = address
        self.credentials = credentials
        self.deadlines = deadlines
        self.tls = tls
        self.proxy = proxy
    }

    package func exchange(_ request: GitHTTPRequest) throws(GitHTTPFailure) -> GitHTTPResponse {
        guard request.url.hasPrefix(address.text + "/") else {
            throw GitHTTPFailure(.unreachable, "a request to another server than the repository's")
        }
        let pipe = GitHTTPPipe()
        let (loop, prepared) = (loop, prepare(request))
        let task = Task { await Self.carry(prepared, over: loop, into: pipe) }
        request.cancellation.onCancel { task.cancel() }
        pipe.onClose { task.cancel() }
        return try pipe.response()
    }

    private func prepare(_ request: GitHTTPRequest) -> HTTPRequest {
        var headers: HTTPHeaders = ["Accept": request.accept, "User-Agent": "git/2.0 (slipway)"]
        if let type = request.contentType { headers.set("Content-Type", type) }
        if let authorization = credentials.authorization {
            headers.set("Authorization", authorization)
        }
        var deadlines = deadlines
        if request.method == .get {
            deadlines.total = min(deadlines.total ?? Self.longestList, Self.longestList)
        }
        let isPush = request.contentType?.contains("receive-pack") ?? false
        return HTTPRequest(
            request.method == .get ? .get : .post, request.url, headers: headers,
            body: request.method == .get ? nil : request.body, deadlines: deadlines,
            // How much is too much is known where packs are written.
            limits: .init(bodyBytes: nil, bufferedBytes: 1 << 20), tls: tls, version: .http2,
            // A push must not arrive twice; to ask twice for the same objects harms nobody.
            connection: isPush ? .reusedOnce : .reused, proxy: proxy)
    }

    private static func carry(
        _ request: HTTPRequest, over loop: CurlLoop, into pipe: GitHTTPPipe
    ) async {
        do throws(TransportError) {
            let response = try await loop.stream(request)
            pipe.begin(
                status: response.status, contentType: response.headers["Content-Type"] ?? "")
            var chunks = response.body.makeAsyncIterator()
            while let chunk = try await chunks.next() {
                guard await pipe.send(chunk) else { return }
            }
            pipe.finish()
        } catch {
            pipe.finish(.init(kind(of: error), "\(error)"))
        }
    }

    private static func kind(of error: TransportError) -> GitHTTPFailure.Kind {
        switch error.kind {
        case .timedOut: .timedOut
        case .cancelled, .shutDown: .cancelled
        default: .unreachable
        }
    }
}

/// RFC 4648 section 4.
private func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = Array(bytes[start..<min(start + 3, bytes.count)])
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0..<4 {
            let known = place <= group.count
            text.append(known ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}
