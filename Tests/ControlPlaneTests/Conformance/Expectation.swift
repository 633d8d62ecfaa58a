import Domain

/// What a step expects of an answer, with its directives.
struct Expectation {
    private let document: Document
    private let exact: [String]
    private let unordered: [String]
    private let contains: [String]

    init(_ document: Document) {
        func pointers(_ name: String) -> [String] {
            (document[name]?.arrayValue ?? []).compactMap(\.stringValue)
        }
        self.document = document
        exact = pointers("exact")
        unordered = pointers("unordered") + ["/details/causes"]
        contains = pointers("contains") + (document["select"]?.objectValue?.keys ?? [])
    }

    var events: [Document] { document["events"]?.arrayValue ?? [] }

    /// Throws the first difference.
    func check(
        status: Int, headers: [(name: String, value: String)], body: Document?, text: String?,
        _ bindings: inout Bindings
    ) throws {
        guard document["status"]?.intValue == status else {
            let what = body?.canonicalJSONString() ?? text ?? ""
            throw Mismatch(
                ["(status)"], "\(document["status"]?.intValue ?? 0)",
                "\(status) \(what.prefix(400))")
        }
        for header in document["headers"]?.objectValue?.members ?? [] {
            let got = headers.filter { $0.name.lowercased() == header.key }.map(\.value)
            let wanted = header.value.arrayValue ?? (header.value.isNull ? [] : [header.value])
            guard got.count == wanted.count else {
                throw Mismatch(["(header)", header.key], "\(wanted)", "\(got)")
            }
            for (want, value) in zip(wanted, got) {
                try bindings.match(
                    want.stringValue ?? "", .string(value), ["(header)", header.key])
            }
        }
        if let wanted = document["body"] {
            guard let body else { throw Mismatch([], "JSON", text ?? "(nothing)") }
            try match(wanted, body, &bindings, [], exact: false)
        }
        if let wanted = document["events"], let body {
            try match(["events": wanted], body, &bindings, [], exact: false)
            try checkBookmarks(body["events"]?.arrayValue ?? [])
        }
        if let wanted = document["text"]?.stringValue {
            try bindings.match(wanted, text.map { .string($0) }, ["(text)"])
        }
        for pointer in document["absent"]?.arrayValue ?? [] {
            let found = body.map { Pointer.all($0, pointer.stringValue ?? "") } ?? []
            if let first = found.first { throw Mismatch(first.path, nil, first.1) }
        }
    }

    private func checkBookmarks(_ events: [Document]) throws {
        var top = 0
        for event in events {
            guard let text = Pointer.value(event, "/object/metadata/resourceVersion")?.stringValue,
                let version = Int(text)
            else { continue }
            if event["type"] == "BOOKMARK", version < top {
                throw Mismatch(["events"], "a bookmark of at least \(top)", text)
            }
            top = max(top, version)
        }
    }

    private func match(
        _ expected: Document, _ got: Document?, _ bindings: inout Bindings, _ path: [String],
        exact isExact: Bool
    ) throws {
        let exact = isExact || Pointer.names(self.exact, path)
        switch expected {
        case .string(let text): try bindings.match(text, got, path)
        case .object(let wanted):
            guard let fields = got?.objectValue else { throw Mismatch(path, expected, got) }
            for member in wanted.members {
                guard let value = fields[member.key] else {
                    if member.value.isNull { continue }
                    throw Mismatch(path + [member.key], member.value, nil)
                }
                try match(member.value, value, &bindings, path + [member.key], exact: exact)
            }
            for member in fields.members where exact && wanted[member.key] == nil {
                throw Mismatch(path + [member.key], nil, member.value)
            }
            try checkListVersion(wanted, fields, path)
        case .array(let wanted):
            try match(wanted, got, &bindings, path, exact)
        case .integer, .double:
            guard let got, expected.doubleValue == got.doubleValue else {
                throw Mismatch(path, expected, got)
            }
        case .bool, .null:
            guard expected == got else { throw Mismatch(path, expected, got) }
        }
    }

    private func checkListVersion(_ wanted: Fields, _ got: Fields, _ path: [String]) throws {
        guard wanted["metadata"]?["resourceVersion"] == "<listrv>",
            let items = got["items"]?.arrayValue,
            let top = got["metadata"]?["resourceVersion"]?.stringValue.flatMap({ Int($0) })
        else { return }
        for item in items {
            guard let text = Pointer.value(item, "/metadata/resourceVersion")?.stringValue,
                let version = Int(text), version > top
            else { continue }
            throw Mismatch(path + ["items"], "at most the list's \(top)", text)
        }
    }

    private func match(
        _ wanted: [Document], _ got: Document?, _ bindings: inout Bindings, _ path: [String],
        _ exact: Bool
    ) throws {
        guard let elements = got?.arrayValue else { throw Mismatch(path, .array(wanted), got) }
        let isLoose = Pointer.names(contains, path)
        guard isLoose || wanted.count == elements.count else {
            throw Mismatch(
                path + ["(\(wanted.count) elements)"], .array(wanted), .array(elements))
        }
        guard isLoose || Pointer.names(unordered, path) || path.last == "managedFields" else {
            for (index, pair) in zip(wanted, elements).enumerated() {
                try match(pair.0, pair.1, &bindings, path + ["\(index)"], exact: exact)
            }
            return
        }
        var furthest: Mismatch?
        func place(_ index: Int, _ used: Set<Int>, _ bindings: Bindings) -> Bindings? {
            guard index < wanted.count else { return bindings }
            for (candidate, element) in elements.enumerated() where !used.contains(candidate) {
                var attempt = bindings
                do {
                    try match(
                        wanted[index], element, &attempt, path + ["\(index)"], exact: exact)
                } catch {
                    guard let mismatch = error as? Mismatch else { continue }
                    if mismatch.path.count > furthest?.path.count ?? -1 { furthest = mismatch }
                    continue
                }
                if let done = place(index + 1, used.union([candidate]), attempt) { return done }
            }
            return nil
        }
        guard let done = place(0, [], bindings) else {
            throw furthest ?? Mismatch(path, .array(wanted), .array(elements))
        }
        bindings = done
    }
}
