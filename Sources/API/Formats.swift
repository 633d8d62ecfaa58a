/// Checks of texts in the API. Each answers what is wrong, or `nil`.
enum Formats {
    /// A DNS-1123 label of at most `limit` characters.
    static func label(_ text: String, limit: Int = 63) -> String? {
        if text.utf8.count > limit { return "is longer than \(limit) characters" }
        return isLabel(text[...])
            ? nil
            : "`\(text)` must be lower-case letters, digits and `-`, "
                + "with a letter or digit at both ends"
    }

    /// A DNS-1035 label, which starts with a letter: what a Service's name must be.
    static func serviceLabel(_ text: String, limit: Int = 63) -> String? {
        if let problem = label(text, limit: limit) { return problem }
        let first = text.utf8.first ?? 0
        return (97...122).contains(first)
            ? nil : "`\(text)` must start with a letter: Services are named after it"
    }

    /// DNS-1123 labels separated by dots, at most 253 characters.
    static func subdomain(_ text: String) -> String? {
        isSubdomain(text[...])
            ? nil
            : "`\(text.prefix(64))` must be lower-case letters, digits, `-` and `.`, "
                + "with a letter or digit at both ends"
    }

    /// A host name, `*.` allowed in front, no IP address.
    static func hostname(_ text: String) -> String? {
        let rest = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
        let labels = rest.split(separator: ".", omittingEmptySubsequences: false)
        let numeric = labels.last?.utf8.allSatisfy(isDigit) ?? true
        guard isSubdomain(rest), !numeric else {
            return "`\(text.prefix(64))` must be a host name such as api.example.com "
                + "or *.example.com"
        }
        return nil
    }

    /// An absolute HTTP path prefix as the Gateway API accepts it.
    static func httpPath(_ text: String) -> String? {
        guard text.hasPrefix("/") else { return "must start with `/`" }
        guard text.utf8.allSatisfy(isPathByte) else {
            return "may hold only letters, digits and /._~!$&'()*+,;=:@%-"
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let inner = parts.dropLast()
        if inner.contains("") || parts.contains(".") || parts.contains("..") {
            return "must not contain `//`, `/.` or `/..`"
        }
        let escapes = text.split(separator: "%", omittingEmptySubsequences: false).dropFirst()
        for escape in escapes {
            guard escape.utf8.count >= 2, escape.prefix(2).allSatisfy(\.isHexDigit) else {
                return "has a `%` without two hexadecimal digits"
            }
            if escape.prefix(2).lowercased() == "2f" { return "must not contain an escaped `/`" }
        }
        return nil
    }

    private static let artifactSchemes = ["s3", "gs", "oci", "pvc", "http", "https", "hf", "file"]

    /// Where a model artifact is.
    static func artifact(_ text: String) -> String? {
        guard let url = SplitURL(text), artifactSchemes.contains(url.scheme) else {
            return "must start with \(Spelling.choice(artifactSchemes.map { $0 + "://" }))"
        }
        guard isPrintable(text) else { return "must not contain spaces or control characters" }
        if url.hasUserInfo { return "must not contain credentials" }
        if url.scheme == "file" {
            return url.authority.isEmpty && url.path.utf8.count > 1
                ? nil : "must be an absolute path: file:///models/fraud"
        }
        return url.authority.isEmpty ? "lacks a name after `\(url.scheme)://`" : nil
    }

    /// An image reference.
    static func image(_ text: String) -> String? {
        let allowed = text.utf8.allSatisfy {
            isAlphanumeric($0) || ".:/@_-".utf8.contains($0)
        }
        guard allowed, let first = text.utf8.first, isAlphanumeric(first) else {
            return "`\(text.prefix(64))` is no image reference"
        }
        return nil
    }

    /// `sha256:` and 64 lower-case hexadecimal digits.
    static func pin(_ text: String) -> String? {
        let hex = text.dropFirst(7).utf8
        let right =
            text.hasPrefix("sha256:") && hex.count == 64
            && hex.allSatisfy { isDigit($0) || (97...102).contains($0) }
        return right ? nil : "must be sha256: and 64 lower-case hexadecimal digits"
    }

    /// A path inside the repository, without `.` and `..`.
    static func repositoryPath(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let clean = parts.allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.lowercased() != ".git"
        }
        guard clean, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x5C }) else {
            return "must be a path inside the repository, such as models/fraud"
        }
        return nil
    }

    /// A branch name as git check-ref-format takes it, without `refs/heads/`.
    static func branch(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let partsFit = parts.allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock")
        }
        let bytesFit = text.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7F && !"~^:?*[\\".utf8.contains($0)
        }
        guard partsFit, bytesFit, !text.contains(".."), !text.contains("@{"), text != "@",
            !text.hasPrefix("-"), !text.hasSuffix("."), !text.hasPrefix("refs/")
        else { return "`\(text.prefix(64))` is no branch name" }
        return nil
    }

    /// A name or mail address that fits a commit's author line.
    static func author(_ text: String) -> String? {
        text.utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == 0x3C || $0 == 0x3E }
            ? "must not contain < or > or control characters" : nil
    }

    static func isPrintable(_ text: String) -> Bool {
        !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (97...122).contains(byte) || (65...90).contains(byte)
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "/._~!$&'()*+,;=:@%-".utf8.contains(byte)
    }

    private static func isLabel(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else {
            return false
        }
        return first != 45 && last != 45
            && bytes.allSatisfy { isDigit($0) || (97...122).contains($0) || $0 == 45 }
    }

    private static func isSubdomain(_ text: Substring) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    }
}

/// A URL cut at its seams; nothing is decoded.
struct SplitURL {
    let scheme: String
    /// Between `//` and the next `/`, with user info and port.
    let authority: Substring
    /// From the `/` on.
    let path: Substring

    /// `nil` if there is no `SCHEME://`.
    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return nil
        }
        scheme = String(text[..<colon])
        let rest = text[colon...].dropFirst(3)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        authority = rest[..<end]
        path = rest[end...]
    }

    /// There is something before an `@` in the authority.
    var hasUserInfo: Bool { authority.contains("@") }

    /// The host without port and brackets.
    var host: Substring {
        let afterUser = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if afterUser.hasPrefix("[") { return afterUser.dropFirst().prefix { $0 != "]" } }
        return afterUser.prefix { $0 != ":" }
    }

    /// The host is this machine: `localhost`, 127/8 or `::1`.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { (1...3).contains($0.utf8.count) && UInt8($0) != nil }
    }
}
