import CLibCurl

/// A URL taken apart by libcurl, so that we read it as libcurl does.
package struct ParsedURL: Hashable, Sendable {
    /// `http` or `https`.
    package let scheme: String
    /// As it stands in the URL: an IPv6 address has its brackets.
    package let host: String
    /// The scheme's own where the URL has none.
    package let port: Int
    /// Without query; `/` where the URL has none.
    package let path: String

    private let explicitPort: Bool
    private let url: String

    /// `nil` unless it is absolute, `http` or `https`, without user info.
    package init?(_ url: String) {
        // libcurl reads up to a NUL, and no URL has control characters.
        guard url.utf8.allSatisfy({ $0 > 32 }), let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_DISALLOW_USER | CURLU_PATH_AS_IS)
        guard curl_url_set(handle, CURLUPART_URL, url, flags) == CURLUE_OK,
            let scheme = Self.part(handle, CURLUPART_SCHEME),
            scheme == "http" || scheme == "https",
            let host = Self.part(handle, CURLUPART_HOST), !host.isEmpty,
            let port = Self.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({
                Int($0)
            })
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.url = url
        path = Self.part(handle, CURLUPART_PATH) ?? "/"
        explicitPort = Self.part(handle, CURLUPART_PORT) != nil
    }

    /// What belongs in the `Host` field.
    package var authority: String { explicitPort ? "\(host):\(port)" : host }

    /// Whether the host is this machine by its own word: 127.0.0.0/8, ::1 or `localhost`.
    package var isLoopback: Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        let isAddress =
            octets.count == 4
            && octets.allSatisfy { UInt8($0) != nil && !$0.hasPrefix("+") }
        return host == "localhost" || host == "[::1]" || (isAddress && octets[0] == "127")
    }

    /// The URL with another host and the same port.
    func withHost(_ name: String) -> String? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_HOST, name, 0) == CURLUE_OK
        else { return nil }
        return Self.part(handle, CURLUPART_URL)
    }

    private static func part(
        _ handle: OpaquePointer,
        _ part: CURLUPart,
        _ flags: UInt32 = 0
    ) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
