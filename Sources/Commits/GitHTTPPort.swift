internal import Synchronization

/// The way to Git servers over HTTP. libgit2's own HTTP client has no deadlines and a TLS stack of
/// its own; so libgit2 only speaks Git's protocol, and who fills this port speaks HTTP.
///
/// What it owes: deadlines for the connection, for every pause and for the whole; no redirects; TLS
/// verified; the credentials of this repository and no others; `cancellation` heeded.
package protocol GitHTTPPort: Sendable {
    /// Sends a request and waits for the head of the answer. Called on the thread of a repository,
    /// which it may block; never on the cooperative pool.
    func exchange(_ request: GitHTTPRequest) throws(GitHTTPFailure) -> GitHTTPResponse
}

/// A request of Git's smart protocol.
package struct GitHTTPRequest: Sendable {
    /// The two verbs of the protocol.
    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package var method: Method
    package var url: String
    /// What the answer may be; anything else is refused.
    package var accept: String
    /// Of the body; `nil` for a GET.
    package var contentType: String?
    package var body: [UInt8]
    package var cancellation: GitCancellation

    package init(
        method: Method, url: String, accept: String, contentType: String?, body: [UInt8],
        cancellation: GitCancellation
    ) {
        self.method = method
        self.url = url
        self.accept = accept
        self.contentType = contentType
        self.body = body
        self.cancellation = cancellation
    }
}

/// The head of an answer, whatever its status, and the way to its body.
package struct GitHTTPResponse {
    package var status: Int
    package var contentType: String
    /// What follows, decoded if it was compressed.
    package var body: any GitHTTPBody

    package init(status: Int, contentType: String, body: any GitHTTPBody) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// The body of an answer as it arrives.
package protocol GitHTTPBody: AnyObject {
    /// Waits for the next bytes; `nil` at the end. Errors: also when the connection broke before
    /// the end.
    func next() throws(GitHTTPFailure) -> [UInt8]?

    /// Nobody wants the rest.
    func close()
}

/// Why there is no answer, or not the whole of it.
package struct GitHTTPFailure: Error, Hashable, Sendable {
    /// What went wrong.
    package enum Kind: Hashable, Sendable {
        case unreachable
        case timedOut
        case cancelled
    }

    package var kind: Kind
    /// For people; without credentials.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Ends what a thread of a repository is doing, from any other thread.
package final class GitCancellation: Sendable {
    private struct State: Sendable {
        var isCancelled = false
        var handlers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    package func cancel() {
        let handlers = state.withLock { state in
            state.isCancelled = true
            defer { state.handlers = [] }
            return state.handlers
        }
        for handler in handlers { handler() }
    }

    /// Calls `handler` once when it is cancelled; at once if it is already.
    package func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let late = state.withLock { state in
            if !state.isCancelled { state.handlers.append(handler) }
            return state.isCancelled
        }
        if late { handler() }
    }
}
