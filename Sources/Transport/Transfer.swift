import CLibCurl

/// One request under way: its easy handle, what has come so far, and who waits for it. Lives on
/// the loop thread.
final class Transfer {
    /// Who gets the answer.
    enum Receiver {
        case whole(CheckedContinuation<Result<HTTPResponse, TransportError>, Never>)
        case stream(CheckedContinuation<Result<ResponseHead, TransportError>, Never>, BodyBuffer)
    }

    let request: HTTPRequest
    let ticket: Ticket
    private(set) var easy: UnsafeMutableRawPointer?
    private var lists: [HeaderList] = []
    private let message = ErrorText()
    private var receiver: Receiver?
    private var stream: BodyBuffer?
    private var body: [UInt8] = []
    private var received = 0
    private var head = HeadReader()
    private var failure: TransportError.Kind?
    private var refusal = ""
    private var starts = 0
    private var isPaused = false
    private var lastActivity = ContinuousClock.now
    private var uploaded: curl_off_t = 0

    init(_ request: HTTPRequest, ticket: Ticket, receiver: Receiver) {
        self.request = request
        self.ticket = ticket
        self.receiver = receiver
    }

    deinit {
        free()
    }

    /// The transfer that a handle belongs to, while it is in the multi handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        var context: UnsafeMutableRawPointer?
        slipway_get_pointer(easy, CURLINFO_PRIVATE, &context)
        return context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Makes the handle; false, with the reason noted, if the request cannot be sent.
    func prepare() -> Bool {
        guard let easy = curl_easy_init() else { return false }
        self.easy = easy
        do throws(EasyOptions.Refusal) {
            var options = EasyOptions(easy)
            defer { lists = options.lists }
            try options.apply(request)
            try options.report(
                to: Unmanaged.passUnretained(self).toOpaque(),
                errors: message.bytes
            )
            return true
        } catch {
            refusal = error.reason
            return false
        }
    }

    /// Frees the handle. The transfer must not be in a multi handle any more.
    func free() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        lists = []
    }

    // MARK: Time

    /// When the silence is too long; `nil` while there is no such bound or the reader holds back.
    var idleDeadline: ContinuousClock.Instant? {
        guard let idle = request.deadlines.idle, !isPaused else { return nil }
        return lastActivity + idle
    }

    /// Whether body bytes went out since the last time this was asked.
    func hasUploaded(_ now: ContinuousClock.Instant) -> Bool {
        var total: curl_off_t = 0
        guard let easy, slipway_get_size(easy, CURLINFO_SIZE_UPLOAD_T, &total) == CURLE_OK,
            total > uploaded
        else { return false }
        uploaded = total
        lastActivity = now
        return true
    }

    /// Goes on after the reader has made room.
    func resume() {
        guard isPaused, let easy else { return }
        isPaused = false
        lastActivity = .now
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    // MARK: What libcurl reports

    /// The request is about to go out on a connection.
    func willStart() -> Bool {
        starts += 1
        guard starts > 1, request.connection != .reused else { return true }
        failure = .connectionBroken
        refusal = "not sent a second time"
        return false
    }

    /// A line of the header; false ends the transfer.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        lastActivity = .now
        guard head.take(line, limit: request.limits.headerBytes) else {
            failure = .headersTooLarge
            return false
        }
        if head.isComplete, case .stream(let continuation, let buffer)? = receiver {
            receiver = nil
            stream = buffer
            continuation.resume(returning: .success(head.head))
        }
        return true
    }

    /// Bytes of the body; returns how many were taken, or that the transfer shall pause.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = .now
        if let limit = request.limits.bodyBytes, bytes.count > limit - received {
            failure = .bodyTooLarge
            return 0
        }
        if let stream {
            guard stream.offer(bytes) else {
                isPaused = true
                return Int(CURL_WRITEFUNC_PAUSE)
            }
        } else {
            body.append(contentsOf: bytes)
        }
        received += bytes.count
        return bytes.count
    }

    // MARK: The end

    /// Ends with what libcurl says.
    func finish(_ code: CURLcode) {
        guard failure == nil, code == CURLE_OK else {
            let kind = failure ?? TransportError.Kind(code, started: starts > 0)
            if failure == nil {
                refusal = message.text ?? String(cString: curl_easy_strerror(code))
            }
            return finish(kind)
        }
        guard head.isComplete else { return finish(.malformedAnswer) }
        stream?.finish(.success(()))
        if case .whole(let continuation)? = receiver.take() {
            let response = HTTPResponse(
                status: head.head.status,
                headers: head.head.headers,
                body: body,
                sends: starts
            )
            continuation.resume(returning: .success(response))
        }
    }

    /// Ends without an answer.
    func finish(_ kind: TransportError.Kind) {
        let error = TransportError(
            kind,
            mayHaveBeenSent: mayHaveBeenSent,
            endpoint: request.endpoint,
            detail: refusal
        )
        stream?.finish(.failure(error), discarding: kind == .cancelled)
        switch receiver.take() {
        case .whole(let continuation): continuation.resume(returning: .failure(error))
        case .stream(let continuation, _): continuation.resume(returning: .failure(error))
        case nil: break
        }
    }

    /// libcurl counts the bytes of the request that it gave to the socket.
    private var mayHaveBeenSent: Bool {
        guard let easy, starts > 0 else { return false }
        var bytes = 0
        guard slipway_get_long(easy, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK else { return true }
        return bytes > 0 || head.bytes > 0
    }
}
