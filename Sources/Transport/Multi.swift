import CLibCurl

/// The multi handle and the transfers in it. Lives on the loop thread.
final class Multi {
    private static let initialised: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    private let raw: UnsafeMutableRawPointer
    private var transfers: [UInt64: Transfer] = [:]
    private var nextIdleCheck: ContinuousClock.Instant?
    private var isClosed = false

    init(_ settings: CurlLoop.Settings) throws(TransportError) {
        guard Self.initialised, let raw = curl_multi_init() else {
            throw TransportError(
                .shutDown,
                mayHaveBeenSent: false,
                endpoint: "libcurl",
                detail: "cannot start"
            )
        }
        self.raw = raw
        let connections = max(1, settings.connections)
        slipway_multi_set_long(raw, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
        slipway_multi_set_long(
            raw,
            CURLMOPT_MAX_HOST_CONNECTIONS,
            max(1, settings.connectionsPerHost)
        )
        slipway_multi_set_long(raw, CURLMOPT_MAXCONNECTS, connections)
    }

    deinit {
        close()
        curl_multi_cleanup(raw)
    }

    var count: Int { transfers.count }

    /// The one call that other threads may make while the handle lives.
    func wake() {
        curl_multi_wakeup(raw)
    }

    func add(_ transfer: Transfer) {
        guard !isClosed else { return transfer.finish(.shutDown) }
        guard !transfer.ticket.isCancelled else { return transfer.finish(.cancelled) }
        guard transfer.prepare() else { return transfer.finish(.invalidRequest) }
        guard let easy = transfer.easy, curl_multi_add_handle(raw, easy) == CURLM_OK else {
            return transfer.finish(.invalidRequest)
        }
        transfers[transfer.ticket.number] = transfer
        schedule(transfer.idleDeadline)
    }

    func run(_ command: LoopThread.Command) {
        switch command {
        case .cancel(let ticket):
            if let transfer = transfers[ticket.number] { end(transfer) { $0.finish(.cancelled) } }
        case .resume(let ticket):
            guard let transfer = transfers[ticket.number] else { return }
            transfer.resume()
            schedule(transfer.idleDeadline)
        }
    }

    /// Lets libcurl work and ends what is done or silent for too long.
    func perform() {
        var running: Int32 = 0
        curl_multi_perform(raw, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(raw, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle
            else { continue }
            // The message is gone once the handle is removed.
            let code = message.pointee.data.result
            if let transfer = Transfer.of(easy) { end(transfer) { $0.finish(code) } }
        }
        endSilentTransfers()
    }

    /// Waits for sockets, a wake-up or the next deadline.
    func sleep() {
        var limit: Int32 = 60_000
        if let check = nextIdleCheck {
            let wait = ContinuousClock.now.duration(to: check) / .milliseconds(1)
            limit = Int32(max(0, min(60_000, wait.rounded(.up))))
        }
        curl_multi_poll(raw, nil, 0, limit, nil)
    }

    /// Ends all transfers; none is accepted any more.
    func close() {
        isClosed = true
        for transfer in transfers.values { end(transfer) { $0.finish(.shutDown) } }
    }

    private func end(_ transfer: Transfer, _ finish: (Transfer) -> Void) {
        transfers[transfer.ticket.number] = nil
        finish(transfer)
        if let easy = transfer.easy { curl_multi_remove_handle(raw, easy) }
        transfer.free()
    }

    private func schedule(_ deadline: ContinuousClock.Instant?) {
        guard let deadline else { return }
        nextIdleCheck = nextIdleCheck.map { min($0, deadline) } ?? deadline
    }

    private func endSilentTransfers() {
        guard let check = nextIdleCheck else { return }
        let now = ContinuousClock.now
        guard now >= check else { return }
        nextIdleCheck = nil
        for transfer in transfers.values {
            if let deadline = transfer.idleDeadline, deadline <= now, !transfer.hasUploaded(now) {
                end(transfer) { $0.finish(.timedOut(.idle)) }
            } else {
                schedule(transfer.idleDeadline)
            }
        }
    }
}
