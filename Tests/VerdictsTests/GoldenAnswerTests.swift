import Domain
import Testing
import Verdicts

struct GoldenAnswerTests {
    @Test func whatIsNotNamedDoesNotMatter() {
        #expect(
            GoldenAnswer.difference(
                expect: ["y": 1],
                actual: ["y": 1, "id": "x"],
                tolerance: 0
            ) == nil
        )
    }

    @Test func numbersMayDifferByTheTolerance() {
        let expect: Document = ["outputs": [["data": [0.5, 2]]]]
        let actual: Document = ["outputs": [["data": [0.51, 2.0]]]]
        #expect(GoldenAnswer.difference(expect: expect, actual: actual, tolerance: 0.02) == nil)
        #expect(
            GoldenAnswer.difference(expect: expect, actual: actual, tolerance: 0.001)
                == "outputs[0].data[0]: expected 0.5, got 0.51 (tolerance 0.001)"
        )
    }

    @Test(arguments: [Document.double(.nan), .double(.infinity), .string("0.5"), .null])
    func whatIsNoNumberNeverEqualsOne(_ actual: Document) {
        #expect(GoldenAnswer.difference(expect: 0.5, actual: actual, tolerance: 1) != nil)
    }

    @Test func missingMembersAndOtherLengthsAreDifferences() {
        #expect(
            GoldenAnswer.difference(expect: ["a": 1], actual: [:], tolerance: 0)
                == "a: missing in the answer"
        )
        #expect(
            GoldenAnswer.difference(expect: ["a": [1, 2]], actual: ["a": [1]], tolerance: 0)
                == "a: expected 2 elements, got 1"
        )
    }
}
