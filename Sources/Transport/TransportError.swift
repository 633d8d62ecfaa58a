import CLibCurl

/// Why an exchange failed, and above all whether the server may have seen the request.
package struct TransportError: Error, Hashable, Sendable {
    /// What went wrong.
    package enum Kind: Hashable, Sendable {
        /// The request cannot be sent as it is.
        case invalidRequest
        /// The host's name is not known.
        case nameNotFound
        /// Nobody answers at the address.
        case connectionRefused
        /// The TLS handshake failed: certificate, key, protocol.
        case tls
        /// A deadline passed.
        case timedOut(Deadline)
        /// The connection ended before the answer was complete.
        case connectionBroken
        /// The answer has more header bytes than allowed.
        case headersTooLarge
        /// The answer's body is longer than allowed.
        case bodyTooLarge
        /// The answer is not HTTP.
        case malformedAnswer
        /// The task was cancelled or the reader of the body went away.
        case cancelled
        /// The loop was shut down.
        case shutDown
    }

    /// The deadlines of a request.
    package enum Deadline: String, Hashable, Sendable {
        case connect
        case total
        case idle
    }

    package let kind: Kind
    /// False only if it is certain that no byte of the request left.
    package let mayHaveBeenSent: Bool
    /// Scheme, host and path of the request, without user info and query.
    package let endpoint: String
    /// What libcurl says, or what we found; never holds credentials.
    package let detail: String

    package init(_ kind: Kind, mayHaveBeenSent: Bool, endpoint: String, detail: String = "") {
        self.kind = kind
        self.mayHaveBeenSent = mayHaveBeenSent
        self.endpoint = endpoint
        self.detail = String(detail.prefix(300))
    }
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        let what =
            switch kind {
            case .invalidRequest: "the request cannot be sent"
            case .nameNotFound: "the name of the host is not known"
            case .connectionRefused: "no connection"
            case .tls: "no TLS connection"
            case .timedOut(.connect): "no connection in time"
            case .timedOut(.total): "no complete answer in time"
            case .timedOut(.idle): "silence for too long"
            case .connectionBroken: "the connection broke"
            case .headersTooLarge: "the header of the answer is too long"
            case .bodyTooLarge: "the body of the answer is too long"
            case .malformedAnswer: "the answer is not HTTP"
            case .cancelled: "cancelled"
            case .shutDown: "shut down"
            }
        return detail.isEmpty ? "\(endpoint): \(what)" : "\(endpoint): \(what) (\(detail))"
    }
}

extension TransportError.Kind {
    /// The kind that a code of libcurl stands for; `started` says that a connection was there.
    init(_ code: CURLcode, started: Bool) {
        switch code {
        // HTTP/0.9, that is: anything at all without a status line.
        case CURLE_UNSUPPORTED_PROTOCOL where started: self = .malformedAnswer
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT,
            CURLE_LOGIN_DENIED, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN, CURLE_FAILED_INIT,
            CURLE_SETOPT_OPTION_SYNTAX:
            self = .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .nameNotFound
        case CURLE_COULDNT_CONNECT, CURLE_PROXY: self = .connectionRefused
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
            CURLE_SSL_CRL_BADFILE, CURLE_USE_SSL_FAILED:
            self = .tls
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut(started ? .total : .connect)
        case CURLE_FILESIZE_EXCEEDED: self = .bodyTooLarge
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP_RETURNED_ERROR, CURLE_BAD_CONTENT_ENCODING:
            self = .malformedAnswer
        // libcurl gives up on a single header line of more than 100 KiB this way.
        case CURLE_OUT_OF_MEMORY where started: self = .headersTooLarge
        default: self = .connectionBroken
        }
    }
}
