import API
import Desired
import Documents
import Domain
import Testing

@Suite struct DesiredStateTests {
    static func file(_ path: String, _ texts: String...) -> ParsedFile {
        FileReaderTests.read(texts.joined(separator: "---\n"), "models/\(path)")
    }

    static func id(_ name: String) -> NamespacedName { .init(namespace: "risk", name: name) }

    private let a = FileReaderTests.release("a")
    private let b = FileReaderTests.release("b")

    @Test func saysWhatACommitChanges() {
        var state = DesiredState()
        var changes = state.apply(changed: [Self.file("b.yaml", b), Self.file("a.yaml", a)])
        #expect(changes.appeared == [Self.id("a"), Self.id("b")])
        #expect(state.releases.map(\.id.name) == ["a", "b"])
        #expect(state.count == 2)

        let a8 = FileReaderTests.release("a", version: "8")
        changes = state.apply(changed: [Self.file("a.yaml", a8)], removed: ["models/b.yaml"])
        #expect(changes.changed == [Self.id("a")])
        #expect(changes.disappeared == [Self.id("b")])
        #expect(state[Self.id("a")]?.release.spec.versions.first?.name == "8")
        #expect(state[Self.id("b")] == nil)
        #expect(state.count == 1)
    }

    @Test func commentsAndNeighboursChangeNothing() {
        var state = DesiredState()
        _ = state.apply(changed: [Self.file("a.yaml", a, b)])
        let changes = state.apply(changed: [Self.file("a.yaml", "# new\n" + a, "# c\n" + b)])
        #expect(changes.isEmpty)
        #expect(state[Self.id("a")]?.position.line == 2)
    }

    @Test func aReleaseThatMovesToAnotherFileNeverDisappears() {
        var state = DesiredState()
        _ = state.apply(changed: [Self.file("a.yaml", a)])
        let changes = state.apply(changed: [Self.file("z.yaml", a)], removed: ["models/a.yaml"])
        #expect(changes == .init(changed: [Self.id("a")]))
        #expect(state[Self.id("a")]?.file == "models/z.yaml")
    }

    @Test func aFileThatCannotBeReadLosesNothing() {
        var state = DesiredState()
        _ = state.apply(changed: [Self.file("a.yaml", a, b)])
        var changes = state.apply(changed: [Self.file("a.yaml", "a: [")])
        #expect(changes.isEmpty)
        #expect(state.count == 2)
        #expect(state.unreadableFiles == ["models/a.yaml"])
        #expect(state.problems.count == 1)

        let b8 = FileReaderTests.release("b", version: "8")
        let broken = a.replacing("mlserver", with: "magic")
        changes = state.apply(changed: [Self.file("a.yaml", broken, b8)])
        #expect(changes == .init(changed: [Self.id("b")]))
        #expect(state[Self.id("a")]?.release.spec.runtime == .mlserver)

        changes = state.apply(changed: [Self.file("a.yaml", b8)])
        #expect(changes == .init(disappeared: [Self.id("a")]))
        #expect(state.unreadableFiles.isEmpty)
        changes = state.apply(changed: [Self.file("a.yaml", "a: [")])
        changes = state.apply(changed: [], removed: ["models/a.yaml"])
        #expect(changes == .init(disappeared: [Self.id("b")]))
        #expect(state.problems.isEmpty)
    }

    @Test func ofTwoDeclarationsNeitherIsTakenOver() {
        var state = DesiredState()
        let a8 = FileReaderTests.release("a", version: "8")
        var changes = state.apply(changed: [Self.file("b.yaml", b, a8), Self.file("a.yaml", a)])
        #expect(changes.appeared == [Self.id("b")])
        let message =
            "risk/a is declared in models/a.yaml:1 and models/b.yaml:15; remove one; "
            + "until then nothing of it changes"
        #expect(
            state.problems.map(\.description) == [
                "models/a.yaml:1:1: \(message)", "models/b.yaml:15:1: \(message)",
            ])
        changes = state.apply(changed: [Self.file("b.yaml", b)])
        #expect(changes == .init(appeared: [Self.id("a")]))
        #expect(state.problems.isEmpty)

        changes = state.apply(changed: [Self.file("b.yaml", b, a8)])
        #expect(changes.isEmpty)
        #expect(state[Self.id("a")]?.release.spec.versions.first?.name == "7")
        #expect(state.problems.count == 2)
        changes = state.apply(changed: [], removed: ["models/a.yaml"])
        #expect(changes == .init(changed: [Self.id("a")]))
        #expect(state[Self.id("a")]?.release.spec.versions.first?.name == "8")

        changes = state.apply(changed: [Self.file("c.yaml", b, b)])
        #expect(changes.isEmpty)
        #expect(state.problems.count == 3)
    }

    @Test func aGoldenFileMakesItsReadersReadAgain() {
        var state = DesiredState()
        let text = FileReaderTests.release("a", spec: GoldenFileTests.probe)
        let read = Self.file("a.yaml", text)
        #expect(read.hasErrors)
        _ = state.apply(changed: [read, Self.file("b.yaml", b)])
        let golden = "models/tests/golden.jsonl"
        #expect(state.files(dependingOn: [golden, "models/b.yaml"]) == ["models/a.yaml"])
        let fixed = FileReaderTests.read(
            text, "models/a.yaml", golden: [golden: GoldenFileTests.line])
        #expect(state.apply(changed: [fixed]).appeared == [Self.id("a")])
        #expect(state.files(dependingOn: [golden, "models/a.yaml"]).isEmpty)
        _ = state.apply(changed: [Self.file("a.yaml", a)])
        #expect(state.files(dependingOn: [golden]).isEmpty)
    }

    @Test func aWholeCommitReplacesAllAndStillLosesNothing() {
        var state = DesiredState()
        _ = state.replaceAll(with: [Self.file("a.yaml", a), Self.file("b.yaml", b)])
        let c = FileReaderTests.release("c")
        var changes = state.replaceAll(with: [Self.file("a.yaml", "a: ["), Self.file("c.yaml", c)])
        #expect(changes == .init(appeared: [Self.id("c")], disappeared: [Self.id("b")]))
        #expect(state[Self.id("a")] != nil)
        #expect(state.errors.count == 1)
        changes = state.replaceAll(with: [])
        #expect(changes == .init(disappeared: [Self.id("a"), Self.id("c")]))
        #expect(state.errors.isEmpty && state.count == 0)
    }

    /// Whatever the order of small commits, the table is that of reading the last one at once.
    @Test func theWayToACommitDoesNotMatter() {
        let texts = [a, b, FileReaderTests.release("a", version: "8"), "x: 1\n", a + "---\n" + b]
        for first in texts {
            for second in texts {
                for third in texts where !first.contains(third) && !third.contains(second) {
                    var whole = DesiredState()
                    _ = whole.apply(changed: [
                        Self.file("1.yaml", third), Self.file("2.yaml", second),
                    ])
                    var steps = DesiredState()
                    _ = steps.apply(changed: [Self.file("1.yaml", first)])
                    _ = steps.apply(
                        changed: [Self.file("2.yaml", second)], removed: ["models/1.yaml"])
                    _ = steps.apply(changed: [Self.file("1.yaml", third)])
                    #expect(steps.problems == whole.problems)
                    guard whole.problems.allSatisfy({ $0.severity == .warning }) else { continue }
                    #expect(steps.releases == whole.releases)
                    #expect(steps.count == whole.releases.count)
                }
            }
        }
    }
}
