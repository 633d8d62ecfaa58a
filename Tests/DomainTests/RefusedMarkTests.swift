import Domain
import Testing

@Suite struct RefusedMarkTests {
    private let hex = String(repeating: "ab", count: 32)

    @Test func aMarkIsReadAsItIsWritten() throws {
        let mark = RefusedMark(digest: try #require(Digest(hex)), intent: 7)
        #expect(mark.description == "sha256:\(hex)@7")
        #expect(RefusedMark(mark.description) == mark)
    }

    @Test(arguments: ["", "@1", "sha256:12@1", "HEX", "HEX@", "HEX@x", "HEX@-1", "HEX@1@2"])
    func anythingElseIsNoMark(text: String) {
        #expect(RefusedMark(text.replacing("HEX", with: hex)) == nil)
    }
}
