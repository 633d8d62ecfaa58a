/// The types of the built-in kinds, read from a compact notation.
///
/// One type a paragraph: its name, then its members as `name:type`. A type is `s` (string), `i`
/// (int32), `l` (int64), `b` (boolean), `n` (number), `q` (quantity), `x` (integer or string), `*`
/// (anything), `{T}` (map), `[T]` (atomic list), `[T]set`, `[T]@KEY,KEY=FALLBACK` (list of things
/// known by keys) or the name of a type of the table. `!` at the end makes a map or a type merge
/// as one value. The first key of a list is the one a strategic patch merges by.
struct ShapeTable {
    private var paragraphs: [String: Substring] = [:]
    private var finished: [String: Shape] = [:]
    /// Names that are used but not defined; empty in a correct table.
    private(set) var missing: [String] = []

    init(_ texts: [String]) {
        for text in texts {
            var current: Substring?
            var name = ""
            for line in text.split(separator: "\n") {
                if line.first != " " {
                    if let current { paragraphs[name] = current }
                    name = String(line.prefix { $0 != " " })
                    current = line.dropFirst(name.count)
                } else if let start = current?.startIndex {
                    current = text[start..<line.endIndex]
                }
            }
            if let current { paragraphs[name] = current }
        }
    }

    /// The shape of a type of the table.
    mutating func shape(_ name: String) -> Shape {
        if let known = finished[name] { return known }
        let isAtomic = paragraphs[name] == nil && paragraphs["\(name)!"] != nil
        guard let text = paragraphs[isAtomic ? "\(name)!" : name] else {
            missing.append(name)
            return .untyped
        }
        var members: [String: Shape] = [:]
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let parts = word.split(separator: ":", maxSplits: 1)
            guard let key = parts.first, let type = parts.last, parts.count == 2 else {
                missing.append("\(name): \(word)")
                continue
            }
            members[String(key)] = parse(type)
        }
        let shape = Shape.structure(.init(name: name, members: members, isAtomic: isAtomic))
        finished[name] = shape
        return shape
    }

    private mutating func parse(_ type: Substring) -> Shape {
        if let scalar = Self.scalars[String(type)] { return scalar }
        if type.hasPrefix("{") {
            let isAtomic = type.hasSuffix("!")
            return .map(parse(type.dropFirst().dropLast(isAtomic ? 2 : 1)), isAtomic: isAtomic)
        }
        guard type.hasPrefix("["), let end = type.lastIndex(of: "]") else {
            guard type.hasSuffix("!") else { return shape(String(type)) }
            guard case .structure(let structure) = shape(String(type.dropLast())) else {
                return .untyped
            }
            return .structure(
                .init(
                    name: structure.name, members: structure.members, isAtomic: true,
                    others: structure.others))
        }
        let element = parse(type[type.index(after: type.startIndex)..<end])
        let suffix = type[type.index(after: end)...]
        if suffix.isEmpty { return .list(element, .atomic) }
        if suffix == "set" { return .list(element, .set) }
        let keys = suffix.dropFirst().split(separator: ",").map { word in
            let parts = word.split(separator: "=", maxSplits: 1)
            return Shape.Key(
                String(parts.first ?? ""),
                fallback: parts.count == 2 ? parts.last.map(String.init) : nil
            )
        }
        return .list(element, .map(keys: keys))
    }

    private static let scalars: [String: Shape] = [
        "s": .scalar(.string), "i": .scalar(.integer), "l": .scalar(.long),
        "b": .scalar(.boolean), "n": .scalar(.number), "q": .scalar(.quantity),
        "x": .scalar(.intOrString), "*": .untyped,
    ]
}
