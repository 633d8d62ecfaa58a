/// Where a repository is, checked: what comes out of it holds no credentials and may be logged.
package struct RemoteAddress: Hashable, Sendable, CustomStringConvertible {
    /// How to get there.
    package enum Transport: Hashable, Sendable {
        case http
        case local
    }

    /// What an operator has to allow.
    package struct Permissions: Hashable, Sendable {
        /// Bare repositories on our own disk.
        package var localRepositories: Bool
        /// `http://` to other hosts than our own.
        package var plainHTTP: Bool

        package init(localRepositories: Bool = false, plainHTTP: Bool = false) {
            self.localRepositories = localRepositories
            self.plainHTTP = plainHTTP
        }
    }

    /// `https://HOST[:PORT]/PATH`, `http://…`, or an absolute path; without `/` at the end.
    package let text: String
    package let transport: Transport

    package var description: String { text }

    /// Errors: `invalidURL`; the message does not repeat the address where it could hold a
    /// secret.
    package init(_ text: String, permissions: Permissions) throws(GitError) {
        let bytes = Array(text.utf8)
        guard (1...2048).contains(bytes.count), bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Self.refusal("must be 1 to 2048 printable ASCII characters without spaces")
        }
        if bytes.first == UInt8(ascii: "/") {
            try Self.checkLocal(text, permissions)
            transport = .local
        } else {
            try Self.checkHTTP(text, permissions)
            transport = .http
        }
        var end = text[...]
        while end.count > 1, end.last == "/" { end.removeLast() }
        self.text = String(end)
    }

    private static func checkLocal(
        _ text: String,
        _ permissions: Permissions
    ) throws(GitError) {
        guard permissions.localRepositories else {
            throw refusal("local repositories are not allowed here")
        }
        let parts = text.split(separator: "/")
        guard !parts.contains("..") && !parts.contains(".") else {
            throw refusal("the path must not hold `.` or `..`")
        }
    }

    private static func checkHTTP(_ text: String, _ permissions: Permissions) throws(GitError) {
        let encrypted = text.lowercased().hasPrefix("https://")
        guard encrypted || text.lowercased().hasPrefix("http://") else {
            throw refusal("must start with https://")
        }
        let rest = text.dropFirst(encrypted ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            throw refusal("must not hold a user or a password; put them in a secret")
        }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" || $0 == "\\" }) else {
            throw refusal("must not hold `?`, `#` or a backslash")
        }
        let (host, port) = split(authority)
        guard !host.isEmpty, host.utf8.count <= 255 else { throw refusal("names no host") }
        guard port.map(isPort) ?? true else { throw refusal("the port is no port") }
        guard rest.dropFirst(authority.count).contains(where: { $0 != "/" }) else {
            throw refusal("names no repository")
        }
        guard encrypted || permissions.plainHTTP || isLoopback(host) else {
            throw refusal("must start with https://; http:// is only for this machine")
        }
    }

    /// The host, in brackets if it is IPv6, and the port.
    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let after = authority[authority.index(after: end)...]
            if after.isEmpty { return (authority[...end], nil) }
            return (authority[...end], after.hasPrefix(":") ? after.dropFirst() : "")
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isPort(_ text: Substring) -> Bool {
        isDecimal(text) && UInt16(text).map { $0 > 0 } ?? false
    }

    private static func isDecimal(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { isDecimal($0) && UInt8($0) != nil }
    }

    private static func refusal(_ reason: String) -> GitError {
        GitError(.invalidURL, during: "read the repository's address", reason)
    }
}
