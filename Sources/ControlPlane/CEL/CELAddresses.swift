/// Kubernetes' library of URLs.
extension CELFunction {
    static let addresses: [String: CELFunction] = {
        let url = CELType.opaque("kubernetes.URL")
        var result: [String: CELFunction] = [
            "isURL": CELFunction([global([.string], .bool)]) {
                arguments, meter throws(CELFailure) in
                guard let text = arguments[0].asString else { throw .noOverload }
                try meter.spend(reading: text.utf8.count)
                return .bool(CELAddress(text) != nil)
            },
            "url": CELFunction([global([.string], url)]) { arguments, meter throws(CELFailure) in
                guard let text = arguments[0].asString else { throw .noOverload }
                try meter.spend(reading: text.utf8.count)
                guard let address = CELAddress(text) else {
                    throw CELFailure("URL parse error during conversion from string: \(text)")
                }
                return .url(address)
            },
            "getQuery": CELFunction([member([url], .map(.string, .list(.string)))]) {
                arguments, meter throws(CELFailure) in
                guard case .url(let address) = arguments[0] else { throw .noOverload }
                try meter.spend(reading: address.query.utf8.count)
                return .map(
                    CELMap(
                        address.parameters.map { name, values in
                            (.string(name), .list(CELList(values.map(CELValue.string))))
                        }))
            },
        ]
        let parts: [(String, @Sendable (CELAddress) -> String)] = [
            ("getScheme", { $0.scheme }), ("getHost", { $0.host }),
            ("getHostname", { $0.hostname }), ("getPort", { $0.port }),
            ("getEscapedPath", { $0.path }),
        ]
        for (name, part) in parts {
            result[name] = CELFunction([member([url], .string)]) {
                arguments, _ throws(CELFailure) in
                guard case .url(let address) = arguments[0] else { throw .noOverload }
                return .string(part(address))
            }
        }
        return result
    }()
}

/// A URL as in the first line of a request: absolute, or an absolute path.
struct CELAddress: Hashable, Sendable {
    private(set) var scheme = ""
    private(set) var hostname = ""
    private(set) var port = ""
    private(set) var path = ""
    private(set) var query = ""
    /// The host and the port as written.
    private(set) var host = ""

    /// Bytes of its parts.
    var length: Int {
        [scheme, hostname, host, port, path, query].reduce(0) { $0 + $1.utf8.count }
    }

    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else { return nil }
        var rest = Substring(text)
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if !rest.hasPrefix("/") {
            guard let colon = rest.firstIndex(of: ":") else { return nil }
            scheme = rest[..<colon].lowercased()
            let isName = scheme.unicodeScalars.allSatisfy {
                ($0.isCELWord && $0 != "_") || "+-.".unicodeScalars.contains($0)
            }
            guard let first = scheme.unicodeScalars.first, ("a"..."z").contains(first), isName
            else { return nil }
            rest = rest[rest.index(after: colon)...]
            guard rest.hasPrefix("/") else { return nil }
            if rest.hasPrefix("//") {
                rest = rest.dropFirst(2)
                let authority = rest.prefix { $0 != "/" }
                rest = rest.dropFirst(authority.count)
                guard readAuthority(authority) else { return nil }
            }
        }
        path = String(rest)
        guard Self.unescaped(path, plus: false) != nil else { return nil }
    }

    private mutating func readAuthority(_ authority: Substring) -> Bool {
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
        let written = place ?? authority
        var name = written
        if written.hasPrefix("[") {
            guard let end = written.firstIndex(of: "]") else { return false }
            name = written[written.index(after: written.startIndex)..<end]
            let tail = written[written.index(after: end)...]
            guard CELNetwork(address: String(name)) != nil, tail.isEmpty || tail.hasPrefix(":")
            else { return false }
            port = String(tail.dropFirst())
        } else if let colon = written.lastIndex(of: ":") {
            name = written[..<colon]
            port = String(written[written.index(after: colon)...])
            guard !name.contains(":") else { return false }
        }
        hostname = String(name)
        host = String(written)
        return port.utf8.allSatisfy { (48...57).contains($0) }
            && Self.unescaped(hostname, plus: false) != nil
            && !hostname.utf8.contains { "<>\"^`{|}\\".utf8.contains($0) }
    }

    /// The names of the query and their values, ascending.
    var parameters: [(name: String, values: [String])] {
        var found: [String: [String]] = [:]
        for pair in query.split(separator: "&") where !pair.contains(";") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.unescaped(String(halves[0]), plus: true),
                let value = Self.unescaped(halves.count == 2 ? String(halves[1]) : "", plus: true)
            else { continue }
            found[name, default: []].append(value)
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Percent signs and what follows them turned into characters; `nil` if they are wrong.
    private static func unescaped(_ text: String, plus: Bool) -> String? {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count,
                    let value = UInt8(
                        String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16),
                    bytes[index + 1] != UInt8(ascii: "+")
                else { return nil }
                result.append(value)
                index += 3
            } else {
                result.append(plus && bytes[index] == UInt8(ascii: "+") ? 32 : bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
