import Domain

/// What names inside of objects may look like, with the words of the API server for those that do
/// not. Each function gives `nil` for what is right.
enum NameRules {
    private static let label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

    private static func tooLong(_ limit: Int, _ unit: String = "bytes") -> String {
        "must be no more than \(limit) \(unit)"
    }

    /// A DNS-1123 label: names of namespaces, containers, ports of Services.
    static func label1123(_ text: String) -> String? {
        if text.utf8.count > 63 { return tooLong(63, "characters") }
        guard !isLabel(text) else { return nil }
        return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
            + "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
            + "'123-abc', regex used for validation is '\(label)')"
    }

    /// A DNS-1035 label: names of Services.
    static func label1035(_ text: String) -> String? {
        if text.utf8.count > 63 { return tooLong(63, "characters") }
        let first = text.utf8.first ?? 0
        guard !isLabel(text) || !(97...122).contains(first) else { return nil }
        return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
            + "with an alphabetic character, and end with an alphanumeric character (e.g. "
            + "'my-name',  or 'abc-123', regex used for validation is "
            + "'[a-z]([-a-z0-9]*[a-z0-9])?')"
    }

    private static func isLabel(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, isLowerOrDigit(first),
            isLowerOrDigit(last)
        else { return false }
        return bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte)
    }
}
