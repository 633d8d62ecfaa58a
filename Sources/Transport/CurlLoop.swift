import CLibCurl

/// A pool of connections with a thread of its own that sends requests and receives answers.
///
/// Things that must not wait for each other (the lease, watches, everything else) get a loop each.
package actor CurlLoop {
    /// Bounds of a loop.
    package struct Settings: Hashable, Sendable {
        /// Open connections, all hosts together; further requests wait.
        package var connections: Int
        /// Open connections to one host.
        package var connectionsPerHost: Int

        package init(connections: Int = 64, connectionsPerHost: Int = 32) {
            self.connections = connections
            self.connectionsPerHost = connectionsPerHost
        }
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    private nonisolated let thread: LoopThread

    /// Starts a loop; `name` (15 bytes are shown) is the thread's.
    package init(name: String, settings: Settings = Settings()) throws(TransportError) {
        thread = try LoopThread(name: name, settings: settings)
        try thread.start()
    }

    deinit {
        thread.stop()
    }

    /// Sends a request and waits for the whole answer, whatever its status.
    ///
    /// Cancelling the task ends the transfer.
    package nonisolated func perform(
        _ request: HTTPRequest
    ) async throws(TransportError) -> HTTPResponse {
        let ticket = Ticket()
        let result = await withTaskCancellationHandler {
            await start(request, ticket)
        } onCancel: {
            thread.post(.cancel(ticket))
        }
        return try result.get()
    }

    /// Sends a request and returns once status and header are there; the body follows.
    ///
    /// Cancelling the task that waits for the header, or the one that reads, ends the transfer.
    package nonisolated func stream(
        _ request: HTTPRequest
    ) async throws(TransportError) -> StreamingResponse {
        let ticket = Ticket()
        let buffer = BodyBuffer(limit: request.limits.bufferedBytes)
        // Made first: if nobody takes the answer any more, this ends the transfer.
        let body = ResponseBody(
            buffer,
            ticket: ticket,
            thread: thread,
            endpoint: request.endpoint
        )
        let result = await withTaskCancellationHandler {
            await start(request, ticket, into: buffer)
        } onCancel: {
            thread.post(.cancel(ticket))
        }
        let head = try result.get()
        return StreamingResponse(status: head.status, headers: head.headers, body: body)
    }

    /// How many transfers are under way.
    package func activeTransfers() -> Int { thread.multi?.count ?? 0 }

    /// Ends all transfers with ``TransportError/Kind/shutDown``, frees everything and joins the
    /// thread. Requests after that fail.
    package nonisolated func shutDown() async {
        await endTransfers()
        thread.stop()
    }

    private func endTransfers() {
        thread.multi?.close()
    }

    private func start(
        _ request: HTTPRequest,
        _ ticket: Ticket
    ) async -> Result<HTTPResponse, TransportError> {
        await withCheckedContinuation { continuation in
            begin(request, ticket, .whole(continuation))
        }
    }

    private func start(
        _ request: HTTPRequest,
        _ ticket: Ticket,
        into buffer: BodyBuffer
    ) async -> Result<ResponseHead, TransportError> {
        await withCheckedContinuation { continuation in
            begin(request, ticket, .stream(continuation, buffer))
        }
    }

    private func begin(_ request: HTTPRequest, _ ticket: Ticket, _ receiver: Transfer.Receiver) {
        let transfer = Transfer(request, ticket: ticket, receiver: receiver)
        guard let multi = thread.multi else {
            transfer.finish(.shutDown)
            return
        }
        multi.add(transfer)
    }
}
