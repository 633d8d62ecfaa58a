import Domain
import Testing

@testable import API

@Suite struct ReleaseSourceTests {
    private func errors(_ path: [String], _ value: Document?) -> [String] {
        var document = Samples.source
        document.set(["spec"] + path, to: value)
        return ReleaseSource.decode(document).errors.map(\.description)
    }

    @Test func everyFieldIsRead() throws {
        let source = try #require(ReleaseSource.decode(Samples.source).value)
        #expect(
            source.spec
                == SourceSpec(
                    url: "https://git.example.com/models.git",
                    branch: "production",
                    path: "clusters/eu",
                    interval: .seconds(30),
                    prune: true,
                    writeBack: .init(
                        enabled: false,
                        stateBranch: "slipway/eu",
                        authorName: "Robot",
                        authorEmail: "robot@example.com"
                    ),
                    serviceAccounts: ["loader", "s3.reader"],
                    suspend: true
                )
        )
        #expect(ReleaseSource.decode(source.document).value == source)
    }

    @Test func whatIsNotWrittenHasItsDefault() {
        var document = Samples.source
        document["spec"] = ["url": "https://git.example.com/models.git"]
        #expect(
            ReleaseSource.decode(document).value?.spec
                == SourceSpec(url: "https://git.example.com/models.git")
        )
    }

    @Test(arguments: [
        ("https://git.example.com/x.git", true), ("http://127.0.0.1:8080/x.git", true),
        ("http://localhost/x", true), ("http://[::1]:80/x", true), ("/srv/git/x.git", true),
        ("http://git.example.com/x", false), ("http://127.evil.com/x", false),
        ("http://127.0.evil.com/x", false),
        ("http://127.0.0.1.evil.com/x", false), ("ssh://git@host/x", false),
        ("git@host:x.git", false), ("file:///srv/x", false), ("https://", false),
        ("https://user:pass@host/x", false), ("http://localhost@evil.com/x", false),
        ("srv/git", false), ("/srv/../etc", false), ("https://a b", false), ("", false),
    ])
    func urlsAreRestricted(url: String, right: Bool) {
        let found = errors(["url"], .string(url))
        #expect(found.isEmpty == right, "\(url): \(found)")
    }

    @Test func credentialsNeverComeBackInTheError() {
        for url in ["https://user:hunter2@host/x", "ssh://hunter2@host", "https://hunter2@h /"] {
            let found = errors(["url"], .string(url))
            #expect(found.count == 1)
            #expect(!found.joined().contains("hunter2"))
        }
        #expect(errors(["url"], "https://u:p@host/x").first?.contains("secretRef") == true)
    }

    @Test(arguments: [
        ("branch", "a..b", false), ("branch", "-x", false), ("branch", "refs/heads/x", false),
        ("branch", "x.lock", false), ("branch", "feature/x", true), ("path", "", true),
        ("path", "/abs", false), ("path", "a/../b", false), ("path", "a//b", false),
        ("path", ".git/hooks", false), ("interval", "500ms", false), ("interval", "25h", false),
    ])
    func fieldsAreChecked(field: String, text: String, right: Bool) {
        let found = errors([field], .string(text))
        #expect(found.isEmpty == right, "\(field) \(text): \(found)")
    }

    @Test func serviceAccountsAreABoundedListOfNames() {
        func problems(_ names: [Document]) -> [String] {
            errors(["serviceAccounts"], .array(names))
        }
        #expect(problems(["a", "b.c", "d-e"]) == [])
        #expect(problems([1]).first?.hasPrefix("spec.serviceAccounts[0]: must be the name") == true)
        #expect(problems(["Loader"]).first?.hasPrefix("spec.serviceAccounts[0]: `Loader`") == true)
        #expect(problems(["a", "a"]) == ["spec.serviceAccounts[1]: `a` stands twice"])
        let many = (0...64).map { Document.string("a\($0)") }
        #expect(
            problems(many) == ["spec.serviceAccounts: has 65 entries, at most 64 are allowed"])
    }

    @Test(arguments: ["secretRef", "verify", "webhook"])
    func fieldsThatAreNotBuiltAreRefusedByName(field: String) {
        #expect(
            errors([field], ["name": "x"]) == [
                "spec.\(field): `\(field)` is not supported by this version of Slipway"
            ]
        )
    }

    @Test func theRecordHasABranchOfItsOwn() {
        #expect(errors(["writeBack", "stateBranch"], "production").count == 1)
        #expect(errors(["writeBack", "authorName"], "a <b>").count == 1)
        #expect(errors(["url"], nil) == ["spec.url: is required: https://…"])
    }
}
