import ControlPlane
import Domain

/// One match of a rule: Envoy's words for it, and its rank among all others.
struct RouteMatch: Sendable {
    /// What is wrong with a route, for the condition `Accepted`.
    struct Unsupported: Error, Hashable {
        let message: String

        init(_ message: String) { self.message = message }
    }

    /// The path that a prefix match is for, without a slash at its end; `nil` for other matches.
    let prefix: String?
    let document: Document
    /// The greater goes first: exact paths, patterns, prefixes; longer ones; a method; more
    /// headers; more parameters.
    let rank: [Int]

    init(_ match: Document) throws(Unsupported) {
        let path = match["path"] ?? [:]
        let value = path.text("value") ?? "/"
        var envoy: Document = [:]
        let kind: Int
        switch path.text("type") ?? "PathPrefix" {
        case "Exact":
            try Self.checkPath(value)
            envoy["path"] = .string(value)
            prefix = nil
            kind = 2
        case "RegularExpression":
            envoy["safe_regex"] = try Self.pattern(value)
            prefix = nil
            kind = 1
        default:
            try Self.checkPath(value)
            var bare = value[...]
            while bare.hasSuffix("/") { bare = bare.dropLast() }
            prefix = String(bare)
            // Whole elements of the path: /a is no prefix of /ab.
            if bare.isEmpty {
                envoy["prefix"] = "/"
            } else {
                envoy["path_separated_prefix"] = .string(String(bare))
            }
            kind = 0
        }
        var headers: [Document] = []
        let method = match.text("method")
        if let method {
            headers.append(["name": ":method", "string_match": ["exact": .string(method)]])
        }
        let named = match.list("headers")
        for header in named {
            let name = header.text("name") ?? ""
            guard HeaderRules.isName(name) else { throw Unsupported("\(name) is no header name") }
            headers.append(["name": .string(name), "string_match": try Self.text(header)])
        }
        let parameters = match.list("queryParams")
        let queries = try parameters.map { parameter throws(Unsupported) -> Document in
            [
                "name": parameter["name"] ?? "", "string_match": try Self.text(parameter),
            ]
        }
        if !headers.isEmpty { envoy["headers"] = .array(headers) }
        if !queries.isEmpty { envoy["query_parameters"] = .array(queries) }
        document = envoy
        rank = [kind, value.utf8.count, method == nil ? 0 : 1, named.count, parameters.count]
    }

    /// The rules of Envoy for a path; what breaks them would make it refuse everything.
    private static func checkPath(_ path: String) throws(Unsupported) {
        let isPlain = path.utf8.allSatisfy {
            $0 > 32 && $0 != 127 && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        guard path.hasPrefix("/"), isPlain else {
            throw Unsupported("\(path.prefix(100)) is no path: it begins with / and has no ? or #")
        }
    }

    private static func pattern(_ text: String) throws(Unsupported) -> Document {
        guard LinearPattern(text) != nil else {
            throw Unsupported("\(text.prefix(100)) is no regular expression that is known here")
        }
        return ["regex": .string(text)]
    }

    private static func text(_ match: Document) throws(Unsupported) -> Document {
        let value = match["value"]?.stringValue ?? ""
        guard match.text("type") == "RegularExpression" else {
            return ["exact": .string(value)]
        }
        return ["safe_regex": try pattern(value)]
    }
}

/// What Envoy takes as headers.
enum HeaderRules {
    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")
                    || $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z")
                    || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
                    || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }

    /// No line may be ended by a value.
    static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }
    }
}
