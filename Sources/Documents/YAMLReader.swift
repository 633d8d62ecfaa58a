import Domain

/// Builds documents from libyaml's events with a stack of its own, so that depth costs no stack of
/// the thread.
struct YAMLReader {
    private let bytes: [UInt8]
    private let limits: YAML.Limits
    private let offsets: ScalarOffsets
    /// libyaml does not count a byte order mark.
    private let origin: Int

    private var nodes = 0
    private var stack: [Frame] = []
    private var root: (Document, Place)?
    private var content = ContentRange()
    private var notes: [LocatedDocument.Note] = []

    private static let noteLimit = 20

    /// A mapping or sequence that is being read.
    private struct Frame {
        struct Member {
            let key: String
            let value: Document
            let place: Place
        }

        let isMapping: Bool
        let start: Position
        var key: (text: String, position: Position)?
        var members: [Member] = []
        var elements: [Document] = []
        var places: [Place] = []
    }

    init(_ bytes: [UInt8], limits: YAML.Limits) {
        origin = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        self.bytes = bytes
        self.limits = limits
        offsets = ScalarOffsets(bytes[origin...])
    }

    /// All documents with content.
    mutating func documents() throws(YAML.ParseError) -> [LocatedDocument] {
        // The closure of `withUnsafeBufferPointer` cannot hand out a typed error by itself.
        let (bytes, origin) = (bytes, origin)
        let result = bytes.withUnsafeBufferPointer { buffer in
            let events = YAMLEvents(over: UnsafeBufferPointer(rebasing: buffer[origin...]))
            return Result { () throws(YAML.ParseError) in try read(events, bytes.span) }
        }
        return try result.get()
    }

    private mutating func read(
        _ events: borrowing YAMLEvents,
        _ input: Span<UInt8>
    ) throws(YAML.ParseError) -> [LocatedDocument] {
        var found: [LocatedDocument] = []
        var count = 0
        while true {
            let event = try events.next(input: input)
            try checkProperties(event)
            switch event.kind {
            case .streamStart: break
            case .streamEnd: return found
            case .documentStart(let tagDirectives):
                count += 1
                guard count <= limits.documents else {
                    throw .init("more than \(limits.documents) documents", event.start.position)
                }
                guard !tagDirectives else {
                    throw .init("tags are not supported", event.start.position)
                }
                (root, content, notes) = (nil, ContentRange(), [])
            case .documentEnd:
                if let document = located() { found.append(document) }
            case .alias(let name):
                throw .init(
                    "the alias *\(name.prefix(40)): aliases are not supported, write the value out",
                    event.start.position
                )
            case .scalar(let text, let style): try scalar(text, style, event)
            case .sequenceStart: try open(isMapping: false, event)
            case .mappingStart: try open(isMapping: true, event)
            case .collectionEnd: try close(event)
            }
        }
    }

    private func checkProperties(_ event: YAMLEvent) throws(YAML.ParseError) {
        if let anchor = event.anchor {
            throw .init(
                "the anchor &\(anchor.prefix(40)): anchors and aliases are not supported",
                event.start.position
            )
        }
        if let tag = event.tag {
            throw .init(
                "the tag \(tag.prefix(80)): tags are not supported; quotes make a value text",
                event.start.position
            )
        }
    }

    private mutating func count(_ event: YAMLEvent) throws(YAML.ParseError) {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw .init("more than \(limits.nodes) values", event.start.position)
        }
        content.start = content.start ?? event.start.index
    }

    private mutating func open(
        isMapping: Bool,
        _ event: YAMLEvent
    ) throws(YAML.ParseError) {
        try count(event)
        if let top = stack.last, top.isMapping, top.key == nil {
            throw .init("a key must be text, not a list or mapping", event.start.position)
        }
        guard stack.count < limits.depth else {
            throw .init("nested deeper than \(limits.depth) levels", event.start.position)
        }
        stack.append(Frame(isMapping: isMapping, start: event.start.position))
    }

    private mutating func close(_ event: YAMLEvent) throws(YAML.ParseError) {
        guard let frame = stack.popLast() else { return }
        // A block collection ends where the next thing begins, a flow collection with its bracket.
        if event.end.index > event.start.index { content.reach(event.end.index) }
        guard frame.isMapping else {
            let place = Place(value: frame.start, key: nil, inner: frame.places)
            return put(.array(frame.elements), place)
        }
        let members = frame.members.sorted { $0.key < $1.key }
        for (earlier, later) in zip(members, members.dropFirst()) where earlier.key == later.key {
            let keys = [earlier, later].compactMap(\.place.key).sorted()
            throw .init(
                "the key \"\(earlier.key.prefix(80))\" stands twice, first at "
                    + "\(keys.first ?? frame.start)",
                keys.last ?? frame.start
            )
        }
        let fields = Fields(members.map { Fields.Member(key: $0.key, value: $0.value) })
        put(.object(fields), Place(value: frame.start, key: nil, inner: members.map(\.place)))
    }

    private mutating func scalar(
        _ text: String,
        _ style: YAMLEvent.Style,
        _ event: YAMLEvent
    ) throws(YAML.ParseError) {
        try count(event)
        guard text.utf8.count <= limits.scalar else {
            throw .init("a value of more than \(limits.scalar) bytes", event.start.position)
        }
        content.reach(event.end.index, blockText: style == .block ? text : nil)
        let position = event.start.position
        if let top = stack.indices.last, stack[top].isMapping, stack[top].key == nil {
            if style == .plain, text == "<<" {
                throw .init("merge keys (<<) are not supported, write the members out", position)
            }
            if style == .plain, text.isEmpty { throw .init("a key is missing", position) }
            stack[top].key = (text, position)
            return
        }
        guard style == .plain else {
            return put(.string(text), Place(value: position, key: nil, inner: []))
        }
        if stack.isEmpty, text.isEmpty { return }
        guard let value = YAMLScalar.value(of: text) else {
            throw .init("\(text) is a number that JSON has no word for", position)
        }
        if let reading = YAMLScalar.otherReading(of: text), notes.count < Self.noteLimit {
            notes.append(
                .init(
                    position: position,
                    message: "\(text.prefix(40)) is read as text, other YAML readers take it "
                        + "for \(reading); put quotes around it"
                )
            )
        }
        put(value, Place(value: position, key: nil, inner: []))
    }

    private mutating func put(_ value: Document, _ place: Place) {
        guard let top = stack.indices.last else {
            root = (value, place)
            return
        }
        guard stack[top].isMapping else {
            stack[top].elements.append(value)
            stack[top].places.append(place)
            return
        }
        guard let key = stack[top].key else { return }
        stack[top].key = nil
        var place = place
        place.key = key.position
        stack[top].members.append(.init(key: key.text, value: value, place: place))
    }

    private func located() -> LocatedDocument? {
        guard let (document, place) = root else { return nil }
        let range = content.bytes(of: bytes, origin: origin, offsets: offsets)
        return LocatedDocument(document: document, byteRange: range, notes: notes, root: place)
    }
}
