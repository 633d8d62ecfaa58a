import Documents
import Domain
import Testing

@Suite struct YAMLTests {
    static let vectors: [(String, [Document])] = [
        ("", []), ("\u{feff}", []), ("---\n# nothing\n---\n...\n", []), ("a: 1", [["a": 1]]),
        ("a: 1\n---\nb: 2\n", [["a": 1], ["b": 2]]),
        ("%YAML 1.2\n---\na: b c\n...\n---\n- x\n", [["a": "b c"], ["x"]]),
        ("a: [1, {b: c}, 'd']\n", [["a": [1, ["b": "c"], "d"]]]),
        ("a:\n- b: 1\n  c: 2\n- - x\n", [["a": [["b": 1, "c": 2], ["x"]]]]),
        ("a: |\n  one\n  two\n\nb: >-\n  x\n  y\n", [["a": "one\ntwo\n", "b": "x y"]]),
        (
            "on: 1\ntrue: 2\n3: 4\nnull: 5\n\"<<\": 6",
            [["on": 1, "true": 2, "3": 4, "null": 5, "<<": 6]]
        ),
        ("\u{feff}a: é😀\n", [["a": "é😀"]]), ("a: \"\\u00e9\\U0001F600\"", [["a": "é😀"]]),
        ("{\"a\": [true, null, 1.5]}", [["a": [true, .null, 1.5]]]),
        ("text", ["text"]), ("a:\nb: ~\nc: ''", [["a": .null, "b": .null, "c": ""]]),
        ("a: 1\r\nb: 2\r\n", [["a": 1, "b": 2]]),
    ]

    @Test(arguments: vectors)
    func reads(_ text: String, _ expected: [Document]) throws {
        #expect(try YAML.parse(text).map(\.document) == expected)
    }

    static let scalars: [(String, Document)] = [
        ("true", true), ("True", true), ("FALSE", false), ("yes", "yes"), ("no", "no"),
        ("on", "on"), ("Off", "Off"), ("y", "y"), ("null", .null), ("Null", .null), ("~", .null),
        ("0", 0), ("-0", 0), ("+1", 1), ("-12", -12), ("0644", "0644"), ("0o644", "0o644"),
        ("0x1F", 31), ("0xg", "0xg"), ("0b11", "0b11"), ("1_000", "1_000"), ("1:30", "1:30"),
        ("9223372036854775807", .integer(Int64.max)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("-.5e1", -5.0), ("1e3", 1000.0),
        ("12e4567", "12e4567"), (".", "."), ("-", "-x"), ("1.2.3", "1.2.3"), ("5m", "5m"),
        ("2001-01-01", "2001-01-01"), ("'1'", "1"), ("\"true\"", "true"), ("tRue", "tRue"),
        ("sha256:ab", "sha256:ab"), ("s3://a/b", "s3://a/b"),
    ]

    @Test(arguments: scalars)
    func readsScalars(_ text: String, _ expected: Document) throws {
        let text = text == "-" ? "-x" : text
        #expect(try YAML.parse("v: \(text)").map(\.document) == [["v": expected]])
    }

    @Test func notesWhatOthersReadDifferently() throws {
        let text = "a: yes\nb: [0644, 'no', 1.5]\non: Off\nc: 12a\n"
        let document = try #require(try YAML.parse(text).first)
        #expect(document.notes.map(\.position.description) == ["1:4", "2:5", "3:5"])
        #expect(
            document.notes.first?.message
                == "yes is read as text, other YAML readers take it for true; put quotes around it"
        )
    }

    static let broken: [(String, String)] = [
        (
            "a: 1\nb: [\n",
            "3:1: did not find expected node content (while parsing a flow node that begins at 3:1)"
        ),
        (
            "a: 1\n b: 2\n",
            "2:3: mapping values are not allowed in this context; is the line indented right? "
                + "A text with `: ` in it needs quotes"
        ),
        (
            "a:\n\t- b",
            "2:1: found character that cannot start any token; "
                + "it is a tab, YAML is indented with spaces"
        ),
        (
            "é: @x",
            "1:4: found character that cannot start any token; "
                + "a text that begins with it needs quotes"
        ),
        ("a: 1\nb: 2\na: 3", "3:1: the key \"a\" stands twice, first at 1:1"),
        ("é: {b: 1, b: 2}", "1:11: the key \"b\" stands twice, first at 1:5"),
        ("a: &x 1\n", "1:4: the anchor &x: anchors and aliases are not supported"),
        ("a: *x\n", "1:4: the alias *x: aliases are not supported, write the value out"),
        ("a: &x [1]\nb: *x", "1:4: the anchor &x: anchors and aliases are not supported"),
        ("<<: {a: 1}", "1:1: merge keys (<<) are not supported, write the members out"),
        (
            "a: !!str 1",
            "1:4: the tag tag:yaml.org,2002:str: tags are not supported; quotes make a value text"
        ),
        ("a: !secret x", "1:4: the tag !secret: tags are not supported; quotes make a value text"),
        ("%TAG ! x:\n---\na: 1", "1:1: tags are not supported"),
        ("{a: 1}: 2", "1:1: a key must be text, not a list or mapping"),
        ("? [a]\n: 1", "1:3: a key must be text, not a list or mapping"),
        ("? \n: 1", "1:2: a key is missing"),
        ("a: .inf", "1:4: .inf is a number that JSON has no word for"),
        ("a: \u{7}", "1:4: control characters are not allowed"), ("é: \0", "1:4: a NUL byte"),
        (
            "a: 'x",
            "1:6: found unexpected end of stream (while scanning a quoted scalar that "
                + "begins at 1:4)"
        ),
    ]

    @Test(arguments: broken)
    func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: YAML.ParseError.self) { try YAML.parse(text) }
        #expect(error?.description == message)
    }

    @Test func refusesInvalidUTF8AndUTF16() {
        let error = #expect(throws: YAML.ParseError.self) {
            try YAML.parse(Array("a: 1\nb: é".utf8) + [0xC3, 0x28])
        }
        #expect(error?.description == "2:5: invalid UTF-8")
        #expect(throws: YAML.ParseError.self) { try YAML.parse([0xFF, 0xFE, 0x61, 0x00]) }
    }

    static let bounds: [(String, String)] = [
        ("a: [[[1]]]", "a: [[[[1]]]]"), ("[1,2,3,4,5,6,7,8,9]", "[1,2,3,4,5,6,7,8,9,0]"),
        ("a: 12345678", "a: 123456789"), ("1\n---\n2\n---\n3", "1\n---\n2\n---\n3\n---\n"),
        ("a:                           1", "a:                            1"),
    ]

    @Test(arguments: bounds)
    func everyLimitHoldsAndOneMoreIsRefused(_ within: String, _ beyond: String) throws {
        let limits = YAML.Limits(bytes: 30, depth: 4, nodes: 10, scalar: 8, documents: 3)
        #expect(throws: Never.self) { try YAML.parse(Array(within.utf8), limits: limits) }
        #expect(throws: YAML.ParseError.self) { try YAML.parse(Array(beyond.utf8), limits: limits) }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["[", "{a: ", "- ", "? ", "[{", "{[", "---\n", "a: [", "!a ", "&a "]
    )
    func nestingBombsEndQuickly(_ part: String) {
        let text = String(repeating: part, count: 300_000 / part.utf8.count)
        #expect(throws: YAML.ParseError.self) { try YAML.parse(text) }
    }

    /// Above 1,024 characters YAML wants to be told that something is a key.
    @Test(arguments: [1000, 1001, 1024, 1025, 5000])
    func aKeyOfAnyLengthReadsBack(_ length: Int) throws {
        let key = String(repeating: "k", count: length)
        for value in [1, "text", ["a": [1, ["b": 2]]], [1, ["c": []]], [:]] as [Document] {
            let document: Document = .object(
                Fields([
                    .init(
                        key: "a",
                        value: .array([.object(Fields([.init(key: key, value: value)]))])),
                    .init(key: key, value: value), .init(key: "z", value: 1),
                ]))
            #expect(try YAML.parse(YAML.write(document)).map(\.document) == [document])
        }
    }

    @Test func anAliasBombIsRefusedAtItsFirstAnchor() {
        var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (name, before) in zip("bcdefghij", "abcdefghi") {
            text += "\(name): &\(name) [" + String(repeating: "*\(before), ", count: 10) + "]\n"
        }
        let error = #expect(throws: YAML.ParseError.self) { try YAML.parse(text) }
        #expect(error?.position == Position(line: 1, column: 4))
    }
}

@Suite struct LocatedDocumentTests {
    static let file = """
        # head
        ---
        # about a
        kind: A
        spec:
          list:   # é
          - name: é
            weight: 1
          - {name: "ü", weight: 2}
        # after a
        ---
        kind: B # tail
        ---
          text: |
            one

            two


        # after c
        ---
        keep: |+
          x


        --- {flow: 1,
          b: 2}   # end
        ...
        ---
        last:
        """

    @Test func namesThePlacesOfValuesAndKeys() throws {
        let documents = try YAML.parse(Self.file)
        let first = try #require(documents.first)
        func place(_ path: FieldPath, _ ofKey: Bool = false) -> String? {
            first.position(of: path, ofKey: ofKey)?.description
        }
        let list = FieldPath.root["spec"]["list"]
        #expect(place(.root) == "4:1")
        #expect(place(.root["kind"]) == "4:7")
        #expect(place(.root["kind"], true) == "4:1")
        #expect(place(list) == "7:3")
        #expect(place(list, true) == "6:3")
        #expect(place(list[0]) == "7:5")
        #expect(place(list[0]["weight"]) == "8:13")
        #expect(place(list[1]["weight"]) == "9:25")
        #expect(place(list[1]["weight"], true) == "9:17")
        #expect(place(list[2]) == nil)
        #expect(place(list[0], true) == nil)
        #expect(first.nearestPosition(of: list[0]["uri"]).description == "7:5")
        #expect(first.nearestPosition(of: .root["spec"]["x"]["y"]).description == "5:1")
        #expect(first.nearestPosition(of: .root["status"]).description == "4:1")
    }

    @Test(arguments: ["\n", "\r\n"])
    func theByteRangeIsTheContentAndNothingElse(_ lineEnd: String) throws {
        let text = Self.file.split(separator: "\n", omittingEmptySubsequences: false)
            .joined(separator: lineEnd)
        let bytes = Array(text.utf8)
        let parts = try YAML.parse(bytes).map {
            String(decoding: bytes[$0.byteRange], as: UTF8.self)
        }
        let expected = [
            "kind: A\nspec:\n  list:   # é\n  - name: é\n    weight: 1\n  - {name: "
                + "\"ü\", weight: 2}",
            "kind: B # tail", "  text: |\n    one\n\n    two", "keep: |+\n  x\n\n",
            "{flow: 1,\n  b: 2}   # end", "last:",
        ]
        #expect(
            parts.map {
                $0.split(separator: lineEnd, omittingEmptySubsequences: false).joined(
                    separator: "\n"
                )
            } == expected
        )
    }
}

extension LocatedDocumentTests {
    @Test func aFileOfJSONHasPlacesToo() throws {
        let text = "\n {\"é\": [1, {\"b\": \"x\"}],\n  \"a\" : {} , \"c\":-1.5e3}\n"
        let located = try JSON.parseLocated(Array(text.utf8))
        func place(_ path: FieldPath, _ ofKey: Bool = false) -> String? {
            located.position(of: path, ofKey: ofKey)?.description
        }
        #expect(place(.root) == "2:2")
        #expect(place(.root["é"], true) == "2:3")
        #expect(place(.root["é"][0]) == "2:9")
        #expect(place(.root["é"][1]["b"]) == "2:18")
        #expect(place(.root["a"]) == "3:9")
        #expect(place(.root["a"], true) == "3:3")
        #expect(place(.root["c"]) == "3:18")
        #expect(located.byteRange == 2..<text.utf8.count - 1)
        #expect(throws: JSON.ParseError.self) {
            try JSON.parseLocated(Array("{\"a\":1,\"a\":2}".utf8))
        }
    }
}

@Suite struct YAMLWriterTests {
    @Test func writesAsKubectlDoes() {
        let document: Document = [
            "status": [:], "kind": "Service", "apiVersion": "v1", "data": ["b": "1", "a": "yes"],
            "metadata": ["name": "a-b", "labels": ["app.kubernetes.io/name": "x"]],
            "spec": [
                "ports": [["port": 80, "name": "http"], ["port": 443]], "empty": [],
                "nested": [[1, 2], ["x"]], "text": "one\n  two\n", "cut": "a\nb", "none": .null,
                "ratio": 0.5, "time": "5m", "uri": "s3://a/b", "date": "2001-01-01",
                "colon": "a: b", "space": " a", "unit": "500Mi", "version": "7",
            ],
        ]
        #expect(
            YAML.write(document) == """
                apiVersion: v1
                kind: Service
                metadata:
                  labels:
                    app.kubernetes.io/name: x
                  name: a-b
                spec:
                  colon: "a: b"
                  cut: |-
                    a
                    b
                  date: "2001-01-01"
                  empty: []
                  nested:
                  - - 1
                    - 2
                  - - x
                  none: null
                  ports:
                  - name: http
                    port: 80
                  - port: 443
                  ratio: 0.5
                  space: " a"
                  text: |
                    one
                      two
                  time: 5m
                  unit: 500Mi
                  uri: s3://a/b
                  version: "7"
                status: {}
                data:
                  a: "yes"
                  b: "1"

                """
        )
    }
}
