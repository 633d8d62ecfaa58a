/// Text from the cluster or from Git, made safe and single-lined for a terminal: line ends and
/// tabs become spaces, other control characters (which could move the cursor or forge lines) are
/// shown as `\u{1B}`.
package func printable(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n", "\t": result.append(" ")
        case "\r": break
        default:
            if isControl(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }
    return result
}

/// C0, C1, and the marks that turn the direction of writing.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
}

/// The text, cut to a number of characters with `...` at the end where something is missing.
package func shortened(_ text: String, to limit: Int) -> String {
    text.count <= limit ? text : String(text.prefix(max(0, limit - 3))) + "..."
}
