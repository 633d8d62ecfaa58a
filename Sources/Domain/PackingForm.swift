/// Texts of a fixed form that stand in most Kubernetes objects, in fewer bytes.
enum PackingForm: Int, CaseIterable {
    /// `9f1c2d3e-0000-4000-8000-0123456789ab`.
    case uid
    /// `sha256:` and 64 hexadecimal digits.
    case digest
    /// `2026-01-02T03:04:05Z`.
    case time

    static let count = allCases.count

    /// Whether it is worth a number, should it come again. Other texts than ASCII can be equal
    /// though their bytes differ.
    static func isRemembered(_ text: String) -> Bool {
        (4...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 < 0x80 }
    }

    /// How long the packed text is, in bytes.
    var length: Int {
        switch self {
        case .uid: 16
        case .digest: 32
        case .time: 7
        }
    }

    /// The text of which the places of digits are marked by `0`.
    private var pattern: [UInt8] {
        switch self {
        case .uid: Self.uidPattern
        case .digest: Self.digestPattern
        case .time: Self.timePattern
        }
    }

    private static let uidPattern = Array("00000000-0000-0000-0000-000000000000".utf8)
    private static let digestPattern =
        Array("sha256:".utf8) + [UInt8](repeating: zero, count: 64)
    private static let timePattern = Array("0000-00-00T00:00:00Z".utf8)
    private static let zero = UInt8(ascii: "0")

    /// The form of a text and its digits, two a byte; `nil` for a text of another form.
    static func pack(_ text: String) -> (form: PackingForm, bytes: [UInt8])? {
        let form: PackingForm
        switch text.utf8.count {
        case 36: form = .uid
        case 71: form = .digest
        case 20: form = .time
        default: return nil
        }
        var packed: [UInt8] = []
        packed.reserveCapacity(form.length)
        var high: UInt8?
        for (byte, place) in zip(text.utf8, form.pattern) {
            guard place == zero else {
                guard byte == place else { return nil }
                continue
            }
            guard let digit = digit(byte) else { return nil }
            if let first = high {
                packed.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return (form, packed)
    }

    /// The text of packed digits; what is missing of them reads as 0.
    func unpack(_ bytes: ArraySlice<UInt8>) -> String {
        var text = pattern
        var digits = bytes.lazy.flatMap { [$0 >> 4, $0 & 15] }.makeIterator()
        for place in text.indices where text[place] == Self.zero {
            text[place] = Self.character(digits.next() ?? 0)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func character(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
