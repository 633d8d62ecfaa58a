import Testing

@testable import API

@Suite struct SpellingTests {
    @Test(
        arguments: [
            ("wieght", "weight"), ("parentrefs", "parentRefs"), ("hostname", "hostnames"),
            ("serving:", "serving"), ("colour", nil), ("x", nil), ("", nil),
        ] as [(String, String?)]
    )
    func nearWordsAreSuggested(written: String, meant: String?) {
        let known = ["weight", "parentRefs", "hostnames", "serving", "uri"]
        let expected = meant.map { ", did you mean `\($0)`?" } ?? ""
        #expect(Spelling.suggestion(written, among: known) == expected)
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3)])
    func distancesCountEdits(left: String, right: String, distance: Int) {
        #expect(Spelling.distance(Array(left.utf8), Array(right.utf8)) == distance)
    }
}
