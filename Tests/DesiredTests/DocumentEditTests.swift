import API
import Desired
import Documents
import Domain
import Testing

@Suite struct DocumentEditTests {
    private let release = NamespacedName(namespace: "risk", name: "fraud")
    private let old = FileReaderTests.release()
    private let new = FileReaderTests.release(version: "8")
    private let other = FileReaderTests.release("other")

    private func restored(_ head: String, _ proven: String, _ path: String = "a.yaml") -> String? {
        DocumentEdit.restore(
            release: release, in: .init(path: path, bytes: Array(head.utf8)),
            from: .init(path: path, bytes: Array(proven.utf8)), namespace: "risk"
        ).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func onlyTheReleaseItselfGoesBack() {
        let head =
            "# head\n---\n# about other\n\(other)# after other\n---\n# about fraud\n"
            + "\(new)# after\n---\n\(other.replacing("other", with: "third"))"
        let expected = head.replacing(new, with: old)
        #expect(restored(head, "# old head\n---\n\(old)# old tail\n") == expected)
        #expect(restored(head, old) == expected)
    }

    @Test func missingLineFeedsAndOtherLineEndsStay() {
        let cut = String(new.dropLast())
        #expect(restored(cut, old) == String(old.dropLast()))
        #expect(restored(other + "---\n" + cut, old) == other + "---\n" + old.dropLast())
        #expect(restored(new, String(old.dropLast())) == old)
        let windows = "# c\r\n" + new.replacing("\n", with: "\r\n")
        #expect(restored(windows, old) == "# c\r\n" + old.dropLast() + "\r\n")
    }

    @Test func documentsBehindTheirMarkAndBlocksAtTheEndWork() throws {
        let flow = String(
            decoding: JSON.write(try #require(YAML.parse(new).first).document), as: UTF8.self)
        #expect(restored("--- \(flow) # c\n---\n\(other)", old) == "--- \n\(old)---\n\(other)")
        let flowOld = String(
            decoding: JSON.write(try #require(YAML.parse(old).first).document), as: UTF8.self)
        #expect(
            restored("# a\n\(new)---\n\(other)", "--- \(flowOld)\n")
                == "# a\n\(flowOld)\n---\n\(other)")
        let block =
            old
            + "# x\n".replacing(
                "# x\n",
                with:
                    "  serving:\n    template:\n      metadata:\n        annotations:\n  "
                    + "        note: |\n            text\n"
            )
        #expect(restored(String(new.dropLast()), block) == block)
        #expect(restored(new + "\n\n# tail\n", block) == block + "\n\n# tail\n")
    }

    @Test func jsonGoesBackAsAWhole() throws {
        let oldJSON = JSON.write(try #require(YAML.parse(old).first).document, pretty: 2)
        let newJSON = JSON.write(try #require(YAML.parse(new).first).document)
        let result = restored(
            "\n" + String(decoding: newJSON, as: UTF8.self),
            String(decoding: oldJSON, as: UTF8.self),
            "a.json")
        #expect(result == "\n" + String(decoding: oldJSON.dropLast(), as: UTF8.self))
    }

    @Test func whatCannotBeSureIsNotDone() {
        #expect(restored("a: [", old) == nil)
        #expect(restored(new, "a: [") == nil)
        #expect(restored(other, old) == nil)
        #expect(restored(new + "---\n" + new, old) == nil)
        #expect(
            restored(new, old.replacing("name: fraud", with: "name: fraud\n  namespace: x")) == nil)
    }

    @Test func knowsWhetherADigestIsStillDeclared() throws {
        let parsed = try #require(FileReaderTests.read(new).releases.first)
        let digest = try #require(parsed.release.spec.declaredShares.first).digest
        func declares(_ text: String) -> Bool {
            DocumentEdit.declares(
                release: release, digest: digest,
                in: .init(path: "models/a.yaml", bytes: Array(text.utf8)), namespace: "risk")
        }
        #expect(declares(new))
        #expect(declares(other + "---\n# moved\n" + new))
        #expect(!declares(old))
        #expect(!declares(other))
        #expect(!declares("a: ["))
    }
}
