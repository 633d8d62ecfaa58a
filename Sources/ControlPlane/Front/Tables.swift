import Domain

/// Objects as tables for `kubectl get`, and as nothing but their metadata.
enum Tables {
    /// A column of a kind's table.
    struct Column: Sendable {
        var name: String
        var type = "string"
        var format = ""
        var description = ""
        /// 0 is always shown, 1 with `-o wide`.
        var priority = 0
        var cell: @Sendable (Document, Timestamp) -> Document
    }

    /// The metadata of an object as an object of its own.
    static func partial(_ object: Document) -> Document {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"] ?? [:],
        ]
    }

    static func table(
        _ objects: [Document], _ definition: KindDefinition, _ request: APIRequest,
        now: Timestamp, metadata: Document
    ) -> Document {
        let columns = columns(definition)
        let rows = objects.map { object -> Document in
            var row: Document = ["cells": .array(columns.map { $0.cell(object, now) })]
            switch request.parameter("includeObject") {
            case "None": row["object"] = .null
            case "Object": row["object"] = object
            default: row["object"] = partial(object)
            }
            return row
        }
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": .array(columns.map(\.document)), "rows": .array(rows),
        ]
    }

    private static func columns(_ definition: KindDefinition) -> [Column] {
        let own = definition.columns ?? BuiltInColumns.columns(definition.kind)
        return [name] + own
    }

    private static let name = Column(
        name: "Name", format: "name",
        description: "Name must be unique within a namespace. Is required when creating "
            + "resources, although some resources may allow a client to request the generation of "
            + "an appropriate name automatically. Name is primarily intended for creation "
            + "idempotence and configuration definition. Cannot be updated. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
        cell: { object, _ in .string(object.objectName) })

    /// The time since a moment as `kubectl` shows it: `12s`, `3m20s`, `5h`, `9d`.
    static func age(_ since: String?, _ now: Timestamp) -> String {
        guard let since, let start = Timestamp(rfc3339: since) else { return "<unknown>" }
        let seconds = max(0, (now - start).milliseconds / 1000)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
        func text(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
            small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(smallUnit)"
        }
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<600: return text(minutes, "m", seconds % 60, "s")
        case ..<(180 * 60): return "\(minutes)m"
        case ..<(8 * 3600): return text(hours, "h", minutes % 60, "m")
        case ..<(48 * 3600): return "\(hours)h"
        case ..<(8 * 86_400): return text(days, "d", hours % 24, "h")
        case ..<(730 * 86_400): return "\(days)d"
        default: return text(days / 365, "y", days % 365, "d")
        }
    }

    static let age = Column(
        name: "Age",
        cell: { object, now in
            .string(age(object.at("metadata", "creationTimestamp")?.stringValue, now))
        })
}

extension Tables.Column {
    var document: Document {
        [
            "name": .string(name), "type": .string(type), "format": .string(format),
            "description": .string(description), "priority": .integer(priority),
        ]
    }

    /// A column that shows one value as text.
    init(_ name: String, priority: Int = 0, _ text: @escaping @Sendable (Document) -> String) {
        self.init(name: name, priority: priority, cell: { object, _ in .string(text(object)) })
    }

    /// A column of `additionalPrinterColumns` of a definition.
    init?(printer column: Document) {
        guard let name = column["name"]?.stringValue, let type = column["type"]?.stringValue,
            let path = column["jsonPath"]?.stringValue
        else { return nil }
        let parts = JSONPath(path)
        let given = column["description"]?.stringValue ?? ""
        self.init(
            name: name, type: type, format: column["format"]?.stringValue ?? "",
            description: given.isEmpty
                ? "Custom resource definition column (in JSONPath format): \(path)" : given,
            priority: column["priority"]?.intValue ?? 0,
            cell: { object, now in
                guard let value = parts?.first(in: object) else { return .null }
                switch (type, value) {
                case ("date", .string(let text)): return .string(Tables.age(text, now))
                case ("integer", _): return value.integerValue.map { .integer($0) } ?? .null
                case ("string", .string): return value
                case ("string", _): return .string(value.canonicalJSONString())
                default: return value
                }
            })
    }
}

/// The small part of JSONPath that definitions use: `.spec.items[0].name`,
/// `.status.conditions[?(@.type=="Ready")].status`.
struct JSONPath: Hashable, Sendable {
    private enum Part: Hashable {
        case key(String)
        case index(Int)
        case every
        case filter(String, String)
    }

    private var parts: [Part] = []

    /// `nil` for what this does not understand.
    init?(_ text: String) {
        var rest = Substring(text)
        while let sign = rest.first {
            rest.removeFirst()
            if sign == "." {
                var key = ""
                while let character = rest.first, character != ".", character != "[" {
                    rest.removeFirst()
                    if character == "\\", let escaped = rest.popFirst() {
                        key.append(escaped)
                    } else {
                        key.append(character)
                    }
                }
                if !key.isEmpty { parts.append(.key(key)) }
            } else if sign == "[", let end = rest.firstIndex(of: "]") {
                let inner = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
                guard let part = Self.bracket(inner) else { return nil }
                parts.append(part)
            } else {
                return nil
            }
        }
    }

    private static func bracket(_ inner: String) -> Part? {
        if inner == "*" { return .every }
        if let index = Int(inner) { return .index(index) }
        if inner.count > 2, inner.first == "'", inner.last == "'" {
            return .key(String(inner.dropFirst().dropLast()))
        }
        guard inner.hasPrefix("?(@."), inner.hasSuffix(")") else { return nil }
        let test = inner.dropFirst(4).dropLast()
        guard let sign = test.firstIndex(of: "="), test[sign...].hasPrefix("==") else { return nil }
        func trimmed(_ text: Substring) -> String {
            String(text.filter { $0 != " " && $0 != "\"" && $0 != "'" })
        }
        return .filter(trimmed(test[..<sign]), trimmed(test[sign...].dropFirst(2)))
    }

    /// The first value the path leads to.
    func first(in document: Document) -> Document? { values(document, parts[...]).first }

    private func values(_ document: Document, _ rest: ArraySlice<Part>) -> [Document] {
        guard let part = rest.first else { return [document] }
        let next = rest.dropFirst()
        switch part {
        case .key(let key): return document[key].map { values($0, next) } ?? []
        case .index(let index): return document[index].map { values($0, next) } ?? []
        case .every: return (document.arrayValue ?? []).flatMap { values($0, next) }
        case .filter(let key, let value):
            return (document.arrayValue ?? [])
                .filter { $0[key]?.stringValue == value }
                .flatMap { values($0, next) }
        }
    }
}
