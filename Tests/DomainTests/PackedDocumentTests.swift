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

    @Test func equalDocumentsPackAlikeAndSmall() {
        let document: Document = ["kind": "Pod", "spec": ["nodeName": "n1", "priority": 7]]
        #expect(PackedDocument(document) == PackedDocument(document))
        #expect(PackedDocument(document) != PackedDocument(["kind": "Pod"]))
        #expect(PackedDocument(document).size < document.canonicalJSON().count)
    }
}
