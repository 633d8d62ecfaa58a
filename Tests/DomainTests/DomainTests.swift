import Domain
import Testing

struct SHA256Tests {
    /// FIPS 180-4 example messages.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func vectors(_ message: String, _ hash: String) {
        #expect(SHA256.hex(message.utf8) == hash)
    }

    @Test func aMillionTimesA() {
        #expect(
            SHA256.hex(repeatElement(UInt8(ascii: "a"), count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }
}

struct WeightsTests {
    let a = Digest(of: "a")
    let b = Digest(of: "b")
    let c = Digest(of: "c")

    @Test(arguments: [[99], [101], [50, 49], [-1, 101], [100, 1]])
    func nothingButAHundred(_ weights: [Int]) {
        let shares = zip([a, b, c], weights).map { Weights.Share(digest: $0.0, weight: $0.1) }
        #expect(Weights(shares) == nil)
    }

    @Test func aDigestStandsOnce() {
        #expect(Weights([.init(digest: a, weight: 50), .init(digest: a, weight: 50)]) == nil)
    }

    @Test func theShareOfWhoLeavesGoesToTheOthersInProportion() throws {
        let split = try #require(
            Weights([
                .init(digest: a, weight: 50), .init(digest: b, weight: 30),
                .init(digest: c, weight: 20),
            ])
        )
        let left = try #require(split.removing([a]))
        #expect(left.weight(of: b) == 60)
        #expect(left.weight(of: c) == 40)
        #expect(split.removing([a, b, c]) == nil)
    }

    @Test func whatAHeldVersionDoesNotGetStaysWhereItIs() throws {
        func weights(_ a: Int, _ b: Int, _ c: Int) throws -> Weights {
            try #require(
                Weights([
                    .init(digest: self.a, weight: a),
                    .init(digest: self.b, weight: b),
                    .init(digest: self.c, weight: c),
                ])
            )
        }
        // b had the half beside a, which cannot answer; c is to get its first 10.
        let inForce = try weights(50, 50, 0)
        let wanted = try weights(90, 0, 10)
        let held = wanted.holding([a], at: inForce)
        #expect(held == (try weights(50, 40, 10)))
        #expect(wanted.holding([a], at: held) == held)
        #expect(wanted.holding([], at: inForce) == wanted)
        #expect(try weights(40, 0, 60).holding([a], at: inForce) == (try weights(40, 0, 60)))
    }
}

struct TimeTests {
    @Test(arguments: [
        ("0", 0), ("0s", 0), ("500ms", 500), ("1.5s", 1500), ("1h30m", 5_400_000),
        ("24h", 86_400_000),
    ])
    func spansAreRead(_ text: String, _ milliseconds: Int64) {
        #expect(TimeSpan(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", "5", "m", "-5s", "1d", "5 s", "1..5s", "99999999h", "5sm"])
    func otherSpansAreNot(_ text: String) { #expect(TimeSpan(text) == nil) }

    @Test(arguments: ["1h30m", "5s", "250ms", "0s", "24h", "1m1s1ms"])
    func spansPrintAsTheyAreRead(_ text: String) {
        #expect(TimeSpan(text)?.description == text)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-21T03:50:44.123Z", 1_795_233_044_123),
        ("2024-02-29T12:00:00+01:00", 1_709_204_400_000), ("1969-12-31T23:59:59Z", -1000),
    ])
    func momentsAreRead(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Z1",
    ])
    func otherMomentsAreNot(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test func momentsPrintAsTheyAreRead() {
        for milliseconds in stride(from: Int64(0), to: 2_000_000_000_000, by: 1_234_567_891) {
            let moment = Timestamp(milliseconds: milliseconds)
            #expect(Timestamp(rfc3339: moment.rfc3339(fractionDigits: 3)) == moment)
        }
    }
}

struct DocumentTests {
    @Test func membersAreOrderedWhateverTheOrderTheyCameIn() {
        let one: Document = ["b": 1, "a": 2, "c": [1, 2.5, "x"]]
        let other: Document = ["c": [1, 2.5, "x"], "a": 2, "b": 1]
        #expect(one == other)
        #expect(one.canonicalJSONString() == #"{"a":2,"b":1,"c":[1,2.5,"x"]}"#)
    }

    @Test func textIsEscaped() {
        #expect(
            Document.string("a\"\\\n\u{1}é").canonicalJSONString() == #""a\"\\\n\u0001é""#
        )
    }

    @Test func pathsMakeAndRemove() {
        var document: Document = [:]
        document.set(["a", "b"], to: 1)
        #expect(document == ["a": ["b": 1]])
        document.set(["a", "b"], to: nil)
        #expect(document == ["a": [:]])
        document.set(["x", "y"], to: nil)
        #expect(document == ["a": [:]])
    }

    @Test func versionsOfObjectsCompareAsNumbers() throws {
        let small = try #require(ResourceVersion("99"))
        let large = try #require(ResourceVersion("100"))
        #expect(small < large)
        for bad in ["", "0", "01", "1a", "-1"] { #expect(ResourceVersion(bad) == nil) }
    }
}
