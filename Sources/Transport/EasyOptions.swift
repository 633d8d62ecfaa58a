import CLibCurl
import Glibc

/// Puts a request's options on an easy handle.
struct EasyOptions {
    /// Why a request cannot be sent.
    struct Refusal: Error {
        let reason: String
    }

    /// What must live as long as the handle.
    private(set) var lists: [HeaderList] = []
    private let easy: UnsafeMutableRawPointer

    init(_ easy: UnsafeMutableRawPointer) {
        self.easy = easy
    }

    mutating func apply(_ request: HTTPRequest) throws(Refusal) {
        try applyFixed()
        try applyTarget(request)
        try applyHeaders(request)
        try applyBody(request)
        try applyBounds(request)
        try applyTLS(request.tls)
    }

    /// Makes the handle report to a ``Transfer``.
    func report(
        to transfer: UnsafeMutableRawPointer,
        errors: UnsafeMutablePointer<CChar>
    ) throws(Refusal) {
        try check(slipway_set_pointer(easy, CURLOPT_PRIVATE, transfer))
        try check(slipway_set_pointer(easy, CURLOPT_ERRORBUFFER, errors))
        try check(slipway_on_body(easy, bodyArrived, transfer))
        try check(slipway_on_header(easy, headerArrived, transfer))
        try check(slipway_on_start(easy, requestStarts, transfer))
        try check(slipway_on_socket(easy, socketOpened))
    }

    private func applyFixed() throws(Refusal) {
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_HTTP09_ALLOWED, 0)
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TCP_KEEPIDLE, 30)
        try set(CURLOPT_TCP_KEEPINTVL, 15)
        // Certificates and tokens rotate; a connection keeps those that it was made with.
        try set(CURLOPT_MAXLIFETIME_CONN, 600)
        // 200 ms for IPv4 to win is long for a controller that stands next to its server.
        try set(CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 50)
    }

    private mutating func applyTarget(_ request: HTTPRequest) throws(Refusal) {
        guard request.url.utf8.count <= 64 << 10, request.url.utf8.allSatisfy({ $0 > 32 }) else {
            throw Refusal(reason: "the URL is too long or has spaces or control characters")
        }
        var url = request.url
        if let name = request.tls.serverName {
            url = try redirect(url, to: name)
        }
        try set(CURLOPT_URL, url)
        try set(CURLOPT_PROXY, request.proxy ?? "")
        // Or libcurl asks the environment.
        try set(CURLOPT_NOPROXY, "")
        // The proxy's answer to CONNECT is not the server's, and ours are not its to read.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        try set(CURLOPT_FRESH_CONNECT, request.connection == .fresh ? 1 : 0)
        switch request.version {
        // Without TLS nobody says early whether he speaks HTTP/2: libcurl would let all requests
        // to a server wait for the first answer, and that may never come.
        case .http2 where request.url.prefix(5).lowercased() != "https":
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http1: try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2:
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            // Rather share a connection that is being made than open another.
            try set(CURLOPT_PIPEWAIT, 1)
        }
    }

    /// libcurl checks certificates against the URL's host only. So the URL gets the name of the
    /// certificate, and the connection goes to the host that was in it.
    private mutating func redirect(_ url: String, to name: String) throws(Refusal) -> String {
        guard name.utf8.allSatisfy({ isHostByte($0) }), !name.isEmpty,
            let parts = ParsedURL(url), let renamed = parts.withHost(name)
        else { throw Refusal(reason: "the TLS server name or the URL is malformed") }
        let list = HeaderList()
        guard list.add("\(name):\(parts.port):\(parts.host):\(parts.port)") else {
            throw Refusal(reason: "out of memory")
        }
        lists.append(list)
        try check(slipway_set_list(easy, CURLOPT_CONNECT_TO, list.raw))
        return renamed
    }

    private func isHostByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == 45 || byte == 46
    }

    private mutating func applyHeaders(_ request: HTTPRequest) throws(Refusal) {
        if let field = request.headers.firstMalformed {
            throw Refusal(reason: "the header field \(field.name.debugDescription) is malformed")
        }
        let list = HeaderList()
        // A name with a colon and nothing behind it keeps libcurl from sending its own: no waiting
        // for 100 Continue, no made-up type of the body.
        var lines = ["Expect:"]
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        if request.headers["Host"] == nil, request.tls.serverName != nil,
            let parts = ParsedURL(request.url)
        {
            lines.append("Host: \(parts.authority)")
        }
        for field in request.headers.fields {
            // An empty value needs a semicolon, or libcurl leaves the field out.
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        for line in lines where !list.add(line) { throw Refusal(reason: "out of memory") }
        lists.append(list)
        try check(slipway_set_list(easy, CURLOPT_HTTPHEADER, list.raw))
    }

    private func applyBody(_ request: HTTPRequest) throws(Refusal) {
        if request.method == .head { try set(CURLOPT_NOBODY, 1) }
        let mustHaveBody = request.method == .post || request.method == .put
        if let body = request.body ?? (mustHaveBody ? [] : nil) {
            // The size first: it tells libcurl how much to copy.
            try check(
                slipway_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            )
            let code = body.withUnsafeBytes { bytes in
                var empty: UInt8 = 0
                guard let start = bytes.baseAddress else {
                    return slipway_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, &empty)
                }
                return slipway_set_pointer(
                    easy,
                    CURLOPT_COPYPOSTFIELDS,
                    UnsafeMutableRawPointer(mutating: start)
                )
            }
            try check(code)
        }
        if request.method != .head { try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
    }

    private func applyBounds(_ request: HTTPRequest) throws(Refusal) {
        try set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.deadlines.connect))
        if let total = request.deadlines.total {
            try set(CURLOPT_TIMEOUT_MS, milliseconds(total))
        }
        // The length that a HEAD is told is of a body that does not come.
        if let limit = request.limits.bodyBytes, request.method != .head {
            try check(
                slipway_set_size(
                    easy,
                    CURLOPT_MAXFILESIZE_LARGE,
                    max(1, curl_off_t(clamping: limit))
                )
            )
        }
    }

    private func applyTLS(_ tls: TLSSettings) throws(Refusal) {
        // The one place where trust is switched off.
        try set(CURLOPT_SSL_VERIFYPEER, tls.acceptsAnyServer ? 0 : 1)
        try set(CURLOPT_SSL_VERIFYHOST, tls.acceptsAnyServer ? 0 : 2)
        try set(tls.authorities, data: CURLOPT_CAINFO_BLOB, file: CURLOPT_CAINFO)
        // Files of authorities rotate too: a new connection reads them as they are then, not as
        // they were up to a day ago (libcurl's cache), and no session stands in for the proof.
        if tls.authorities != nil { try set(CURLOPT_CA_CACHE_TIMEOUT, 0) }
        try set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        // An own authority is meant to be the only one: not also the system's directory.
        if tls.authorities != nil { try check(slipway_set_string(easy, CURLOPT_CAPATH, nil)) }
        // As in client-go, a proxy with https is believed for the same reasons as the server, but
        // switching off the check is for the server alone.
        try set(tls.authorities, data: CURLOPT_PROXY_CAINFO_BLOB, file: CURLOPT_PROXY_CAINFO)
        try set(tls.certificate, data: CURLOPT_SSLCERT_BLOB, file: CURLOPT_SSLCERT)
        try set(tls.key, data: CURLOPT_SSLKEY_BLOB, file: CURLOPT_SSLKEY)
    }

    // MARK: One option

    private func set(_ option: CURLoption, _ value: Int) throws(Refusal) {
        try check(slipway_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(Refusal) {
        try check(slipway_set_string(easy, option, value))
    }

    private func set(
        _ material: TLSSettings.Material?,
        data: CURLoption,
        file: CURLoption
    ) throws(Refusal) {
        switch material {
        case .data(let bytes):
            let code = bytes.withUnsafeBytes {
                slipway_set_blob(easy, data, $0.baseAddress, $0.count)
            }
            try check(code)
        case .file(let path): try set(file, path)
        case nil: break
        }
    }

    private func check(_ code: CURLcode) throws(Refusal) {
        guard code == CURLE_OK else {
            throw Refusal(reason: String(cString: curl_easy_strerror(code)))
        }
    }

    private func milliseconds(_ duration: Duration) -> Int {
        // 0 means "no bound" to libcurl.
        max(1, Int(clamping: Int64(min(duration / .milliseconds(1), 1e12))))
    }
}

// MARK: - Callbacks, all on the loop thread

private func bodyArrived(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size &* count))
}

private func headerArrived(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let line = UnsafeRawBufferPointer(start: bytes, count: size &* count)
    return transfer.receiveHeader(line) ? line.count : 0
}

private func requestStarts(
    _ context: UnsafeMutableRawPointer?,
    _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?,
    _ remotePort: Int32,
    _ localPort: Int32
) -> Int32 {
    guard let context else { return CURL_PREREQFUNC_ABORT }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.willStart() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// Half-open connections end after 30 s without an acknowledgement.
private func socketOpened(
    _ context: UnsafeMutableRawPointer?,
    _ socket: curl_socket_t,
    _ purpose: curlsocktype
) -> Int32 {
    var limit: UInt32 = 30_000
    setsockopt(
        socket,
        Int32(IPPROTO_TCP),
        TCP_USER_TIMEOUT,
        &limit,
        socklen_t(MemoryLayout<UInt32>.size)
    )
    return CURL_SOCKOPT_OK
}
