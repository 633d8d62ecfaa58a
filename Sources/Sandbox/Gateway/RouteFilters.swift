import Domain

/// The filters of a rule or of one backend.
struct RouteFilters: Sendable {
    /// Copies of requests.
    struct Mirror: Sendable {
        let reference: Document
        let fraction: Document
    }

    /// What Envoy's action of a route gets: rewriting.
    private(set) var rewrite: Document = [:]
    /// What Envoy's route, or one weighted cluster, gets: changes of headers.
    private(set) var headers: Document = [:]
    private(set) var mirrors: [Mirror] = []

    /// - Parameter prefix: of the match that they are for; see ``RouteMatch/prefix``.
    init(
        _ filters: [Document], prefix: String?, isBackend: Bool = false
    ) throws(RouteMatch.Unsupported) {
        for filter in filters {
            switch filter.text("type") ?? "" {
            case "RequestHeaderModifier":
                try change("request", filter["requestHeaderModifier"] ?? [:])
            case "ResponseHeaderModifier":
                try change("response", filter["responseHeaderModifier"] ?? [:])
            case "URLRewrite" where !isBackend:
                try rewrite(filter["urlRewrite"] ?? [:], prefix)
            case "RequestMirror" where !isBackend:
                try mirror(filter["requestMirror"] ?? [:])
            case let other:
                let place = isBackend ? " of a backend" : ""
                throw .init("the filter \(other)\(place) is not supported here")
            }
        }
    }

    // MARK: Headers

    private mutating func change(
        _ side: String, _ change: Document
    ) throws(RouteMatch.Unsupported) {
        var additions = headers.list("\(side)_headers_to_add")
        for (list, action) in [
            ("set", "OVERWRITE_IF_EXISTS_OR_ADD"), ("add", "APPEND_IF_EXISTS_OR_ADD"),
        ] {
            for header in change.list(list) {
                let value = header["value"]?.stringValue ?? ""
                guard HeaderRules.isValue(value) else {
                    throw .init("a header value must be one line")
                }
                additions.append([
                    "header": [
                        "key": .string(try Self.name(header)),
                        // Envoy reads %…% as a command.
                        "value": .string(value.split("%", by: "%%")),
                    ],
                    "append_action": .string(action), "keep_empty_value": true,
                ])
            }
        }
        var removals = headers.list("\(side)_headers_to_remove")
        for name in change.list("remove") {
            removals.append(.string(try Self.name(["name": name])))
        }
        headers["\(side)_headers_to_add"] = additions.isEmpty ? nil : .array(additions)
        headers["\(side)_headers_to_remove"] = removals.isEmpty ? nil : .array(removals)
    }

    private static func name(_ header: Document) throws(RouteMatch.Unsupported) -> String {
        let name = header.text("name") ?? ""
        guard HeaderRules.isName(name) else { throw .init("\(name) is no header name") }
        guard name.lowercased() != "host" else {
            throw .init("the header Host is changed by URLRewrite, not by a header modifier")
        }
        return name
    }

    // MARK: Rewriting

    private mutating func rewrite(
        _ change: Document, _ prefix: String?
    ) throws(RouteMatch.Unsupported) {
        if let host = change.text("hostname") {
            guard let name = Hostname(host), !host.hasPrefix("*") else {
                throw .init("\(host) is no host name")
            }
            rewrite["host_rewrite_literal"] = .string(name.text)
        }
        guard let path = change["path"] else { return }
        switch path.text("type") {
        case "ReplaceFullPath":
            let new = path["replaceFullPath"]?.stringValue ?? "/"
            replace("^.*$", by: try Self.checked(new.isEmpty ? "/" : new))
        case "ReplacePrefixMatch":
            guard let prefix else {
                throw .init("ReplacePrefixMatch needs a match of the type PathPrefix")
            }
            var new = try Self.checked(path["replacePrefixMatch"]?.stringValue ?? "/")[...]
            while new.hasSuffix("/") { new = new.dropLast() }
            if new.isEmpty {
                // The rest brings its own slash, if there is a rest.
                if !prefix.isEmpty { replace("^\(Self.quoted(prefix))/*", by: "/") }
            } else {
                rewrite["prefix_rewrite"] = .string(prefix.isEmpty ? "\(new)/" : String(new))
            }
        case let other:
            throw .init("a path cannot be rewritten by \(other ?? "nothing")")
        }
    }

    private mutating func replace(_ pattern: String, by text: String) {
        rewrite["regex_rewrite"] = [
            "pattern": ["regex": .string(pattern)],
            "substitution": .string(text.split("\\", by: "\\\\")),
        ]
    }

    private static func checked(_ path: String) throws(RouteMatch.Unsupported) -> String {
        guard HeaderRules.isValue(path), path.isEmpty || path.hasPrefix("/") else {
            throw .init("\(path.prefix(100)) is no path")
        }
        return path
    }

    /// A pattern that stands for the text itself.
    private static func quoted(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if character.isASCII, !character.isLetter, !character.isNumber, character != "/" {
                result += "\\"
            }
            result.append(character)
        }
    }

    // MARK: Copies

    private mutating func mirror(_ mirror: Document) throws(RouteMatch.Unsupported) {
        let fraction: Document
        if let share = mirror["fraction"] {
            let whole = share["denominator"]?.integerValue ?? 100
            let part = share["numerator"]?.integerValue ?? 0
            guard whole > 0, part >= 0, part <= whole else {
                throw .init("a mirror's fraction must be from 0 to 1, not \(part)/\(whole)")
            }
            fraction = EnvoyParts.fraction(part, of: whole)
        } else {
            fraction = EnvoyParts.fraction(mirror["percent"]?.integerValue ?? 100, of: 100)
        }
        mirrors.append(Mirror(reference: mirror["backendRef"] ?? [:], fraction: fraction))
    }
}

extension String {
    /// The text with every occurrence of a character replaced.
    fileprivate func split(_ character: Character, by replacement: String) -> String {
        split(separator: character, omittingEmptySubsequences: false)
            .joined(separator: replacement)
    }
}
