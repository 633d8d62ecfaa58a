import API
import Commits
import ControlPlane
import Domain
import Resources
import Signals
import Transport

extension Parser {
    /// Small texts in annotations, labels and fields.
    static let texts = Parser(
        name: "texts", about: "digests, marks, times, spans, amounts, versions", longest: 300
    ) { input, check in
        let text = String(decoding: input, as: UTF8.self)
        if let digest = Digest(text) {
            check.went("digest")
            check.expect(Digest(digest.description) == digest, "digest: does not read back")
            check.expect(digest.hex.hasPrefix(digest.short), "digest: short is another one")
        }
        if let mark = RefusedMark(text) {
            check.went("mark")
            check.expect(RefusedMark(mark.description) == mark, "mark: does not read back")
        }
        check.time(text)
        if let span = TimeSpan(text) {
            check.went("span")
            check.expect(span >= .zero && span <= .longest, "span: out of bounds")
            check.expect(TimeSpan(span.description) == span, "span: does not read back")
        }
        if let version = ResourceVersion(text) {
            check.went("version")
            check.expect(version.description == text && !(version < version), "version: unordered")
        }
        if let name = NamespacedName(text) {
            check.went("name")
            check.expect(NamespacedName(name.description) == name, "name: does not read back")
        }
        check.amount(text)
        if let id = CommitID(text) {
            check.went("commit")
            check.expect(CommitID(id.hex) == id, "commit: does not read back")
        }
    }

    /// Addresses of repositories, servers and pods.
    static let addresses = Parser(
        name: "addresses", about: "URLs of repositories and servers, addresses of pods",
        longest: 3000
    ) { input, check in
        let text = String(decoding: input, as: UTF8.self)
        for permissions in [
            RemoteAddress.Permissions(), .init(localRepositories: true, plainHTTP: true),
        ] {
            guard let address = try? RemoteAddress(text, permissions: permissions) else { continue }
            check.went("repository \(address.transport)")
            check.expect(
                (try? RemoteAddress(address.text, permissions: permissions)) == address,
                "repository: does not read back")
            guard address.transport == .http else { continue }
            if let url = ParsedURL(address.text) {
                check.went("agreed")
                let isEncrypted = url.scheme == "https"
                check.expect(
                    isEncrypted || permissions.plainHTTP || url.isLoopback,
                    "repository: libcurl goes elsewhere: \(url.host)")
            }
        }
        if let url = ParsedURL(text) {
            check.went("url \(url.scheme) \(url.isLoopback)")
            check.expect((0...65535).contains(url.port), "port: \(url.port)")
            check.expect(!text.utf8.contains { $0 < 32 }, "url: with control characters")
        }
        let printable = HTTPRequest.printable(text)
        check.expect(printable.count <= 300, "printable: too long")
        check.expect(!printable.contains("?") && !printable.contains("#"), "printable: a query")
        if let target = ProbeTarget(address: text, port: 80) {
            check.went("target")
            check.expect(ParsedURL("http://\(target)/")?.port == 80, "target: no URL")
        }
    }

    /// Regular expressions of schemas: the pattern on the first line, a text behind it.
    static let pattern = Parser(name: "pattern", about: "patterns of schemas", longest: 4000) {
        input, check in
        let text = String(decoding: input, as: UTF8.self)
        let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard let pattern = LinearPattern(String(parts[0])) else { return check.went("refused") }
        check.went("\(pattern.matches(parts.count > 1 ? String(parts[1]) : ""))")
    }
}

extension Check {
    fileprivate mutating func time(_ text: String) {
        guard let time = Timestamp(rfc3339: text) else { return }
        went("time")
        let year = time.rfc3339(fractionDigits: 3).prefix { $0 != "-" }
        // An offset may lead out of the years that have four digits.
        guard year.count == 4 else { return }
        for digits in [3, 6] {
            let again = Timestamp(rfc3339: time.rfc3339(fractionDigits: digits))
            expect(again == time, "time: does not read back")
        }
    }

    fileprivate mutating func amount(_ text: String) {
        let ours = Resources.Quantity(text)
        if let ours {
            went("amount")
            expect(!(ours < ours), "amount: unordered")
        }
        guard let theirs = ControlPlane.Quantity(text) else { return }
        went("quantity")
        let again = ControlPlane.Quantity(theirs.canonical)
        expect(
            again.map { !($0 < theirs) && !(theirs < $0) } ?? false,
            "quantity: \(theirs.canonical)")
        if let ours, let same = Resources.Quantity(theirs.canonical) {
            expect(ours == same, "amount: another one than \(theirs.canonical)")
        }
    }
}
