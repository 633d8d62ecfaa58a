/// The fields of the built-in types by their numbers, read from ``ProtobufNumbers``.
struct ProtobufTable {
    /// How the bytes of a field are to be read where the shape does not say it.
    enum Encoding: Character {
        case time = "T"
        case microTime = "U"
        case bytes = "B"
        case rawJSON = "J"
    }

    /// A field of a message.
    struct Member {
        var name: String
        /// The field is there because it was sent, also with a zero value.
        var isPointer: Bool
        var encoding: Encoding?
    }

    indirect enum Entry {
        case member(Member)
        /// A message whose fields belong to the object around it.
        case embedded([UInt64: Entry])
    }

    /// The table for all types.
    static let all = ProtobufTable(ProtobufNumbers.text)

    private(set) var types: [String: [UInt64: Entry]] = [:]
    /// Words that are no fields; empty for a correct table.
    private(set) var unread: [Substring] = []

    init(_ text: String) {
        var type = ""
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ")[...]
            if line.first != " ", let name = words.popFirst() { type = String(name) }
            for word in words {
                guard let (path, member) = Self.field(word) else {
                    unread.append(word)
                    continue
                }
                types[type, default: [:]].insert(member, at: path)
            }
        }
    }

    private static func field(_ word: Substring) -> (path: ArraySlice<UInt64>, Member)? {
        let parts = word.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        var number = parts[1]
        var member = Member(name: String(parts[0]), isPointer: false)
        if let last = number.last, let encoding = Encoding(rawValue: last) {
            member.encoding = encoding
            number.removeLast()
        }
        if number.last == "*" {
            member.isPointer = true
            number.removeLast()
        }
        let path = number.split(separator: ".").compactMap { UInt64($0) }
        guard !path.isEmpty else { return nil }
        return (path[...], member)
    }
}

extension [UInt64: ProtobufTable.Entry] {
    fileprivate mutating func insert(_ member: ProtobufTable.Member, at path: ArraySlice<UInt64>) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            self[first] = .member(member)
            return
        }
        var inner: Self = [:]
        if case .embedded(let known)? = self[first] { inner = known }
        inner.insert(member, at: path.dropFirst())
        self[first] = .embedded(inner)
    }
}
