import Documents
import Domain
import Testing

@Suite struct JSONTests {
    static let vectors: [(String, Document)] = [
        ("null", Document.null), ("true", true), (" false\n", false), ("0", 0), ("-0", 0),
        ("9223372036854775807", .integer(Int64.max)), ("-9223372036854775808", .integer(Int64.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.0", 1.0),
        ("-12.5e-2", -0.125), ("1E3", 1000.0), ("\"\"", ""),
        (#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#, "\"\\/\u{8}\u{c}\n\r\tAé😀"),
        ("\"é😀\"", "é😀"), ("[]", []), ("{}", [:]), ("[1,[2 , {}],\t\"x\"]", [1, [2, [:]], "x"]),
        (#"{"b":1,"a":{"d":null,"c":[true]}}"#, ["a": ["c": [true], "d": .null], "b": 1]),
        (#"{"terminationGracePeriodSeconds":1}"#, ["terminationGracePeriodSeconds": 1]),
        (#"{"a":1,"b":2,"a":3}"#, ["a": 3, "b": 2]),
        ("\"nul \\u0000\"", "nul \0"),
    ]

    @Test(arguments: vectors)
    func reads(_ text: String, _ expected: Document) throws {
        #expect(try JSON.parse(text) == expected)
    }

    static let broken: [(String, String)] = [
        ("", "1:1: the text ends where a value should be"),
        ("  ", "1:3: the text ends where a value should be"),
        ("nul", "1:4: the text ends where 'null' should be"),
        ("trie", "1:3: 'i' where 'true' should be"),
        ("[1,]", "1:4: ']' where a value should be"),
        ("[1 2]", "1:4: '2' where ',' or ']' should be"),
        ("{\n \"a\" 1}", "2:6: '1' where ':' should be"),
        ("{\"a\":1,}", "1:8: '}' where a member's name should be"),
        ("{a:1}", "1:2: 'a' where a member's name should be"),
        ("{\"é\":?}", "1:6: '?' where a value should be"),
        ("01", "1:1: a number with a leading zero"),
        ("-", "1:2: the text ends where a digit should be"),
        ("1.", "1:3: the text ends where a digit should be"),
        ("1e+", "1:4: the text ends where a digit should be"),
        ("1e999", "1:1: the number 1e999 is too large"), (".5", "1:1: '.' where a value should be"),
        ("1 1", "1:3: '1' where the end should be"), ("\"a", "1:1: a string that does not end"),
        ("\"a\nb\"", "1:3: a control character in a string"),
        ("\"\\x\"", "1:2: an unknown escape"), ("\"\\u12g4\"", "1:2: \\u needs four hex digits"),
        ("\"\\ud800\"", "1:2: half of a surrogate pair"),
        ("\"\\ud800\\u0041\"", "1:2: half of a surrogate pair"),
        ("\"\\udc00\"", "1:2: half of a surrogate pair"),
        ("\u{feff}1", "1:1: byte 239 where a value should be"),
    ]

    @Test(arguments: broken)
    func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: JSON.ParseError.self) { try JSON.parse(text) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0x5C, 0x6E, 0x80, 0x22], [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D],
        ] as [[UInt8]]
    )
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        let error = #expect(throws: JSON.ParseError.self) { try JSON.parse(bytes) }
        #expect(error?.reason == "invalid UTF-8")
    }

    @Test func namesThePlaceOfARepeatedKey() {
        let bytes = Array("{\"b\":1,\n \"a\":2,\n \"b\":3}".utf8)
        let error = #expect(throws: JSON.ParseError.self) {
            try JSON.parse(bytes, duplicates: .refused)
        }
        #expect(error?.description == "3:2: the key \"b\" stands twice")
        #expect(error?.offset == 17)
    }

    @Test func everyLimitHoldsAndOneMoreIsRefused() throws {
        let limits = JSON.Limits(bytes: 20, depth: 3, values: 6)
        #expect(
            try JSON.parse(Array("[[[1,2,3]]]         ".utf8), limits: limits) == [[[1, 2, 3]]]
        )
        for text in ["[[[1]]]              ", "[[[[]]]]", "[[[1,2,3,4]]]", "{\"a\":[{\"b\":{}}]}"] {
            #expect(throws: JSON.ParseError.self) {
                try JSON.parse(Array(text.utf8), limits: limits)
            }
        }
        let deep = Array(repeating: UInt8(ascii: "["), count: 1_000_000)
        let error = #expect(throws: JSON.ParseError.self) { try JSON.parse(deep) }
        #expect(error?.description == "1:129: nested deeper than 128 levels")
    }

    @Test func passesOverWhatNobodyReads() throws {
        let text = #"""
            {"items":[{"metadata":{"name":"a","managedFields":[{"f:x":{"\"}]":1e5},"t":-1.5}],
            "uid":"u"}},
            {"metadata":{"managedFields":null}},{"metadata":{"managedFields":"a\\"}},
            {"metadata":{"managedFields":12 ,"z":1}}],"managedFields":1}
            """#
        let document = try JSON.parse(Array(text.utf8), skipping: [.managedFields])
        #expect(
            document == [
                "items": [
                    ["metadata": ["name": "a", "uid": "u"]], ["metadata": [:]], ["metadata": [:]],
                    ["metadata": ["z": 1]],
                ],
                "managedFields": 1,
            ]
        )
    }

    @Test(arguments: [
        #"{"metadata":{"managedFields":[}}"#, #"{"metadata":{"managedFields":,"a":1}}"#,
        #"{"metadata":{"managedFields":["a}}"#, #"{"metadata":{"managedFields":"#,
        #"{"metadata":{"managedFields":}}"#,
    ])
    func findsTheEndOfWhatItPassesOverOrRefuses(_ text: String) {
        #expect(throws: JSON.ParseError.self) {
            try JSON.parse(Array(text.utf8), skipping: [.managedFields])
        }
    }

    @Test func writesIndentedWithOrderedKeys() throws {
        let document: Document = ["b": [1, "x\n", []], "a": ["c": .null, "d": [:]]]
        #expect(
            String(decoding: JSON.write(document, pretty: 2), as: UTF8.self) == """
                {
                  "a": {
                    "c": null,
                    "d": {}
                  },
                  "b": [
                    1,
                    "x\\n",
                    []
                  ]
                }

                """
        )
        #expect(JSON.write(document) == document.canonicalJSON())
        #expect(try JSON.parse(JSON.write(document, pretty: 4)) == document)
    }
}

@Suite struct LineSplitterTests {
    @Test(arguments: 1...9)
    func findsTheSameLinesInChunksOfAnySize(_ size: Int) throws {
        let bytes = Array("one\n\nlonger than a chunk\r\nthree\nrest".utf8)
        var splitter = LineSplitter(limit: 20)
        var lines: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            lines += try splitter.feed(bytes[start..<min(start + size, bytes.count)])
        }
        if let last = splitter.finish() { lines.append(last) }
        #expect(
            lines.map { String(decoding: $0, as: UTF8.self) }
                == ["one", "longer than a chunk", "three", "rest"]
        )
        #expect(splitter.finish() == nil)
    }

    @Test func refusesALineOneByteTooLong() throws {
        var splitter = LineSplitter(limit: 4)
        #expect(try splitter.feed(Array("1234\n12".utf8)).count == 1)
        #expect(try splitter.feed(Array("34".utf8)).isEmpty)
        #expect(throws: LineSplitter.LineTooLong.self) { try splitter.feed([0x35]) }
    }
}
