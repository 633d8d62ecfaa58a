package import Domain

/// Reads a Kubernetes list from a stream: hands out the elements of `items` one by one and keeps
/// the rest, so that a list of ten thousand pods is never in memory as a whole, neither as bytes
/// nor as documents.
///
/// Feed it the chunks as they come, ``finish()`` when the stream has ended; only then is the list
/// known to be complete.
package struct JSONListReader: Sendable {
    /// What a list may cost.
    package struct Limits: Hashable, Sendable {
        /// Bytes of one item; the API server itself holds none above 3 MiB.
        package var item: Int
        /// Bytes of everything that is not an item.
        package var envelope: Int
        package var items: Int

        package init(item: Int = 8 << 20, envelope: Int = 1 << 20, items: Int = 1_000_000) {
            self.item = item
            self.envelope = envelope
            self.items = items
        }

        /// 8 MiB an item, 1 MiB for the rest, 1,000,000 items.
        package static let `default` = Limits()
    }

    private enum State {
        /// Outside of `items`.
        case envelope
        /// In `items`, before its first item or the bracket that closes it.
        case beforeFirst
        /// After a comma of `items`.
        case beforeItem
        case inItem
        case afterItem
    }

    private let limits: Limits
    private let skipping: [JSON.Skip]
    private var state = State.envelope
    private var count = 0
    /// Bytes before the current chunk.
    private var consumed = 0

    /// The list without its items, as it will be parsed in the end.
    private var envelope: [UInt8] = []
    /// Brackets open in the envelope, or in the item that is being read.
    private var depth = 0
    private var inString = false
    private var escaped = false
    /// Where in the envelope the name of a member of the list begins, while it is read.
    private var nameStart: Int?
    private var expectsName = false
    private var nextIsItems = false
    private var sawItems = false

    /// The part of an item that came in earlier chunks.
    private var partial: [UInt8] = []

    /// `skipping` names members that the items shall not have.
    package init(limits: Limits = .default, skipping: [JSON.Skip] = [.managedFields]) {
        self.limits = limits
        self.skipping = skipping
    }

    /// Takes the next bytes, of any number, and hands back the items that are complete now.
    /// After an error the reader is of no more use; an error's offset counts from the beginning of
    /// the stream, its position within the item.
    package mutating func feed(_ chunk: [UInt8]) throws(JSON.ParseError) -> [Document] {
        var found: [Document] = []
        var index = 0
        let input = chunk.span
        while index < input.count {
            switch state {
            case .envelope: try readEnvelope(input, &index)
            case .beforeFirst, .beforeItem, .afterItem: try readBetween(input, &index)
            case .inItem:
                if let item = try readItem(input, &index) { found.append(item) }
            }
        }
        consumed += input.count
        return found
    }

    /// Ends the list: everything but its items (`items` is empty in it, if the list had any).
    package func finish() throws(JSON.ParseError) -> Document {
        guard state == .envelope else {
            throw JSON.ParseError(
                "the list ends after \(count) items before it is complete", offset: consumed,
                position: .start)
        }
        return try JSON.parse(envelope)
    }

    // MARK: The list around its items

    private mutating func readEnvelope(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(JSON.ParseError) {
        while index < input.count, state == .envelope {
            let byte = input[index]
            guard envelope.count < limits.envelope else {
                throw error("more than \(limits.envelope) bytes besides the items", index)
            }
            envelope.append(byte)
            if inString {
                endString(byte)
            } else {
                try structure(byte, index)
            }
            index += 1
        }
    }

    private mutating func endString(_ byte: UInt8) {
        if escaped {
            escaped = false
        } else if byte == UInt8(ascii: "\\") {
            escaped = true
        } else if byte == UInt8(ascii: "\"") {
            inString = false
            guard let start = nameStart else { return }
            nameStart = nil
            nextIsItems = envelope[start...].elementsEqual("\"items\"".utf8)
        }
    }

    private mutating func structure(_ byte: UInt8, _ index: Int) throws(JSON.ParseError) {
        switch byte {
        case UInt8(ascii: "\""):
            inString = true
            if expectsName { nameStart = envelope.count - 1 }
            expectsName = false
            nextIsItems = false
        case UInt8(ascii: "["):
            if nextIsItems, depth == 1 {
                guard !sawItems else { throw error("the list has items twice", index) }
                sawItems = true
                state = .beforeFirst
            } else {
                depth += 1
            }
            nextIsItems = false
        case UInt8(ascii: "{"):
            depth += 1
            expectsName = depth == 1
            nextIsItems = false
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: ","): expectsName = depth == 1
        default: break
        }
    }

    // MARK: Items

    private mutating func readBetween(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(JSON.ParseError) {
        let byte = input[index]
        switch (byte, state) {
        case (0x20, _), (0x0A, _), (0x0D, _), (0x09, _): index += 1
        case (UInt8(ascii: "]"), .beforeFirst), (UInt8(ascii: "]"), .afterItem):
            envelope.append(byte)
            state = .envelope
            index += 1
        case (UInt8(ascii: ","), .afterItem):
            state = .beforeItem
            index += 1
        case (UInt8(ascii: "{"), .beforeFirst), (UInt8(ascii: "{"), .beforeItem):
            guard count < limits.items else {
                throw error("more than \(limits.items) items", index)
            }
            state = .inItem
        default: throw error("byte \(byte) where item \(count + 1) should begin or end", index)
        }
    }

    /// Reads on in an item; the document if the item ends in this chunk.
    private mutating func readItem(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(JSON.ParseError) -> Document? {
        let start = index
        let ended = findEnd(input, &index)
        guard partial.count + index - start <= limits.item else {
            throw error("item \(count + 1) has more than \(limits.item) bytes", start)
        }
        guard ended else {
            for place in start..<index { partial.append(input[place]) }
            return nil
        }
        var scanner = JSONScanner(
            limits: JSON.Limits(bytes: limits.item), duplicates: .lastWins, skipping: skipping)
        let before = consumed + start - partial.count
        state = .afterItem
        count += 1
        do {
            if partial.isEmpty { return try scanner.document(input.extracting(start..<index)) }
            for place in start..<index { partial.append(input[place]) }
            defer { partial = [] }
            return try scanner.document(partial.span)
        } catch {
            throw JSON.ParseError(
                "item \(count): \(error.reason)", offset: before + error.offset,
                position: error.position)
        }
    }

    /// Moves behind the bracket that closes the item, or to the end of the chunk.
    private mutating func findEnd(_ input: Span<UInt8>, _ index: inout Int) -> Bool {
        while index < input.count {
            let byte = input[index]
            index &+= 1
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth &-= 1
                // The list's own object is still open around the item.
                if depth == 1 { return true }
            default: break
            }
        }
        return false
    }

    private func error(_ reason: String, _ index: Int) -> JSON.ParseError {
        JSON.ParseError(reason, offset: consumed + index, position: .start)
    }
}
