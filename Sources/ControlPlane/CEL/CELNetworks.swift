/// Kubernetes' libraries of addresses and networks.
extension CELFunction {
    static let networks: [String: CELFunction] = {
        var result: [String: CELFunction] = [
            "isIP": CELFunction([global([.string], .bool)]) { arguments, meter throws(CELFailure) in
                .bool(try CELNetwork(address: text(arguments[0], &meter)) != nil)
            },
            "ip.isCanonical": CELFunction([global([.string], .bool)]) {
                arguments, meter throws(CELFailure) in
                let text = try text(arguments[0], &meter)
                return .bool(try address(text).text == text)
            },
            "isCIDR": CELFunction([global([.string], .bool)]) {
                arguments, meter throws(CELFailure) in
                .bool(try CELNetwork(network: text(arguments[0], &meter)) != nil)
            },
            "ip": CELFunction([global([.string], ip), member([cidr], ip)]) {
                arguments, meter throws(CELFailure) in
                if case .cidr(let network) = arguments[0] { return .ip(network.address) }
                return .ip(try address(try text(arguments[0], &meter)))
            },
            "cidr": CELFunction([global([.string], cidr)]) { arguments, meter throws(CELFailure) in
                .cidr(try network(try text(arguments[0], &meter)))
            },
            "family": CELFunction([member([ip], .int)]) { arguments, _ throws(CELFailure) in
                .int(try host(arguments[0]).bytes.count == 4 ? 4 : 6)
            },
            "prefixLength": CELFunction([member([cidr], .int)]) {
                arguments, _ throws(CELFailure) in
                guard case .cidr(let network) = arguments[0] else { throw .noOverload }
                return .int(Int64(network.prefix))
            },
            "masked": CELFunction([member([cidr], cidr)]) { arguments, _ throws(CELFailure) in
                guard case .cidr(let network) = arguments[0] else { throw .noOverload }
                return .cidr(network.masked)
            },
            "containsIP": CELFunction([member([cidr, .string], .bool), member([cidr, ip], .bool)]) {
                arguments, meter throws(CELFailure) in
                guard case .cidr(let network) = arguments[0] else { throw .noOverload }
                if case .ip(let other) = arguments[1] { return .bool(network.contains(other)) }
                return .bool(network.contains(try address(try text(arguments[1], &meter))))
            },
            "containsCIDR": CELFunction(
                [member([cidr, .string], .bool), member([cidr, cidr], .bool)]
            ) { arguments, meter throws(CELFailure) in
                guard case .cidr(let one) = arguments[0] else { throw .noOverload }
                if case .cidr(let other) = arguments[1] { return .bool(one.contains(other)) }
                return .bool(one.contains(try network(try text(arguments[1], &meter))))
            },
        ]
        let kinds: [(String, @Sendable (CELNetwork) -> Bool)] = [
            ("isUnspecified", { $0.isUnspecified }), ("isLoopback", { $0.isLoopback }),
            ("isLinkLocalMulticast", { $0.isLinkLocalMulticast }),
            ("isLinkLocalUnicast", { $0.isLinkLocalUnicast }),
            ("isGlobalUnicast", { $0.isGlobalUnicast }),
        ]
        for (name, test) in kinds {
            result[name] = CELFunction([member([ip], .bool)]) { arguments, _ throws(CELFailure) in
                .bool(test(try host(arguments[0])))
            }
        }
        return result
    }()

    static let ip = CELType.opaque("net.IP")
    static let cidr = CELType.opaque("net.CIDR")

    private static func text(
        _ value: CELValue, _ meter: inout CELMeter
    ) throws(CELFailure) -> String {
        guard let text = value.asString else { throw .noOverload }
        try meter.spend(reading: text.utf8.count)
        return text
    }

    private static func host(_ value: CELValue) throws(CELFailure) -> CELNetwork {
        guard case .ip(let address) = value else { throw .noOverload }
        return address
    }

    private static func address(_ text: String) throws(CELFailure) -> CELNetwork {
        guard let address = CELNetwork(address: text) else {
            throw CELFailure("IP Address '\(text)' parse error during conversion from string")
        }
        return address
    }

    private static func network(_ text: String) throws(CELFailure) -> CELNetwork {
        guard let network = CELNetwork(network: text) else {
            throw CELFailure("network address parse error during conversion from string: \(text)")
        }
        return network
    }
}

/// An address of IPv4 or IPv6, or a network of them.
struct CELNetwork: Hashable, Sendable {
    /// Four or sixteen.
    let bytes: [UInt8]
    /// Bits that all addresses of the network share.
    let prefix: Int

    private init(_ bytes: [UInt8], prefix: Int) {
        self.bytes = bytes
        self.prefix = prefix
    }

    /// Without a zone, and not of IPv4 in the form of IPv6.
    init?(address text: String) {
        guard text.utf8.count <= 45 else { return nil }
        let isLong = text.contains(":")
        guard let bytes = isLong ? Self.long(text) : Self.short(text) else { return nil }
        let isMapped =
            isLong && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        guard !isMapped else { return nil }
        self.init(bytes, prefix: bytes.count * 8)
    }

    init?(network text: String) {
        // The longest address, a slash and three digits.
        guard text.utf8.count <= 49 else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = CELNetwork(address: String(parts[0])),
            let prefix = Self.number(parts[1], most: address.bytes.count * 8)
        else { return nil }
        self.init(address.bytes, prefix: prefix)
    }

    /// Decimal without a sign or zeros in front.
    private static func number(_ text: Substring, most: Int) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            text == "0" || text.first != "0", let value = Int(text), value <= most
        else { return nil }
        return value
    }

    private static func short(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { number($0, most: 255).map { UInt8($0) } }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func long(_ text: String) -> [UInt8]? {
        var text = text
        // The last four bytes may be written as an address of IPv4.
        if text.contains("."), let colon = text.lastIndex(of: ":") {
            guard let tail = short(String(text[text.index(after: colon)...])) else { return nil }
            let words = [
                Int(tail[0]) << 8 | Int(tail[1]), Int(tail[2]) << 8 | Int(tail[3]),
            ]
            text =
                String(text[...colon]) + words.map { String($0, radix: 16) }.joined(separator: ":")
        }
        func words(_ text: Substring) -> [UInt16]? {
            guard !text.isEmpty else { return [] }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let words = parts.compactMap { part in
                part.utf8.count <= 4 && part.first != "+" && part.first != "-"
                    ? UInt16(part, radix: 16) : nil
            }
            return words.count == parts.count ? words : nil
        }
        let all: [UInt16]
        if let gap = text.firstRange(of: "::") {
            guard let head = words(text[..<gap.lowerBound]),
                let tail = words(text[gap.upperBound...]), head.count + tail.count < 8
            else { return nil }
            all = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        } else {
            guard let whole = words(text[...]), whole.count == 8 else { return nil }
            all = whole
        }
        return all.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    // MARK: Text

    /// The one way to write an address (RFC 5952).
    var text: String {
        guard bytes.count == 16 else { return bytes.map { String($0) }.joined(separator: ".") }
        let words = (0..<8).map { Int(bytes[$0 * 2]) << 8 | Int(bytes[$0 * 2 + 1]) }
        var gap = 0..<0
        var start = 0
        while start < 8 {
            let end = words[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(gap.count, 1) { gap = start..<end }
            start = max(end, start + 1)
        }
        func joined(_ words: some Sequence<Int>) -> String {
            words.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !gap.isEmpty else { return joined(words) }
        return joined(words[..<gap.lowerBound]) + "::" + joined(words[gap.upperBound...])
    }

    var networkText: String { "\(text)/\(prefix)" }

    // MARK: Kinds

    var address: CELNetwork { CELNetwork(bytes, prefix: bytes.count * 8) }

    var masked: CELNetwork {
        let kept = bytes.enumerated().map { index, byte in
            let bits = min(max(prefix - index * 8, 0), 8)
            return bits == 0 ? 0 : byte & (255 << UInt8(8 - bits))
        }
        return CELNetwork(kept, prefix: prefix)
    }

    /// An address or a network lies in this one.
    func contains(_ other: CELNetwork) -> Bool {
        bytes.count == other.bytes.count && other.prefix >= prefix
            && CELNetwork(other.bytes, prefix: prefix).masked.bytes == masked.bytes
    }

    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes[15] == 1 && bytes[..<15].allSatisfy { $0 == 0 }
    }
    var isLinkLocalMulticast: Bool {
        bytes.count == 4
            ? bytes[..<3] == [224, 0, 0] : bytes[0] == 255 && bytes[1] & 15 == 2
    }
    var isLinkLocalUnicast: Bool {
        bytes.count == 4
            ? bytes[..<2] == [169, 254] : bytes[0] == 254 && bytes[1] & 192 == 128
    }
    var isGlobalUnicast: Bool {
        let isMulticast = bytes.count == 4 ? bytes[0] & 240 == 224 : bytes[0] == 255
        let isBroadcast = bytes == [255, 255, 255, 255]
        return !isMulticast && !isBroadcast && !isUnspecified && !isLoopback
            && !isLinkLocalUnicast
    }
}
