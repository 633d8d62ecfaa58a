import Documents
import Domain
import Testing

@Suite struct JSONListReaderTests {
    static let list = #"""
        {"kind":"PodList","apiVersion":"v1","extra":{"items":[1,{"a":"]"}]},
         "metadata":{"resourceVersion":"42","continue":"é"}, "items" : [ {"metadata":{"name":"a",
          "managedFields":[{"x":"}"}]}},{"s":"\"}]{ é \\","n":[[{}],1]} ,
         {} ] , "tail":[{"items":[]}]}
        """#

    static let items: [Document] = [
        ["metadata": ["name": "a"]], ["s": "\"}]{ é \\", "n": [[[:]], 1]], [:],
    ]

    @Test(arguments: [1, 2, 3, 7, 16, 64, 1000])
    func handsOutTheSameItemsInChunksOfAnySize(_ size: Int) throws {
        let bytes = Array(Self.list.utf8)
        var reader = JSONListReader()
        var items: [Document] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            items += try reader.feed(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(items == Self.items)
        let rest = try reader.finish()
        #expect(rest["metadata"] == ["resourceVersion": "42", "continue": "é"])
        #expect(rest["items"] == [])
        #expect(rest["extra"] == ["items": [1, ["a": "]"]]])
        #expect(rest["tail"] == [["items": []]])
    }

    @Test(arguments: [
        #"{"kind":"Status","code":410}"#, #"{"items":null}"#, #"{"items":[]}"#, "[]", "1",
    ])
    func whatHasNoItemsIsReadAsItIs(_ text: String) throws {
        var reader = JSONListReader()
        #expect(try reader.feed(Array(text.utf8)).isEmpty)
        #expect(try reader.finish() == JSON.parse(text))
    }

    @Test func aListThatBreaksOffIsNoList() throws {
        let bytes = Array(Self.list.utf8)
        for length in 0..<bytes.count {
            var reader = JSONListReader()
            #expect(throws: JSON.ParseError.self) {
                _ = try reader.feed(Array(bytes[..<length]))
                _ = try reader.finish()
            }
        }
    }

    static let broken: [(String, String, Int)] = [
        (#"{"items":[1]}"#, "byte 49 where item 1 should begin or end", 10),
        (#"{"items":[{},]}"#, "byte 93 where item 2 should begin or end", 13),
        (#"{"items":[{}{}]}"#, "byte 123 where item 2 should begin or end", 12),
        (#"{"items":[,{}]}"#, "byte 44 where item 1 should begin or end", 10),
        (#"{"items":[{}],"items":[{}]}"#, "the list has items twice", 22),
        (#"{"items":[{},{"a":tru}]}"#, "item 2: '}' where 'true' should be", 21),
    ]

    @Test(arguments: broken)
    func namesTheItemThatIsWrong(_ text: String, _ reason: String, _ offset: Int) {
        let bytes = Array(text.utf8)
        for size in [1, 100] {
            let error = #expect(throws: JSON.ParseError.self) {
                var reader = JSONListReader()
                for start in stride(from: 0, to: bytes.count, by: size) {
                    _ = try reader.feed(Array(bytes[start..<min(start + size, bytes.count)]))
                }
            }
            #expect(error?.reason == reason)
            #expect(error?.offset == offset)
        }
    }

    @Test func everyLimitHoldsAndOneMoreIsRefused() throws {
        let limits = JSONListReader.Limits(item: 7, envelope: 26, items: 2)
        var reader = JSONListReader(limits: limits)
        let fits = #"{"items":[{"a":1},{}],"kind":"abcd"}"#
        #expect(try reader.feed(Array(fits.utf8)).count == 2)
        #expect(throws: Never.self) { try reader.finish() }
        for text in [
            #"{"items":[{"a":12}]}"#, #"{"items":[{},{},{}]}"#, #"{"items":[],"kind":"abcde"}"#,
        ] {
            for size in [1, 100] {
                let bytes = Array(text.utf8)
                #expect(throws: JSON.ParseError.self) {
                    var reader = JSONListReader(limits: limits)
                    for start in stride(from: 0, to: bytes.count, by: size) {
                        _ = try reader.feed(Array(bytes[start..<min(start + size, bytes.count)]))
                    }
                }
            }
        }
    }
}
