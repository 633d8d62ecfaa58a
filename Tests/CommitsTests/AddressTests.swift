import Testing

@testable import Commits

@Suite struct AddressTests {
    @Test(arguments: [
        ("https://example.org/team/models.git", "https://example.org/team/models.git"),
        ("https://example.org:8443/models/", "https://example.org:8443/models"),
        ("HTTPS://example.org/x", "HTTPS://example.org/x"),
        ("https://[2001:db8::1]:443/x", "https://[2001:db8::1]:443/x"),
        ("http://127.0.0.1:8080/x.git", "http://127.0.0.1:8080/x.git"),
        ("http://localhost/x", "http://localhost/x"), ("http://[::1]:80/x", "http://[::1]:80/x"),
    ])
    func theseAreTaken(_ text: String, _ read: String) throws {
        let address = try RemoteAddress(text, permissions: .init())
        #expect(address.text == read)
        #expect(address.transport == .http)
    }

    @Test(arguments: [
        "", "models.git", "ssh://git@example.org/x", "git@example.org:x.git", "git://example.org/x",
        "file:///srv/x.git", "ext::sh -c x", "http://example.org/x",
        "http://127.0.0.1.example.org/x",
        "http://127.0.0/x", "http://+127.0.0.1/x", "https://", "https:///x", "https://example.org",
        "https://example.org/", "https://example.org//", "https://:443/x",
        "https://example.org:/x", "https://example.org:0/x", "https://example.org:+80/x",
        "https://example.org:65536/x", "https://[::1]80/x", "https://user@example.org/x",
        "https://example.org/x?token=1", "https://example.org/x#y", "https://example.org/a b",
        "https://example.org/\n", "https://example.org\\@evil.org/x", "https://exämple.org/x",
        "/srv/git/x.git",
    ])
    func theseAreRefused(_ text: String) {
        let found = #expect(throws: GitError.self) {
            try RemoteAddress(text, permissions: .init())
        }
        #expect(found?.kind == .invalidURL)
        #expect(found?.next == .never)
    }

    @Test func passwordsAreRefusedAndNotRepeated() {
        let found = #expect(throws: GitError.self) {
            try RemoteAddress("https://u:canary-7c1e@example.org/x", permissions: .init())
        }
        #expect(found.map { "\($0)".contains("canary") } == false)
    }

    @Test func operatorsMayAllowMore() throws {
        let all = RemoteAddress.Permissions(localRepositories: true, plainHTTP: true)
        #expect(try RemoteAddress("/srv/git/x.git/", permissions: all).text == "/srv/git/x.git")
        #expect(try RemoteAddress("/srv/git/x.git", permissions: all).transport == .local)
        #expect(try RemoteAddress("http://example.org/x", permissions: all).transport == .http)
        #expect(throws: GitError.self) { try RemoteAddress("/srv/../x.git", permissions: all) }
        #expect(throws: GitError.self) { try RemoteAddress("srv/x.git", permissions: all) }
        #expect(throws: GitError.self) { try RemoteAddress("file:///x.git", permissions: all) }
    }
}

@Suite struct PathTests {
    @Test(arguments: [
        ".git", ".GIT", ".Git ", ".git.", ".git...", ".git::$INDEX_ALLOCATION", "git~1", "GIT~1",
        ".g\u{200c}it", "\u{feff}.git", ".", "..", "", "a\\b", "a/b", "a\u{0}", "a\n", "\u{7f}",
        String(repeating: "x", count: 256),
    ])
    func theseNamesAreRefused(_ name: String) {
        #expect(!TreePath.isAllowed(component: name.utf8))
    }

    @Test(arguments: [
        "a", ".gitignore", ".github", ".gitmodules", "git", "...", "modèle.yaml", "a b", "git~2",
        String(repeating: "x", count: 255),
    ])
    func theseNamesAreTaken(_ name: String) {
        #expect(TreePath.isAllowed(component: name.utf8))
    }
}

@Suite struct ObjectIDTests {
    @Test func namesAreFortyHexCharacters() throws {
        let hex = "0123456789abcdef0123456789abcdef01234567"
        let id = try #require(CommitID(hex))
        #expect(CommitID(id.name) == id)
        #expect(id.short == "0123456")
        #expect(CommitID(hex.uppercased()) == nil)
        #expect(CommitID(String(hex.dropLast())) == nil)
        #expect(CommitID(hex + "0") == nil)
        #expect(BlobID("g" + hex.dropFirst()) == nil)
    }
}
