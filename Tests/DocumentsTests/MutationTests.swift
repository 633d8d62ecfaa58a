import Documents
import Domain
import Testing

/// Thousands of broken inputs, the same in every run: nothing traps, nothing hangs, and what is
/// accepted reads back from what is written.
@Suite struct MutationTests {
    @Test(.timeLimit(.minutes(1)), arguments: 0..<4)
    func jsonSurvivesAnyBytes(_ seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed))
        let corpus =
            JSONTests.vectors.map(\.0) + JSONTests.broken.map(\.0) + [JSONListReaderTests.list]
        var accepted = 0
        for _ in 0..<5000 {
            let bytes = random.mutant(of: corpus)
            guard let document = try? JSON.parse(bytes) else { continue }
            accepted += 1
            let written = document.canonicalJSON()
            #expect(try JSON.parse(written).canonicalJSON() == written)
            let pretty = JSON.write(document, pretty: 2)
            #expect(try JSON.parse(pretty).canonicalJSON() == written)
            _ = try? JSON.parse(bytes, skipping: [.managedFields])
            if let located = try? JSON.parseLocated(bytes) {
                #expect(located.document == document)
                #expect(try JSON.parse(Array(bytes[located.byteRange])) == document)
            }
        }
        #expect(accepted > 100)
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<4)
    func theListReaderAgreesWithTheParser(_ seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed + 100))
        for _ in 0..<3000 {
            let bytes = random.mutant(of: [JSONListReaderTests.list, #"{"items":[{},{"a":[]}]}"#])
            var reader = JSONListReader(skipping: [])
            var items: [Document] = []
            var index = 0
            do {
                while index < bytes.count {
                    let end = min(bytes.count, index + 1 + random.below(40))
                    items += try reader.feed(Array(bytes[index..<end]))
                    index = end
                }
                var whole = try reader.finish()
                if whole["items"] == [] { whole["items"] = .array(items) }
                #expect(try JSON.parse(bytes) == whole)
            } catch {
                // The parser lets the later of two lists win, the reader knows only one.
                if let whole = try? JSON.parse(bytes, duplicates: .refused) {
                    let items = whole["items"]?.arrayValue ?? []
                    #expect(items.contains { $0.objectValue == nil })
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<4)
    func yamlSurvivesAnyBytes(_ seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed + 200))
        let corpus =
            YAMLTests.vectors.map(\.0) + YAMLTests.broken.map(\.0) + [LocatedDocumentTests.file]
        var accepted = 0
        for _ in 0..<4000 {
            let bytes = random.mutant(of: corpus)
            guard let documents = try? YAML.parse(bytes) else { continue }
            for located in documents {
                accepted += 1
                let document = located.document
                let written = YAML.write(document)
                let again = try YAML.parse(written).map { $0.document.canonicalJSON() }
                #expect(again == [document.canonicalJSON()], "\(written)")
                // The bytes of a document alone are the document, with its line feed if it has
                // one. (A lone text may begin like a mark of the file.)
                #expect(located.byteRange.upperBound <= bytes.count)
                if document.stringValue != nil { continue }
                let alone = Array(bytes[located.byteRange])
                let lineFeed = located.byteRange.upperBound < bytes.count ? [UInt8(10)] : []
                #expect(try YAML.parse(alone + lineFeed).map(\.document) == [document])
            }
        }
        #expect(accepted > 500)
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<4)
    func whatIsWrittenReadsBack(_ seed: Int) throws {
        var random = SplitMix64(state: UInt64(seed + 300))
        for _ in 0..<1500 {
            let document = random.document(depth: 4)
            let yaml = YAML.write(document)
            #expect(try YAML.parse(yaml).map(\.document) == [document], "\(yaml)")
            #expect(try JSON.parse(JSON.write(document)) == document)
            #expect(try JSON.parse(JSON.write(document, pretty: 4)) == document)
        }
    }
}

/// The generator of Steele, Lea and Flood: small, and the same everywhere.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }

    /// An input with a few changes: bytes replaced, cut out, doubled, put in, or the end lost.
    mutating func mutant(of corpus: [String]) -> [UInt8] {
        var bytes = Array(corpus[below(corpus.count)].utf8)
        let spice =
            Array("{}[]\",:\\\n\r\t -#|>+&*!%?'<.0123eEuaé\u{85}\u{2028}".utf8) + [0, 0x80, 0xFF]
        for _ in 0..<below(4) {
            let place = below(bytes.count + 1)
            let end = min(bytes.count, place + below(8))
            switch below(6) {
            case 0: bytes.insert(spice[below(spice.count)], at: place)
            case 1 where place < bytes.count: bytes[place] = spice[below(spice.count)]
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes.removeSubrange(place...)
            default:
                let from = below(bytes.count + 1)
                let part = bytes[from..<min(bytes.count, from + below(30))]
                bytes.insert(contentsOf: part, at: place)
            }
        }
        return bytes
    }

    mutating func document(depth: Int) -> Document {
        switch below(depth > 0 ? 9 : 6) {
        case 0: return .bool(below(2) == 0)
        case 1: return .integer(Int64(bitPattern: next()))
        case 2: return .double(Double(Int64(bitPattern: next())) / 1e12 + 0.5e-7)
        case 3, 4, 5: return .string(text())
        case 6: return .array((0..<below(4)).map { _ in document(depth: depth - 1) })
        default:
            return .object(
                Fields(
                    (0..<below(5)).map { _ in
                        .init(key: text(), value: document(depth: depth - 1))
                    }))
        }
    }

    mutating func text() -> String {
        let words = [
            "true", "null", "yes", "0", "1", "12", "-", "a", "b c", ":", " ", "\n", "#", "'", "\"",
            "\\", "é", "😀", "\t", "\r", "|", ">", "---", "...", "<<", "{", "]", ",", "*x", "&x",
            "!", "%", "@", "`", "~", "=", ".", "0x", "e5", "\u{85}", "\u{2028}", "\u{feff}",
            "\u{1}", "\0", "?", "kind", "/",
        ]
        return (0..<below(4)).map { _ in words[below(words.count)] }.joined()
    }
}
