import Domain
import Testing

@Suite struct PackedDocumentTests {
    @Test(
        arguments: [
            .null, true, false, 0, 1, -1, 63, 64, -64, -65, .integer(Int64.max),
            .integer(Int64.min),
            0.5, -0.25, .double(.infinity), "", "text", "ümläut 🙂 \u{0}", [], [:],
            [1, [2, [3, .null]], "x"], ["a": ["b": [["c": 1.5], .null]], "z": false],
            .string(String(repeating: "x", count: 100_000)),
            .array(Array(repeating: 1, count: 1000)),
            ["apiVersion": "v1", "kind": "Service", "spec": ["selector": ["": "kind", "x": ""]]],
        ] as [Document])
    func whatIsPackedComesBack(document: Document) {
        #expect(PackedDocument(document).document == document)
    }

    /// Texts of a known form, texts that come again, and texts that are equal to Swift but not to
    /// a server: each comes back byte by byte.
    @Test(
        arguments: [
            ["9f1c2d3e-0000-4000-8000-0123456789ab", "9F1C2d3e-0000-4000-8000-0123456789ab"],
            ["9f1c2d3e-0000-4000-8000-0123456789a", "9f1c2d3e-0000-4000-80000-123456789ab"],
            [
                "sha256:" + String(repeating: "0123456789abcdef", count: 4),
                "sha256:" + String(repeating: "0123456789abcdeg", count: 4),
                "sha512:" + String(repeating: "0123456789abcdef", count: 4),
                "sha256:" + String(repeating: "é", count: 32),
            ],
            ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+", "2026-01-02 03:04:05Z"],
            ["cafe\u{301}", "caf\u{e9}", "cafe\u{301}"],
            ["\u{212A}ind", "Kind", "\u{212A}ind"],
            [String(repeating: "x", count: 256), String(repeating: "x", count: 257), "abcd"],
        ] as [[String]])
    func textsComeBackByteByByte(texts: [String]) throws {
        let twice = texts + texts.reversed()
        let packed = PackedDocument(.array(twice.map { .string($0) })).document
        let back = try #require(packed.arrayValue).compactMap(\.stringValue)
        #expect(back.map { Array($0.utf8) } == twice.map { Array($0.utf8) })
    }

    /// A name that stands five times in an object costs little more than once.
    @Test func whatComesAgainIsWrittenOnce() {
        let name: Document = "model-00017-0a1b2c3d"
        let once = PackedDocument([name]).size
        #expect(PackedDocument([name, name, name, name, name]).size <= once + 8)
    }

    @Test func equalDocumentsPackAlikeAndSmall() {
        let document: Document = ["kind": "Pod", "spec": ["nodeName": "n1", "priority": 7]]
        #expect(PackedDocument(document) == PackedDocument(document))
        #expect(PackedDocument(document) != PackedDocument(["kind": "Pod"]))
        #expect(PackedDocument(document).size < document.canonicalJSON().count)
    }
}
