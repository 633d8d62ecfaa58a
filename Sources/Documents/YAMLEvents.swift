import CLibYAML

/// A place in a file as libyaml counts: in scalars, from 0.
struct YAMLMark {
    let index: Int
    let position: Position

    init(_ mark: yaml_mark_t) {
        index = Int(clamping: mark.index)
        position = Position(
            line: Int(clamping: mark.line) + 1,
            column: Int(clamping: mark.column) + 1
        )
    }
}

/// One step through a file.
struct YAMLEvent {
    /// What comes.
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart(tagDirectives: Bool)
        case documentEnd
        case alias(String)
        case scalar(text: String, style: Style)
        case sequenceStart
        case mappingStart
        /// `flow` collections end with a bracket that belongs to them.
        case collectionEnd
    }

    /// How a scalar is written.
    enum Style {
        case plain
        case quoted
        case block
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    let start: YAMLMark
    let end: YAMLMark
}

/// libyaml's parser over a buffer that outlives it. The handle is freed with the value.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let started: Bool

    /// `bytes` must stay valid as long as this value lives.
    init(over bytes: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        started = yaml_parser_initialize(parser) != 0
        if started {
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        }
    }

    deinit {
        if started { yaml_parser_delete(parser) }
        parser.deinitialize(count: 1)
        parser.deallocate()
    }

    /// The next event. After an error or the end of the stream there is none to ask for.
    func next(input: Span<UInt8>) throws(YAML.ParseError) -> YAMLEvent {
        guard started else { throw YAML.ParseError("out of memory", .start) }
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else { throw failure(input) }
        defer { yaml_event_delete(&event) }
        return Self.read(event)
    }

    private static func read(_ raw: yaml_event_t) -> YAMLEvent {
        var event = YAMLEvent(
            kind: .collectionEnd,
            start: YAMLMark(raw.start_mark),
            end: YAMLMark(raw.end_mark)
        )
        switch raw.type {
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: event.kind = .streamEnd
        case YAML_DOCUMENT_START_EVENT:
            let tags = raw.data.document_start.tag_directives
            event.kind = .documentStart(tagDirectives: tags.start != tags.end)
        case YAML_DOCUMENT_END_EVENT: event.kind = .documentEnd
        case YAML_ALIAS_EVENT: event.kind = .alias(text(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let style: YAMLEvent.Style =
                switch scalar.style {
                case YAML_PLAIN_SCALAR_STYLE: .plain
                case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
                default: .quoted
                }
            event.kind = .scalar(text: String(decoding: bytes, as: UTF8.self), style: style)
            event.anchor = text(scalar.anchor)
            event.tag = text(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            event.kind = .sequenceStart
            event.anchor = text(raw.data.sequence_start.anchor)
            event.tag = text(raw.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            event.kind = .mappingStart
            event.anchor = text(raw.data.mapping_start.anchor)
            event.tag = text(raw.data.mapping_start.tag)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: event.kind = .collectionEnd
        default: event.kind = .streamStart
        }
        return event
    }

    private static func text(_ pointer: UnsafePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    /// What libyaml says went wrong, in one sentence.
    private func failure(_ input: Span<UInt8>) -> YAML.ParseError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "cannot be read"
        switch parser.pointee.error {
        case YAML_MEMORY_ERROR: return YAML.ParseError("out of memory", .start)
        case YAML_READER_ERROR:
            let offset = Int(clamping: parser.pointee.problem_offset)
            return YAML.ParseError(problem, Position(offset: offset, in: input))
        default:
            let mark = YAMLMark(parser.pointee.problem_mark)
            let place = mark.position
            if let hint = Self.hint(problem, at: mark, input) {
                return YAML.ParseError("\(problem); \(hint)", place)
            }
            guard let context = parser.pointee.context.map({ String(cString: $0) }) else {
                return YAML.ParseError(problem, place)
            }
            let from = YAMLMark(parser.pointee.context_mark).position
            return YAML.ParseError("\(problem) (\(context) that begins at \(from))", place)
        }
    }

    /// What people mostly did who see this.
    private static func hint(
        _ problem: String, at mark: YAMLMark, _ input: Span<UInt8>
    ) -> String? {
        switch problem {
        case "mapping values are not allowed in this context":
            return "is the line indented right? A text with `: ` in it needs quotes"
        case "found character that cannot start any token":
            switch scalar(mark.index, of: input) {
            case UInt8(ascii: "\t"): return "it is a tab, YAML is indented with spaces"
            case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"):
                return "a text that begins with it needs quotes"
            default: return nil
            }
        default: return nil
        }
    }

    /// The first byte of the scalar with this number, a byte order mark not counted.
    private static func scalar(_ number: Int, of input: Span<UInt8>) -> UInt8? {
        let marked = input.count >= 3 && input[0] == 0xEF && input[1] == 0xBB && input[2] == 0xBF
        var left = marked ? number + 1 : number
        for index in 0..<input.count where input[index] & 0xC0 != 0x80 {
            if left == 0 { return input[index] }
            left -= 1
        }
        return nil
    }
}
