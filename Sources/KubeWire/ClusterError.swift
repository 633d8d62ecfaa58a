package import Domain

/// Why a list or a watch did not work.
package struct ClusterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the caller can make of it.
    package enum Kind: String, Hashable, Sendable {
        /// 410: the version (or the continuation) is too old; list anew.
        case expired
        /// The server has not got that far yet, or never will after a restore.
        case versionTooLarge
        /// 401 after the credentials were read anew, or 403.
        case forbidden
        /// The server does not serve this kind.
        case notServed
        /// 400 or 422.
        case invalid
        /// 429.
        case tooManyRequests
        /// No connection, no answer, 5xx.
        case unavailable
        /// The answer is not what a Kubernetes API would say, or is cut off.
        case malformed
    }

    package let kind: Kind
    package let message: String
    package let retryAfter: TimeSpan?

    package init(_ kind: Kind, _ message: String, retryAfter: TimeSpan? = nil) {
        self.kind = kind
        self.message = String(message.prefix(2000))
        self.retryAfter = retryAfter
    }

    package var description: String { message }

    init(_ failure: ServerFailure) {
        let tooLarge = failure.causes.contains { $0.reason == "ResourceVersionTooLarge" }
        let kind: Kind =
            switch failure.status {
            case 410: .expired
            case 401, 403: .forbidden
            case 404: .notServed
            case 400, 422: .invalid
            case 429: .tooManyRequests
            case 504 where tooLarge: .versionTooLarge
            case 500..<600: .unavailable
            default: .malformed
            }
        let message = kind == .notServed ? "the server does not serve it" : failure.message
        self.init(kind, message, retryAfter: failure.retryAfter)
    }
}
