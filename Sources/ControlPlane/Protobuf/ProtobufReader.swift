import Documents
import Domain

/// Objects of built-in kinds in protocol buffers, which `kubectl create` and Go clients send.
///
/// Only requests are read; answers are JSON, which all of these clients take. A field that the
/// table does not have is an error, never left out.
enum Protobuf {
    static let mediaType = "application/vnd.kubernetes.protobuf"

    /// Why bytes are no such object.
    struct Failure: Error, Hashable {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// The four bytes before every object.
    static let prefix = Array("k8s".utf8) + [0]

    /// The object in a body.
    ///
    /// - Parameter kind: says which API group's type a kind without a group of its own is.
    static func object(_ body: [UInt8], of kind: ResourceKind) throws(Failure) -> Document {
        guard body.starts(with: prefix) else {
            throw Failure("provided data does not appear to be a protobuf message")
        }
        var envelope = ProtobufReader(body.dropFirst(prefix.count))
        var apiVersion = ""
        var kindName = ""
        var raw: ArraySlice<UInt8> = []
        while let field = try envelope.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let bytes)):
                var type = ProtobufReader(bytes)
                while let part = try type.next() {
                    if part.number == 1 { apiVersion = try part.value.text() }
                    if part.number == 2 { kindName = try part.value.text() }
                }
            case (2, .bytes(let bytes)): raw = bytes
            case (3, .bytes(let bytes)) where !bytes.isEmpty:
                throw Failure("the object is encoded in a way that nobody reads")
            default: break
            }
        }
        guard case .structure(let structure)? = shape(kind, named: kindName) else {
            throw Failure("no type for \(kindName) in \(apiVersion)")
        }
        var object = try ProtobufReader.object(raw, structure)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kindName)
        return object
    }

    /// Options and requests come under names of their own.
    private static func shape(_ kind: ResourceKind, named name: String) -> Shape? {
        let named = ResourceKind(
            group: kind.group, version: kind.version, kind: name, plural: kind.plural)
        return BuiltInShapes.written(named) ?? BuiltInShapes.request(name)
    }
}

/// Reads the fields of one message.
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field; `nil` at the end.
    mutating func next() throws(Protobuf.Failure) -> (number: UInt64, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        switch tag & 7 {
        case 0: return (tag >> 3, .number(try varint()))
        case 1: return (tag >> 3, .bytes(try take(8)))
        case 2: return (tag >> 3, .bytes(try take(try varint())))
        case 5: return (tag >> 3, .bytes(try take(4)))
        default: throw .init("a field of an unknown wire type")
        }
    }

    private mutating func varint() throws(Protobuf.Failure) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { break }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        throw .init("a number that does not end")
    }

    private mutating func take(_ count: UInt64) throws(Protobuf.Failure) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw .init("unexpected EOF") }
        let bytes = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return bytes
    }

    // MARK: Objects

    /// A message as the object of a type.
    static func object(
        _ bytes: ArraySlice<UInt8>, _ structure: Shape.Structure
    ) throws(Protobuf.Failure) -> Document {
        guard let table = ProtobufTable.all.types[structure.name] else {
            throw .init("\(structure.name) cannot be read, send JSON")
        }
        var parts = Parts()
        try read(bytes, table, structure, into: &parts)
        return .object(parts.fields)
    }

    /// What has been read of a message. Lists and maps are kept open, since they come element by
    /// element.
    private struct Parts {
        var single: [String: Document] = [:]
        var lists: [String: [Document]] = [:]
        var maps: [String: [String: Document]] = [:]

        var fields: Fields {
            var all = single
            for (name, list) in lists { all[name] = .array(list) }
            for (name, map) in maps { all[name] = .object(Self.sorted(map)) }
            return Self.sorted(all)
        }

        private static func sorted(_ members: [String: Document]) -> Fields {
            Fields(
                members.map { Fields.Member(key: $0.key, value: $0.value) }
                    .sorted { $0.key < $1.key })
        }
    }

    private static func read(
        _ bytes: ArraySlice<UInt8>, _ table: [UInt64: ProtobufTable.Entry],
        _ structure: Shape.Structure, into parts: inout Parts
    ) throws(Protobuf.Failure) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch table[field.number] {
            case .embedded(let inner):
                try read(try field.value.message(), inner, structure, into: &parts)
            case .member(let member):
                let shape = structure.members[member.name] ?? .untyped
                try put(field.value, member, shape, into: &parts)
            // The status of an object that a client sends says nothing.
            case nil where structure.members["status"] != nil && field.number == 3: break
            case nil:
                throw .init(
                    "field \(field.number) of \(structure.name) cannot be read, send JSON")
            }
        }
    }

    private static func put(
        _ value: Value, _ member: ProtobufTable.Member, _ shape: Shape,
        into parts: inout Parts
    ) throws(Protobuf.Failure) {
        switch shape {
        case .list(let element, _):
            let item = try document(value, element, member.encoding)
            parts.lists[member.name, default: []].append(item)
        case .map(let element, _):
            let (key, item) = try entry(value, element, member.encoding)
            parts.maps[member.name, default: [:]][key] = item
        default:
            let read = try document(value, shape, member.encoding)
            parts.single[member.name] = member.isPointer || !read.isZero ? read : nil
        }
    }

    private static func entry(
        _ value: Value, _ shape: Shape, _ encoding: ProtobufTable.Encoding?
    ) throws(Protobuf.Failure) -> (key: String, value: Document) {
        var reader = ProtobufReader(try value.message())
        var key = ""
        var content: Value = .bytes([])
        while let field = try reader.next() {
            if field.number == 1 { key = try field.value.text() }
            if field.number == 2 { content = field.value }
        }
        return (key, try document(content, shape, encoding))
    }

    private static func document(
        _ value: Value, _ shape: Shape, _ encoding: ProtobufTable.Encoding?
    ) throws(Protobuf.Failure) -> Document {
        switch encoding {
        case .bytes: return .string(Base64.padded(Array(try value.message())))
        case .time: return try time(value, isMicro: false)
        case .microTime: return try time(value, isMicro: true)
        case .rawJSON: return try rawJSON(value)
        case nil: break
        }
        switch shape {
        case .structure(let structure): return try object(try value.message(), structure)
        case .scalar(.string): return .string(try value.text())
        case .scalar(.boolean): return .bool(try value.integer() != 0)
        case .scalar(.integer), .scalar(.long): return .integer(try value.integer())
        case .scalar(.quantity): return .string(try value.field(1)?.text() ?? "0")
        case .scalar(.intOrString):
            guard try value.field(1)?.integer() ?? 0 == 0 else {
                return .string(try value.field(3)?.text() ?? "")
            }
            return .integer(try value.field(2)?.integer() ?? 0)
        case .scalar(.number), .untyped, .list, .map:
            throw .init("a value of a type that cannot be read, send JSON")
        }
    }

    private static func time(
        _ value: Value, isMicro: Bool
    ) throws(Protobuf.Failure) -> Document {
        guard let seconds = try value.field(1)?.integer() else { return .null }
        let (milliseconds, isTooFar) = seconds.multipliedReportingOverflow(by: 1000)
        // Year 9999, after which no text has room for a time.
        guard !isTooFar, milliseconds.magnitude < 253_402_300_800_000 else {
            throw .init("a time too far away")
        }
        let text = Timestamp(milliseconds: milliseconds).description
        guard isMicro else { return .string(text) }
        let micros = String((try value.field(2)?.integer() ?? 0) / 1000 % 1_000_000)
        let zeros = String(repeating: "0", count: max(0, 6 - micros.utf8.count))
        return .string("\(text.dropLast()).\(zeros)\(micros)Z")
    }

    private static func rawJSON(_ value: Value) throws(Protobuf.Failure) -> Document {
        let bytes = Array(try value.field(1)?.message() ?? [])
        guard !bytes.isEmpty else { return .null }
        do {
            return try JSON.parse(bytes, limits: RequestBody.limits)
        } catch {
            throw .init("JSON inside: \(error.reason)")
        }
    }
}

extension ProtobufReader.Value {
    fileprivate func message() throws(Protobuf.Failure) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = self else { throw .init("a number where bytes are due") }
        return bytes
    }

    fileprivate func text() throws(Protobuf.Failure) -> String {
        guard let text = String(validating: try message(), as: UTF8.self) else {
            throw .init("invalid UTF-8")
        }
        return text
    }

    fileprivate func integer() throws(Protobuf.Failure) -> Int64 {
        guard case .number(let number) = self else {
            throw .init("bytes where a number is due")
        }
        return Int64(bitPattern: number)
    }

    /// The last field with a number in this message; `nil` if there is none.
    fileprivate func field(_ number: UInt64) throws(Protobuf.Failure) -> Self? {
        var reader = ProtobufReader(try message())
        var found: Self?
        while let field = try reader.next() {
            if field.number == number { found = field.value }
        }
        return found
    }
}

extension Document {
    /// What Go leaves out of JSON where a field is no pointer.
    fileprivate var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let flag): !flag
        case .integer(let number): number == 0
        case .double(let number): number == 0
        case .string(let text): text.isEmpty
        case .array(let list): list.isEmpty
        case .object(let fields): fields.isEmpty
        }
    }
}
