import Documents
import Domain

extension Parser {
    /// The whole reader of JSON, and everything that writes it.
    static let json = Parser(name: "json", about: "JSON of any kind") { input, check in
        let document: Document
        do throws(JSON.ParseError) {
            document = try JSON.parse(input)
        } catch {
            check.went(error.reason)
            check.expect((0...input.count).contains(error.offset), "offset: outside of the input")
            check.expect(error.position.isInside(input), "position: outside of the input")
            check.expect((try? JSON.parseLocated(input)) == nil, "located: reads more")
            return
        }
        check.went(document.kindName)
        check.reads(document)
        let located = try? JSON.parseLocated(input)
        let strict = try? JSON.parse(input, duplicates: .refused)
        check.expect(located?.document == strict, "located: reads something else")
        if let located {
            check.went("once")
            check.expect(strict == document, "duplicates: change what there are none of")
            let part = Array(input[located.byteRange])
            check.expect((try? JSON.parse(part)) == document, "range: is not the value")
        }
        check.expect(
            (try? JSON.parse(input, limits: .init(bytes: input.count - 1))) == nil,
            "limit: one byte more is read")
        let thin = try? JSON.parse(input, skipping: [.managedFields])
        check.expect(thin != nil, "skipping: refuses what can be read")
        if let thin { check.expect(document.includes(thin), "skipping: invents something") }
    }

    /// Lists in pieces.
    static let jsonList = Parser(
        name: "json-list", about: "lists of the API, in chunks", longest: 3000
    ) {
        input, check in
        let whole = list(input, [input.count])
        let sizes = [[1], [2, 3], [input.count / 2 + 1], [7, 1, 64]]
        for size in sizes {
            check.expect(list(input, size) == whole, "chunks: \(size) make a difference")
        }
        guard let whole else { return check.went("refused") }
        check.went("\(min(whole.items.count, 3))" + (whole.rest["items"] == nil ? "none" : "some"))
        var joined = whole.rest
        if joined["items"] == [] { joined["items"] = .array(whole.items) }
        check.expect((try? JSON.parse(input)) == joined, "parser: reads something else")
    }

    private struct List: Equatable {
        var items: [Document] = []
        var rest: Document = .null
    }

    private static func list(_ input: [UInt8], _ sizes: [Int]) -> List? {
        var reader = JSONListReader(skipping: [])
        var list = List()
        do {
            for chunk in chunks(input, sizes) { list.items += try reader.feed(chunk) }
            list.rest = try reader.finish()
            return list
        } catch {
            return nil
        }
    }

    /// Streams of lines.
    static let lines = Parser(name: "lines", about: "lines of a stream, in chunks", longest: 1000) {
        input, check in
        let whole = split(input, [input.count])
        for size in [[1], [2, 3], [input.count / 2 + 1], [7, 1, 64]] {
            check.expect(split(input, size) == whole, "chunks: \(size) make a difference")
        }
        check.went(whole == nil ? "refused" : "read")
        let longest = whole?.map(\.count).max() ?? 0
        check.expect(longest <= 100, "limit: a line of \(longest) bytes")
    }

    private static func split(_ input: [UInt8], _ sizes: [Int]) -> [[UInt8]]? {
        var splitter = LineSplitter(limit: 100)
        var lines: [[UInt8]] = []
        for chunk in chunks(input, sizes) {
            guard let more = try? splitter.feed(chunk) else { return nil }
            lines += more
        }
        return lines + (splitter.finish().map { [$0] } ?? [])
    }

    /// The input in pieces of these sizes, again and again.
    static func chunks(_ input: [UInt8], _ sizes: [Int]) -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var start = 0
        while start < input.count {
            let end = min(input.count, start + max(1, sizes[chunks.count % sizes.count]))
            chunks.append(Array(input[start..<end]))
            start = end
        }
        return chunks
    }
}

extension Check {
    /// A document is the same however it was written; `1.0` and `1` are.
    mutating func reads(_ document: Document) {
        let canonical = document.canonicalJSON()
        for indent in [0, 2] {
            let written = indent == 0 ? JSON.write(document) : JSON.write(document, pretty: indent)
            expect(
                (try? JSON.parse(written))?.canonicalJSON() == canonical,
                "JSON: does not read back")
        }
        expect(
            (try? JSON.parse(canonical))?.canonicalJSON() == canonical,
            "canonical JSON: is not canonical")
        expect(PackedDocument(document).document == document, "packed: does not unpack")
        let yaml = YAML.write(document)
        do throws(YAML.ParseError) {
            let again = try YAML.parse(yaml)
            expect(
                again.map { $0.document.canonicalJSON() } == [canonical],
                "YAML: does not read back")
        } catch {
            // YAML has narrower limits, and cannot say NUL.
            let limits = ["levels", "nodes", "bytes", "NUL", "deep"]
            expect(limits.contains { error.reason.contains($0) }, "YAML: \(error.reason)")
        }
    }
}

extension Position {
    /// Whether a text has this place, or it is the one behind its end.
    func isInside(_ bytes: [UInt8]) -> Bool {
        var ends = 1
        // Those of YAML 1.1 as well: NEL, LS and PS end in these bytes.
        for byte in bytes where [10, 13, 0x85, 0xA8, 0xA9].contains(byte) { ends += 1 }
        return line >= 1 && column >= 1 && line <= ends + 1 && column <= bytes.count + 2
    }
}
