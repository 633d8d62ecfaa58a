import Synchronization

/// The bearer token, read again when it may have been rotated.
final class TokenSource: Sendable {
    private struct State {
        var token: String?
        var readAt: ContinuousClock.Instant?
    }

    private let credentials: KubeConfiguration.Credentials
    private let period: Duration
    private let state = Mutex(State())

    init(_ credentials: KubeConfiguration.Credentials, period: Duration = .seconds(60)) {
        self.credentials = credentials
        self.period = period
    }

    /// The token to use now; `nil` if there is none. A file that cannot be read, or is empty in
    /// the middle of a rotation, leaves the token as it was.
    func current() -> String? {
        switch credentials {
        case .none, .plugin: return nil
        case .token(let token): return token
        case .tokenFile(let path):
            return state.withLock { state in
                let now = ContinuousClock.now
                if let token = state.token, let readAt = state.readAt, readAt + period > now {
                    return token
                }
                if let token = Self.read(path) {
                    state.token = token
                    state.readAt = now
                }
                return state.token
            }
        }
    }

    /// The server did not accept `token`. True if there is another one now to try.
    func replace(_ token: String?) -> Bool {
        guard case .tokenFile(let path) = credentials else { return false }
        return state.withLock { state in
            // Somebody else's request may have led to the new token already.
            if state.token == token, let fresh = Self.read(path) {
                state.token = fresh
                state.readAt = .now
            }
            return state.token != token
        }
    }

    /// Whether a text can stand in a header field.
    static func isUsable(_ token: String) -> Bool {
        !token.isEmpty && token.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }

    private static func read(_ path: String) -> String? {
        guard let bytes = try? Files.read(path, limit: 64 << 10) else { return nil }
        let trimmed = bytes.split(whereSeparator: { $0 <= 32 })
        guard trimmed.count == 1, let word = trimmed.first else { return nil }
        let token = String(decoding: word, as: UTF8.self)
        return isUsable(token) ? token : nil
    }
}
