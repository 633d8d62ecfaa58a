import Domain

/// Reads JSON in one pass over a span of bytes. Recursion is bounded by the depth limit.
struct JSONScanner {
    private let limits: JSON.Limits
    private let duplicates: JSON.Duplicates
    private let skipping: [JSON.Skip]
    private var index = 0
    private var values = 0
    private var longKeys = KeyCache()

    init(limits: JSON.Limits, duplicates: JSON.Duplicates, skipping: [JSON.Skip]) {
        self.limits = limits
        self.duplicates = duplicates
        self.skipping = skipping
    }

    /// The whole input as one document.
    mutating func document(_ input: Span<UInt8>) throws(JSON.ParseError) -> Document {
        index = 0
        values = 0
        skipSpace(input)
        let document = try value(input, depth: 0, skips: [])
        skipSpace(input)
        guard index == input.count else { throw unexpected("the end", input) }
        return document
    }

    private mutating func value(
        _ input: Span<UInt8>,
        depth: Int,
        skips: [JSON.Skip]
    ) throws(JSON.ParseError) -> Document {
        values += 1
        guard values <= limits.values else {
            throw error("more than \(limits.values) values", input)
        }
        guard index < input.count else { throw unexpected("a value", input) }
        switch input[index] {
        case UInt8(ascii: "{"): return try object(input, depth: depth + 1, skips: skips)
        case UInt8(ascii: "["): return try array(input, depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string(input))
        case UInt8(ascii: "t"):
            try word("true", input)
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false", input)
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null", input)
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(input)
        default: throw unexpected("a value", input)
        }
    }

    private mutating func object(
        _ input: Span<UInt8>,
        depth: Int,
        skips: [JSON.Skip]
    ) throws(JSON.ParseError) -> Document {
        try check(depth: depth, input)
        index += 1
        var members: [Fields.Member] = []
        var places: [Int] = []
        skipSpace(input)
        if take(UInt8(ascii: "}"), input) { return .object(Fields()) }
        while true {
            guard index < input.count, input[index] == UInt8(ascii: "\"") else {
                throw unexpected("a member's name", input)
            }
            if duplicates == .refused { places.append(index) }
            let key = try key(input)
            skipSpace(input)
            guard take(UInt8(ascii: ":"), input) else { throw unexpected("':'", input) }
            skipSpace(input)
            if !skips.isEmpty, skips.contains(where: { $0.name == key }) {
                if duplicates == .refused { places.removeLast() }
                try skipValue(input, depth: depth)
            } else {
                let inner = skipping.isEmpty ? [] : skipping.filter { $0.parent == key }
                let value = try value(input, depth: depth, skips: inner)
                members.append(Fields.Member(key: key, value: value))
            }
            skipSpace(input)
            if take(UInt8(ascii: ","), input) {
                skipSpace(input)
            } else if take(UInt8(ascii: "}"), input) {
                return .object(try fields(&members, places, input))
            } else {
                throw unexpected("',' or '}'", input)
            }
        }
    }

    /// Puts members in order. Servers write the fields of a type in the order of its declaration,
    /// so most objects need sorting; hardly any has a key twice.
    private func fields(
        _ members: inout [Fields.Member], _ places: [Int], _ input: Span<UInt8>
    ) throws(JSON.ParseError) -> Fields {
        if Self.ascends(members) { return Fields(members) }
        let written = duplicates == .refused ? members : []
        // The sort is stable: of equal keys the one written last stands last.
        members.sort { $0.key < $1.key }
        if Self.ascends(members) { return Fields(members) }
        var seen: Set<String> = []
        for (number, member) in written.enumerated() where !seen.insert(member.key).inserted {
            throw error("the key \"\(member.key)\" stands twice", input, at: places[number])
        }
        var kept: [Fields.Member] = []
        for member in members {
            if let last = kept.last, last.key == member.key { kept.removeLast() }
            kept.append(member)
        }
        return Fields(kept)
    }

    private static func ascends(_ members: [Fields.Member]) -> Bool {
        var index = 1
        while index < members.count {
            guard members[index - 1].key < members[index].key else { return false }
            index += 1
        }
        return true
    }

    private mutating func array(
        _ input: Span<UInt8>,
        depth: Int
    ) throws(JSON.ParseError) -> Document {
        try check(depth: depth, input)
        index += 1
        var elements: [Document] = []
        skipSpace(input)
        if take(UInt8(ascii: "]"), input) { return .array([]) }
        while true {
            elements.append(try value(input, depth: depth, skips: []))
            skipSpace(input)
            if take(UInt8(ascii: ","), input) {
                skipSpace(input)
            } else if take(UInt8(ascii: "]"), input) {
                return .array(elements)
            } else {
                throw unexpected("',' or ']'", input)
            }
        }
    }

    private func check(depth: Int, _ input: Span<UInt8>) throws(JSON.ParseError) {
        guard depth <= limits.depth else {
            throw error("nested deeper than \(limits.depth) levels", input)
        }
    }

    private mutating func word(
        _ text: StaticString,
        _ input: Span<UInt8>
    ) throws(JSON.ParseError) {
        for byte in String(describing: text).utf8 {
            guard index < input.count, input[index] == byte else {
                throw unexpected("'\(text)'", input)
            }
            index += 1
        }
    }

    /// The longest number read; a double needs 17 digits, what is longer is not a number that
    /// anybody means.
    private static let longestNumber = 400

    private mutating func number(_ input: Span<UInt8>) throws(JSON.ParseError) -> Document {
        let start = index
        let negative = take(UInt8(ascii: "-"), input)
        let firstDigit = index
        var integer: Int64? = 0
        while index < input.count, isDigit(input[index]) {
            let digit = Int64(input[index] &- 48)
            if let so = integer {
                let (tens, tooBig) = so.multipliedReportingOverflow(by: 10)
                let (sum, over) =
                    negative
                    ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
                integer = tooBig || over ? nil : sum
            }
            index += 1
        }
        guard index > firstDigit else { throw unexpected("a digit", input) }
        guard index == firstDigit + 1 || input[firstDigit] != UInt8(ascii: "0") else {
            throw error("a number with a leading zero", input, at: start)
        }
        var whole = true
        if take(UInt8(ascii: "."), input) {
            whole = false
            try digits(input)
        }
        if take(UInt8(ascii: "e"), input) || take(UInt8(ascii: "E"), input) {
            whole = false
            if !take(UInt8(ascii: "+"), input) { _ = take(UInt8(ascii: "-"), input) }
            try digits(input)
        }
        if whole, let integer { return .integer(integer) }
        guard index - start <= Self.longestNumber else {
            throw error("a number of \(index - start) characters", input, at: start)
        }
        var text = ""
        for place in start..<index { text.unicodeScalars.append(Unicode.Scalar(input[place])) }
        guard let value = Double(text), value.isFinite else {
            throw error("the number \(text.prefix(40)) is too large", input, at: start)
        }
        return .double(value)
    }

    private mutating func digits(_ input: Span<UInt8>) throws(JSON.ParseError) {
        let start = index
        while index < input.count, isDigit(input[index]) { index += 1 }
        guard index > start else { throw unexpected("a digit", input) }
    }

    // MARK: Strings

    /// A member's name. Long names come again and again in a list; they are stored once.
    private mutating func key(_ input: Span<UInt8>) throws(JSON.ParseError) -> String {
        let end = plainEnd(input, from: index + 1)
        guard end < input.count, input[end] == UInt8(ascii: "\""), end - index > 16 else {
            return try string(input)
        }
        if let known = longKeys.find(input, index + 1, end) {
            index = end + 1
            return known
        }
        let start = index + 1
        let key = try string(input)
        longKeys.store(key, input, start, end)
        return key
    }

    private mutating func string(_ input: Span<UInt8>) throws(JSON.ParseError) -> String {
        let start = index + 1
        let end = plainEnd(input, from: start)
        guard end < input.count else {
            throw error("a string that does not end", input, at: index)
        }
        if input[end] == UInt8(ascii: "\"") {
            index = end + 1
            return try text(input, start, end)
        }
        return try escapedString(input, start: start, firstStop: end)
    }

    /// The next quote, backslash or control character.
    private func plainEnd(_ input: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < input.count {
            let byte = input[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            end &+= 1
        }
        return end
    }

    private func text(
        _ input: Span<UInt8>,
        _ start: Int,
        _ end: Int
    ) throws(JSON.ParseError) -> String {
        do {
            return String(copying: try UTF8Span(validating: input.extracting(start..<end)))
        } catch {
            throw self.error(
                "invalid UTF-8",
                input,
                at: start + error.byteOffsets.lowerBound
            )
        }
    }

    private mutating func escapedString(
        _ input: Span<UInt8>,
        start: Int,
        firstStop: Int
    ) throws(JSON.ParseError) -> String {
        var result = try text(input, start, firstStop)
        index = firstStop
        while index < input.count {
            switch input[index] {
            case UInt8(ascii: "\""):
                index += 1
                return result
            case UInt8(ascii: "\\"):
                result.unicodeScalars.append(try escape(input))
            case 0..<0x20: throw error("a control character in a string", input)
            default:
                let end = plainEnd(input, from: index)
                result += try text(input, index, end)
                index = end
            }
        }
        throw error("a string that does not end", input, at: start - 1)
    }

    private mutating func escape(
        _ input: Span<UInt8>
    ) throws(JSON.ParseError) -> Unicode.Scalar {
        let start = index
        guard index + 1 < input.count else {
            throw error("a string that does not end", input, at: start)
        }
        index += 2
        switch input[index - 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw error("an unknown escape", input, at: start)
        }
        let unit = try hexUnit(input, start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, take(UInt8(ascii: "\\"), input), take(UInt8(ascii: "u"), input) else {
            throw error("half of a surrogate pair", input, at: start)
        }
        let low = try hexUnit(input, start)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        else { throw error("half of a surrogate pair", input, at: start) }
        return scalar
    }

    private mutating func hexUnit(
        _ input: Span<UInt8>,
        _ start: Int
    ) throws(JSON.ParseError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard index < input.count,
                let digit = Character(Unicode.Scalar(input[index])).hexDigitValue
            else { throw error("\\u needs four hex digits", input, at: start) }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    // MARK: Places

    /// Where the parts of a document stand that was read from this input; asked only when somebody
    /// must be told.
    mutating func places(
        of document: Document, _ input: Span<UInt8>
    ) throws(JSON.ParseError) -> (Place, Range<Int>) {
        index = 0
        skipSpace(input)
        let start = index
        var cursor = PlaceCursor()
        let place = try place(of: document, input, &cursor)
        return (place, start..<index)
    }

    private mutating func place(
        of document: Document, _ input: Span<UInt8>, _ cursor: inout PlaceCursor
    ) throws(JSON.ParseError) -> Place {
        let start = cursor.position(of: index, in: input)
        var inner: [(key: String, place: Place)] = []
        switch document {
        case .object(let fields):
            index += 1
            for _ in 0..<fields.count {
                skipSeparators(input)
                let name = cursor.position(of: index, in: input)
                let key = try string(input)
                skipSeparators(input)
                var place = try place(of: fields[key] ?? .null, input, &cursor)
                place.key = name
                inner.append((key, place))
            }
            inner.sort { $0.key < $1.key }
        case .array(let elements):
            index += 1
            for element in elements {
                skipSeparators(input)
                inner.append(("", try place(of: element, input, &cursor)))
            }
        default:
            try skipValue(input, depth: 0)
            return Place(value: start, key: nil, inner: [])
        }
        skipSpace(input)
        index += 1
        return Place(value: start, key: nil, inner: inner.map(\.place))
    }

    private mutating func skipSeparators(_ input: Span<UInt8>) {
        skipSpace(input)
        while take(UInt8(ascii: ","), input) || take(UInt8(ascii: ":"), input) { skipSpace(input) }
    }

    // MARK: Passing over

    /// Passes over a value without reading it: brackets and strings are matched.
    private mutating func skipValue(
        _ input: Span<UInt8>,
        depth: Int
    ) throws(JSON.ParseError) {
        let start = index
        var open = 0
        repeat {
            guard index < input.count else {
                throw error("a value that does not end", input, at: start)
            }
            switch input[index] {
            case UInt8(ascii: "\""): try skipString(input)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                try check(depth: depth + open, input)
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard open > 0 else { throw unexpected("a value", input) }
                open -= 1
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard open > 0 else { throw unexpected("a value", input) }
                index += 1
            default:
                index += 1
                if open == 0 { skipWord(input) }
            }
        } while open > 0
    }

    private mutating func skipString(_ input: Span<UInt8>) throws(JSON.ParseError) {
        let start = index
        index += 1
        while index < input.count {
            let byte = input[index]
            index += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
        throw error("a string that does not end", input, at: start)
    }

    private mutating func skipWord(_ input: Span<UInt8>) {
        while index < input.count {
            switch input[index] {
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0...0x20: return
            default: index += 1
            }
        }
    }

    private mutating func skipSpace(_ input: Span<UInt8>) {
        while index < input.count {
            switch input[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index &+= 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8, _ input: Span<UInt8>) -> Bool {
        guard index < input.count, input[index] == byte else { return false }
        index += 1
        return true
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    // MARK: Errors

    private func unexpected(_ wanted: String, _ input: Span<UInt8>) -> JSON.ParseError {
        guard index < input.count else {
            return error("the text ends where \(wanted) should be", input)
        }
        let byte = input[index]
        let found = (0x21..<0x7F).contains(byte) ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
        return error("\(found) where \(wanted) should be", input)
    }

    private func error(
        _ reason: String,
        _ input: Span<UInt8>,
        at offset: Int? = nil
    ) -> JSON.ParseError {
        let offset = min(offset ?? index, input.count)
        return JSON.ParseError(
            reason,
            offset: offset,
            position: Position(offset: offset, in: input)
        )
    }
}
