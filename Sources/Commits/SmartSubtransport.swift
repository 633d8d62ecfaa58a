internal import CLibGit2

// Git's smart protocol over ``GitHTTPPort``. libgit2 makes what is to be said and reads the
// answers; every exchange is one request: a GET for the list of references, POSTs after it.

/// What libgit2 calls to get a transport for a remote; `payload` is the ``Exchange``.
let makeHTTPTransport: git_transport_cb = { out, owner, payload in
    var definition = git_smart_subtransport_definition(
        callback: makeSubtransport,
        rpc: 1,
        param: payload
    )
    return git_transport_smart(out, owner, &definition)
}

private let makeSubtransport: git_smart_subtransport_cb = { out, _, payload in
    guard let out, let payload else { return -1 }
    let exchange = Unmanaged<Exchange>.fromOpaque(payload).takeUnretainedValue()
    let subtransport = UnsafeMutablePointer<slipway_subtransport>.allocate(capacity: 1)
    subtransport.initialize(
        to: slipway_subtransport(
            base: git_smart_subtransport(
                action: openStream,
                close: { _ in 0 },
                free: freeSubtransport
            ),
            context: Unmanaged.passRetained(exchange).toOpaque()
        )
    )
    out.pointee = UnsafeMutableRawPointer(subtransport)
        .assumingMemoryBound(to: git_smart_subtransport.self)
    return 0
}

private let freeSubtransport:
    @convention(c) (UnsafeMutablePointer<git_smart_subtransport>?) -> Void =
        { raw in
            guard let subtransport = whole(raw) else { return }
            if let context = subtransport.pointee.context {
                Unmanaged<Exchange>.fromOpaque(context).release()
            }
            subtransport.deinitialize(count: 1)
            subtransport.deallocate()
        }

private let openStream:
    @convention(c) (
        UnsafeMutablePointer<UnsafeMutablePointer<git_smart_subtransport_stream>?>?,
        UnsafeMutablePointer<git_smart_subtransport>?, UnsafePointer<CChar>?, git_smart_service_t
    ) -> Int32 = { out, raw, url, service in
        guard let out, let url, let context = whole(raw)?.pointee.context else { return -1 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        guard let call = SmartCall(service, at: String(cString: url)) else {
            return exchange.fail(.other, "libgit2 asks for an unknown service")
        }
        let conversation = SmartStream(call, exchange)
        let stream = UnsafeMutablePointer<slipway_subtransport_stream>.allocate(capacity: 1)
        stream.initialize(
            to: slipway_subtransport_stream(
                base: git_smart_subtransport_stream(
                    subtransport: raw,
                    read: readStream,
                    write: writeStream,
                    free: freeStream
                ),
                context: Unmanaged.passRetained(conversation).toOpaque()
            )
        )
        out.pointee = UnsafeMutableRawPointer(stream)
            .assumingMemoryBound(to: git_smart_subtransport_stream.self)
        return 0
    }

private let readStream:
    @convention(c) (
        UnsafeMutablePointer<git_smart_subtransport_stream>?, UnsafeMutablePointer<CChar>?, Int,
        UnsafeMutablePointer<Int>?
    ) -> Int32 = { raw, buffer, size, count in
        guard let buffer, let count, let stream = conversation(raw) else { return -1 }
        count.pointee = 0
        return stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size), count)
    }

private let writeStream:
    @convention(c) (
        UnsafeMutablePointer<git_smart_subtransport_stream>?, UnsafePointer<CChar>?, Int
    ) -> Int32 = { raw, buffer, size in
        guard let stream = conversation(raw) else { return -1 }
        return stream.write(UnsafeRawBufferPointer(start: buffer, count: size))
    }

private let freeStream:
    @convention(c) (UnsafeMutablePointer<git_smart_subtransport_stream>?) -> Void =
        { raw in
            guard let raw else { return }
            let stream = UnsafeMutableRawPointer(raw)
                .assumingMemoryBound(to: slipway_subtransport_stream.self)
            if let context = stream.pointee.context {
                let conversation = Unmanaged<SmartStream>.fromOpaque(context).takeRetainedValue()
                conversation.close()
            }
            stream.deinitialize(count: 1)
            stream.deallocate()
        }

private func whole(
    _ raw: UnsafeMutablePointer<git_smart_subtransport>?
) -> UnsafeMutablePointer<slipway_subtransport>? {
    raw.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: slipway_subtransport.self) }
}

private func conversation(
    _ raw: UnsafeMutablePointer<git_smart_subtransport_stream>?
) -> SmartStream? {
    guard let raw else { return nil }
    return UnsafeMutableRawPointer(raw)
        .assumingMemoryBound(to: slipway_subtransport_stream.self)
        .pointee.context.map { Unmanaged<SmartStream>.fromOpaque($0).takeUnretainedValue() }
}

/// One of the four requests of the protocol.
private struct SmartCall {
    let method: GitHTTPRequest.Method
    let url: String
    let accept: String
    let contentType: String?

    init?(_ service: git_smart_service_t, at address: String) {
        let name: String
        switch service {
        case GIT_SERVICE_UPLOADPACK_LS, GIT_SERVICE_UPLOADPACK: name = "git-upload-pack"
        case GIT_SERVICE_RECEIVEPACK_LS, GIT_SERVICE_RECEIVEPACK: name = "git-receive-pack"
        default: return nil
        }
        if service == GIT_SERVICE_UPLOADPACK_LS || service == GIT_SERVICE_RECEIVEPACK_LS {
            method = .get
            url = "\(address)/info/refs?service=\(name)"
            accept = "application/x-\(name)-advertisement"
            contentType = nil
        } else {
            method = .post
            url = "\(address)/\(name)"
            accept = "application/x-\(name)-result"
            contentType = "application/x-\(name)-request"
        }
    }
}

/// A request and its answer as libgit2 sees them: it writes first, then it reads.
private final class SmartStream {
    private let call: SmartCall
    private let exchange: Exchange
    private var outgoing: [UInt8] = []
    private var body: (any GitHTTPBody)?
    private var incoming: ArraySlice<UInt8> = []
    private var ended = false

    /// A request is what we want to fetch, or the few objects of a commit of ours.
    private static let limit = 96 << 20

    init(_ call: SmartCall, _ exchange: Exchange) {
        self.call = call
        self.exchange = exchange
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard body == nil, call.method == .post else {
            return exchange.fail(.other, "libgit2 writes at the wrong time")
        }
        guard outgoing.count + bytes.count <= Self.limit else {
            return exchange.fail(.tooLarge, "more than \(Self.limit) bytes to send")
        }
        outgoing.append(contentsOf: bytes)
        return exchange.proceed()
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        _ count: UnsafeMutablePointer<Int>
    ) -> Int32 {
        let code = exchange.proceed()
        if code != 0 { return code }
        do {
            if body == nil {
                let code = try send()
                if code != 0 { return code }
            }
            while incoming.isEmpty && !ended {
                if let chunk = try body?.next() { incoming = chunk[...] } else { ended = true }
            }
        } catch {
            return exchange.fail(error)
        }
        let taken = incoming.prefix(buffer.count)
        buffer.copyBytes(from: taken)
        incoming = incoming.dropFirst(taken.count)
        count.pointee = taken.count
        return call.method == .get
            ? exchange.accept(listBytes: taken.count) : exchange.accept(bytes: taken.count)
    }

    private func send() throws(GitHTTPFailure) -> Int32 {
        guard let port = exchange.port else {
            return exchange.fail(.invalidURL, "there is no way to HTTP servers here")
        }
        let response = try port.exchange(
            .init(
                method: call.method,
                url: call.url,
                accept: call.accept,
                contentType: call.contentType,
                body: outgoing,
                cancellation: exchange.cancellation
            )
        )
        outgoing = []
        body = response.body
        return judge(response)
    }

    private func judge(_ response: GitHTTPResponse) -> Int32 {
        let status = response.status
        let code = Int32(clamping: status)
        switch status {
        case 200: break
        case 300..<400: return exchange.fail(.unreachable, code: code, "the server redirects")
        case 401, 403, 407:
            return exchange.fail(.unauthorized, code: code, "the server refuses us (\(status))")
        case 404, 410:
            return exchange.fail(.repositoryNotFound, code: code, "no repository is there")
        default:
            return exchange.fail(.unreachable, code: code, "the server answers with \(status)")
        }
        let type = response.contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard type == call.accept else {
            return exchange.fail(
                .unreachable,
                "not a Git server: it answers with \(type.isEmpty ? "no type" : type)"
            )
        }
        return 0
    }

    func close() { body?.close() }
}
