package import Domain

/// Kubernetes' strategic merge patch: as a merge patch, but lists of named things merge by their
/// key. Directives delete or replace elements, set their order, or name the members to keep.
package enum StrategicMergePatch {
    /// The document after the patch.
    ///
    /// - Parameter shape: the kind's types, which say by which key a list merges.
    /// - Returns: 500 for an element without its merge key, 400 for a wrong directive.
    package static func apply(
        _ patch: Document,
        to document: Document,
        shape: Shape
    ) -> Result<Document, APIStatus> {
        do throws(APIStatus) {
            guard case .object(let changes) = patch else {
                throw .badRequest("Invalid JSON Patch")
            }
            let fields = document.objectValue ?? Fields()
            return .success(.object(try merged(fields, changes, shape)))
        } catch {
            return .failure(error)
        }
    }

    private static let deletePrefix = "$deleteFromPrimitiveList/"
    private static let orderPrefix = "$setElementOrder/"
    private static let directive = "$patch"
    private static let retain = "$retainKeys"

    private static func merged(
        _ original: Fields,
        _ patch: Fields,
        _ shape: Shape
    ) throws(APIStatus) -> Fields {
        if let word = patch[directive] {
            var rest = patch
            rest[directive] = nil
            switch word.stringValue {
            case "delete": return Fields()
            case "replace": return cleaned(rest)
            case "merge": return try merged(original, rest, shape)
            default: throw unknownDirective(word)
            }
        }
        var result = original
        if let kept = patch[retain]?.arrayValue {
            let names = kept.compactMap(\.stringValue)
            for key in result.keys where !names.contains(key) { result[key] = nil }
        }
        for change in patch.members where change.key.hasPrefix(deletePrefix) {
            let key = String(change.key.dropFirst(deletePrefix.count))
            let gone = change.value.arrayValue ?? []
            guard let list = result[key]?.arrayValue else { continue }
            result[key] = .array(list.filter { !gone.contains($0) })
        }
        for change in patch.members where !change.key.hasPrefix("$") {
            if change.value.isNull {
                result[change.key] = nil
                continue
            }
            let child = shape.member(change.key)
            guard let old = result[change.key] else {
                result[change.key] = try added(change.value, child)
                continue
            }
            result[change.key] = try merged(old, change.value, child)
        }
        for change in patch.members where change.key.hasPrefix(orderPrefix) {
            let key = String(change.key.dropFirst(orderPrefix.count))
            guard let list = result[key]?.arrayValue, let order = change.value.arrayValue else {
                continue
            }
            let server = original[key]?.arrayValue ?? []
            let mergeKey = shape.member(key).mergeKey
            result[key] = .array(ordered(list, order, server, mergeKey))
        }
        return result
    }

    private static func merged(
        _ old: Document,
        _ new: Document,
        _ shape: Shape
    ) throws(APIStatus) -> Document {
        switch (old, new) {
        case (.object(let left), .object(let right)):
            return .object(try merged(left, right, shape))
        case (.array(let left), .array(let right)):
            return .array(try merged(left, right, shape))
        default:
            return try added(new, shape)
        }
    }

    private static func merged(
        _ original: [Document],
        _ patch: [Document],
        _ shape: Shape
    ) throws(APIStatus) -> [Document] {
        guard case .list(let element, let kind) = shape, kind != .atomic else {
            return try patch.map { item throws(APIStatus) in try added(item, .untyped) }
        }
        guard let mergeKey = shape.mergeKey else {
            let all = original + patch.filter { !original.contains($0) }
            return ordered(all, patch, original, nil)
        }
        var result = original
        var changes: [Document] = []
        var replaces = false
        for item in patch {
            guard let word = item[directive] else {
                changes.append(item)
                continue
            }
            switch word.stringValue {
            case "replace":
                // Alone it empties the list; with a key it stands for its element.
                if item[mergeKey] == nil { replaces = true } else { changes.append(item) }
            case "delete":
                guard let key = item[mergeKey] else { throw missingKey(item, mergeKey) }
                result.removeAll { $0[mergeKey] == key }
            case "merge": changes.append(item)
            default: throw unknownDirective(word)
            }
        }
        if replaces {
            return try changes.map { item throws(APIStatus) in try added(item, element) }
        }
        for change in changes {
            guard let key = change[mergeKey] else { throw missingKey(change, mergeKey) }
            if let index = result.firstIndex(where: { $0[mergeKey] == key }) {
                result[index] = try merged(result[index], change, element)
            } else {
                result.append(try added(change, element))
            }
        }
        return ordered(result, changes, original, mergeKey)
    }

    /// A value that stands where nothing stood: merged into nothing, so that no directive and no
    /// null stays in it.
    private static func added(_ value: Document, _ shape: Shape) throws(APIStatus) -> Document {
        switch value {
        case .object(let fields): .object(try merged(Fields(), fields, shape))
        case .array(let list): .array(try merged([], list, shape))
        default: value
        }
    }

    private static func cleaned(_ fields: Fields) -> Fields {
        Fields(fields.members.filter { !$0.value.isNull && !$0.key.hasPrefix("$") })
    }

    /// The elements that the patch names stand in the patch's order, the others keep theirs, and
    /// of two that the server knew the server's order decides.
    private static func ordered(
        _ all: [Document],
        _ patchOrder: [Document],
        _ serverOrder: [Document],
        _ mergeKey: String?
    ) -> [Document] {
        func identity(_ element: Document) -> Document {
            mergeKey.flatMap { element[$0] } ?? element
        }
        var patchPlace: [Document: Int] = [:]
        for (index, element) in patchOrder.enumerated() { patchPlace[identity(element)] = index }
        var serverPlace: [Document: Int] = [:]
        for (index, element) in serverOrder.enumerated() { serverPlace[identity(element)] = index }
        var named: [(place: Int, element: Document)] = []
        var others: [Document] = []
        for element in all {
            if let place = patchPlace[identity(element)] {
                named.append((place, element))
            } else {
                others.append(element)
            }
        }
        named.sort { $0.place < $1.place }
        var result: [Document] = []
        var left = others[...]
        var right = named.map(\.element)[...]
        while let first = left.first, let second = right.first {
            if let one = serverPlace[identity(first)], let two = serverPlace[identity(second)],
                one < two
            {
                result.append(first)
                left = left.dropFirst()
            } else {
                result.append(second)
                right = right.dropFirst()
            }
        }
        return result + left + right
    }

    private static func missingKey(_ item: Document, _ key: String) -> APIStatus {
        .internalError(
            "map: \(item.goDescription) does not contain declared merge key: \(key)"
        )
    }

    private static func unknownDirective(_ word: Document) -> APIStatus {
        .badRequest("Unknown patch type found: \(word.goDescription)")
    }
}

extension Document {
    /// The value as Go's `%v` prints it, which some messages of the API server do.
    var goDescription: String {
        switch self {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let list): "[\(list.map(\.goDescription).joined(separator: " "))]"
        case .object(let fields):
            "map["
                + fields.members.map { "\($0.key):\($0.value.goDescription)" }
                .joined(separator: " ") + "]"
        default: canonicalJSONString()
        }
    }
}
