import Domain

/// What a plain scalar means: the core schema of YAML 1.2.
enum YAMLScalar {
    /// The value; `nil` for infinities and what is not a number.
    static func value(of plain: String) -> Document? {
        switch plain {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf",
            "-.Inf", "-.INF":
            return nil
        default: return number(plain) ?? .string(plain)
        }
    }

    private static func number(_ plain: String) -> Document? {
        guard let first = plain.utf8.first, plain.utf8.count <= 400, startsNumber(first) else {
            return nil
        }
        var shape = Shape(Array(plain.utf8))
        switch shape.kind() {
        case .decimal:
            if let value = Int64(plain) { return .integer(value) }
            return finite(plain)
        case .hex:
            return Int64(plain.dropFirst(2), radix: 16).map(Document.integer)
        case .float: return finite(plain)
        case .none: return nil
        }
    }

    private static func finite(_ plain: String) -> Document? {
        guard let value = Double(plain), value.isFinite else { return nil }
        return .double(value)
    }

    private static func startsNumber(_ byte: UInt8) -> Bool {
        byte &- 48 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: ".")
    }

    /// What a reader of YAML 1.1, or a lenient one of 1.2, takes a plain text for; `nil` if all
    /// agree that it is text.
    static func otherReading(of plain: String) -> String? {
        switch plain {
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return "true"
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF": return "false"
        default: break
        }
        guard let first = plain.utf8.first, startsNumber(first), plain.utf8.count <= 400,
            case .string? = value(of: plain)
        else { return nil }
        let unsigned = plain.drop { $0 == "+" || $0 == "-" }
        let digits = unsigned.filter { $0 != "_" }
        guard let leading = digits.first, leading.isASCII, leading.isNumber else { return nil }
        if digits.hasPrefix("0o") || digits.hasPrefix("0b") || digits.hasPrefix("0x") {
            let rest = digits.dropFirst(2)
            return !rest.isEmpty && rest.allSatisfy(\.isHexDigit) ? "a number" : nil
        }
        return digits.allSatisfy { $0.isASCII && $0.isNumber } ? "a number" : nil
    }

    private enum Kind {
        case decimal
        case hex
        case float
    }

    /// Looks at a plain scalar byte by byte to see which kind of number it is.
    private struct Shape {
        let bytes: [UInt8]
        var index = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func kind() -> Kind? {
            if bytes.starts(with: "0x".utf8) {
                let digits = bytes.dropFirst(2)
                return !digits.isEmpty && digits.allSatisfy(Self.isHex) ? .hex : nil
            }
            if !take("+") { _ = take("-") }
            let start = index
            let whole = digits()
            var isFloat = false
            var fraction = 0
            if take(".") {
                isFloat = true
                fraction = digits()
            }
            guard whole + fraction > 0 else { return nil }
            if take("e") || take("E") {
                isFloat = true
                if !take("+") { _ = take("-") }
                guard digits() > 0 else { return nil }
            }
            guard index == bytes.count else { return nil }
            if isFloat { return .float }
            return whole > 1 && bytes[start] == UInt8(ascii: "0") ? nil : .decimal
        }

        private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard index < bytes.count, UInt32(bytes[index]) == scalar.value else { return false }
            index += 1
            return true
        }

        private mutating func digits() -> Int {
            let start = index
            while index < bytes.count, bytes[index] &- 48 < 10 { index += 1 }
            return index - start
        }

        private static func isHex(_ byte: UInt8) -> Bool {
            byte &- 48 < 10 || (byte | 0x20) &- 97 < 6
        }
    }
}
