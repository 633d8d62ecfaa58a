extension CELFunction {
    /// Functions that make a value of one type from one of another.
    static let conversions: [String: CELFunction] = [
        "int": CELFunction(from(.int, .uint, .double, .string, .timestamp, to: .int), int),
        "uint": CELFunction(from(.int, .uint, .double, .string, to: .uint), uint),
        "double": CELFunction(from(.int, .uint, .double, .string, to: .double)) {
            arguments, _ throws(CELFailure) in
            switch arguments[0] {
            case .int(let value): return .double(Double(value))
            case .uint(let value): return .double(Double(value))
            case .double: return arguments[0]
            case .string(let text):
                guard text.utf8.count <= 400, let value = Double(text) else {
                    throw notConverted("string", "double")
                }
                return .double(value)
            default: throw .noOverload
            }
        },
        "string": CELFunction(
            from(
                .int, .uint, .double, .bool, .string, .bytes, .duration, .timestamp, ip, cidr,
                to: .string),
            string),
        "bool": CELFunction(from(.bool, .string, to: .bool)) {
            arguments, _ throws(CELFailure) in
            switch arguments[0] {
            case .bool: return arguments[0]
            case .string("1"), .string("t"), .string("T"), .string("true"), .string("TRUE"),
                .string("True"):
                return .bool(true)
            case .string("0"), .string("f"), .string("F"), .string("false"), .string("FALSE"),
                .string("False"):
                return .bool(false)
            case .string: throw notConverted("string", "bool")
            default: throw .noOverload
            }
        },
        "bytes": CELFunction(from(.bytes, .string, to: .bytes)) {
            arguments, meter throws(CELFailure) in
            guard case .string(let text) = arguments[0] else {
                guard case .bytes = arguments[0] else { throw .noOverload }
                return arguments[0]
            }
            try meter.spend(reading: text.utf8.count)
            return .bytes(Array(text.utf8))
        },
        "duration": CELFunction(from(.string, .duration, to: .duration)) {
            arguments, _ throws(CELFailure) in
            guard case .string(let text) = arguments[0] else {
                guard case .duration = arguments[0] else { throw .noOverload }
                return arguments[0]
            }
            guard let span = CELTime.nanoseconds(text) else {
                throw notConverted("string", "google.protobuf.Duration")
            }
            return .duration(span)
        },
        "timestamp": CELFunction(from(.string, .int, .timestamp, to: .timestamp)) {
            arguments, _ throws(CELFailure) in
            let time: CELTime?
            switch arguments[0] {
            case .timestamp: return arguments[0]
            case .int(let seconds): time = CELTime(seconds: seconds)
            case .string(let text): time = CELTime(text)
            default: throw .noOverload
            }
            guard let time else { throw notConverted("string", "google.protobuf.Timestamp") }
            return .timestamp(time)
        },
        "dyn": CELFunction([global([a], .dyn)]) { arguments, _ throws(CELFailure) in
            arguments[0]
        },
        "type": CELFunction([global([a], .type)]) { arguments, _ throws(CELFailure) in
            .type(arguments[0].typeName)
        },
    ]

    private static func from(_ types: CELType..., to result: CELType) -> [Overload] {
        types.map { global([$0], result) }
    }

    private static func notConverted(_ from: String, _ to: String) -> CELFailure {
        CELFailure("type conversion error from '\(from)' to '\(to)'")
    }

    private static let int: Body = { arguments, meter throws(CELFailure) in
        switch arguments[0] {
        case .int: return arguments[0]
        case .uint(let value):
            guard let whole = Int64(exactly: value) else { throw .overflow }
            return .int(whole)
        case .double(let value):
            guard let whole = Int64(exactly: value.rounded(.towardZero)) else { throw .overflow }
            return .int(whole)
        case .string(let text):
            try meter.spend(reading: text.utf8.count)
            guard let whole = Int64(text) else { throw notConverted("string", "int") }
            return .int(whole)
        case .timestamp(let time): return .int(time.seconds)
        default: throw .noOverload
        }
    }

    private static let uint: Body = { arguments, meter throws(CELFailure) in
        switch arguments[0] {
        case .uint: return arguments[0]
        case .int(let value):
            guard let whole = UInt64(exactly: value) else {
                throw CELFailure("unsigned integer overflow")
            }
            return .uint(whole)
        case .double(let value):
            guard let whole = UInt64(exactly: value.rounded(.towardZero)) else {
                throw CELFailure("unsigned integer overflow")
            }
            return .uint(whole)
        case .string(let text):
            try meter.spend(reading: text.utf8.count)
            guard let whole = UInt64(text) else { throw notConverted("string", "uint") }
            return .uint(whole)
        default: throw .noOverload
        }
    }

    private static let string: Body = { arguments, meter throws(CELFailure) in
        switch arguments[0] {
        case .string: return arguments[0]
        case .int(let value): return .string(String(value))
        case .uint(let value): return .string(String(value))
        case .double(let value): return .string(text(of: value))
        case .bool(let value): return .string(String(value))
        case .bytes(let bytes):
            try meter.spend(reading: bytes.count)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELFailure("invalid UTF-8 in bytes, cannot convert to string")
            }
            return .string(text)
        case .duration(let span): return .string(CELTime.text(of: span))
        case .timestamp(let time): return .string(time.text)
        case .ip(let address): return .string(address.text)
        case .cidr(let network): return .string(network.networkText)
        default: throw .noOverload
        }
    }

    /// As Go's `%g`: as few digits as tell the number; an exponent below -4 and from 6 on.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        let sign = value.sign == .minus ? "-" : ""
        let halves = value.magnitude.description.split(separator: "e")
        let parts = (halves.first ?? "").split(separator: ".")
        let whole = parts.first ?? ""
        let written = parts.joined()
        let digits = written.drop { $0 == "0" }
        let exponent =
            whole.count - 1 - (written.count - digits.count)
            + (halves.count == 2 ? Int(halves[1]) ?? 0 : 0)
        let kept = String(digits.reversed().drop { $0 == "0" }.reversed())
        guard !kept.isEmpty else { return sign + "0" }
        let zeros = { (count: Int) in String(repeating: "0", count: max(count, 0)) }
        switch exponent {
        case -4..<0: return sign + "0." + zeros(-exponent - 1) + kept
        case 0..<6:
            let head = kept.prefix(exponent + 1)
            let tail = kept.dropFirst(exponent + 1)
            return sign + head + zeros(exponent + 1 - head.count) + (tail.isEmpty ? "" : ".\(tail)")
        default:
            let tail = kept.dropFirst()
            let power = String(abs(exponent))
            return sign + kept.prefix(1) + (tail.isEmpty ? "" : ".\(tail)") + "e"
                + (exponent < 0 ? "-" : "+") + zeros(2 - power.count) + power
        }
    }
}

extension CELValue {
    /// Decodes base64 with padding (RFC 4648 section 4); `nil` for anything else.
    static func bytes(base64 text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            bits = (bits << 6 | UInt32(value)) & 0xFFFFFF
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        return text.utf8.count % 4 == 0 ? result : nil
    }
}
