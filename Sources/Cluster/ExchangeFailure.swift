import KubeWire
import Transport

/// Why an exchange with the API server brought no answer.
struct ExchangeFailure: Error {
    /// For people; holds no credentials.
    let message: String
    /// False only if it is certain that no byte of the request left.
    let mayHaveBeenSent: Bool
    /// What it means to a list or a watch.
    let kind: ClusterError.Kind

    /// - Parameter origin: where trust and certificates come from, to say what to do about them.
    init(_ error: TransportError, origin: String? = nil) {
        let advice = origin.flatMap { TLSAdvice.text(for: error, origin: $0) }
        message = advice.map { "\(error): \($0)" } ?? error.description
        mayHaveBeenSent = error.mayHaveBeenSent
        switch error.kind {
        case .malformedAnswer, .headersTooLarge, .bodyTooLarge, .invalidRequest: kind = .malformed
        default: kind = .unavailable
        }
    }

    /// There was nothing to show, so nothing was sent.
    init(_ problem: CredentialProblem) {
        message = "no credentials: \(problem)"
        mayHaveBeenSent = false
        kind = .unavailable
    }
}

extension ClusterError {
    init(_ failure: ExchangeFailure) {
        self.init(failure.kind, failure.message)
    }

    init(_ error: TransportError) {
        self.init(ExchangeFailure(error))
    }
}
