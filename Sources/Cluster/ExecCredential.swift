import Documents
import Domain

/// What a credential plugin printed.
struct ExecCredential: Hashable, Sendable {
    let token: String?
    /// PEM, always together with the key.
    let certificate: [UInt8]?
    let key: [UInt8]?
    let expires: Timestamp?

    /// - Throws: what is wrong with it; never with what it holds.
    init(_ output: [UInt8], apiVersion: String) throws(CredentialProblem) {
        let document: Document
        do throws(JSON.ParseError) {
            document = try JSON.parse(output)
        } catch {
            throw CredentialProblem(
                "it did not print an ExecCredential: no JSON at \(error.position)")
        }
        guard document["kind"]?.stringValue == "ExecCredential" else {
            throw CredentialProblem("it printed JSON that is no ExecCredential")
        }
        let version = document["apiVersion"]?.stringValue ?? "none"
        guard version == apiVersion else {
            throw CredentialProblem(
                "it printed apiVersion \(Redaction.bounded(version)), the kubeconfig says "
                    + apiVersion)
        }
        guard let status = document["status"], status.objectValue != nil else {
            throw CredentialProblem("it printed an ExecCredential without a status")
        }
        token = try Self.text(status, "token")
        certificate = try Self.text(status, "clientCertificateData").map { Array($0.utf8) }
        key = try Self.text(status, "clientKeyData").map { Array($0.utf8) }
        guard (certificate == nil) == (key == nil) else {
            throw CredentialProblem(
                "it printed only one of clientCertificateData and clientKeyData")
        }
        guard token != nil || certificate != nil else {
            throw CredentialProblem("it printed neither a token nor a certificate with its key")
        }
        if let token, !TokenSource.isUsable(token) {
            throw CredentialProblem("it printed a token with spaces or control characters")
        }
        let time = try Self.text(status, "expirationTimestamp")
        expires = time.flatMap { Timestamp(rfc3339: $0) }
        guard (time == nil) == (expires == nil) else {
            throw CredentialProblem("it printed an expirationTimestamp that is no RFC 3339 time")
        }
    }

    private static func text(
        _ status: Document, _ field: String
    ) throws(CredentialProblem) -> String? {
        let value = status[field] ?? .null
        if value.isNull { return nil }
        guard let text = value.stringValue else {
            throw CredentialProblem("it printed a status.\(field) that is no string")
        }
        return text.isEmpty ? nil : text
    }
}

extension ExecCredential: CustomStringConvertible, CustomReflectable {
    var description: String { "credentials of a plugin" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why there are no credentials to show; never holds one.
struct CredentialProblem: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What programs print, made fit for logs.
enum Redaction {
    /// At most 100 characters on one line.
    static func bounded(_ text: String, limit: Int = 100) -> String {
        let line = String(text.prefix(limit).map { $0.isASCII && $0 < " " ? " " : $0 })
        return text.count > limit ? line + "…" : line
    }

    /// The end of what was printed on standard error, on one line. Long words without a space, a
    /// slash or a colon, as tokens are, and the secrets given are left out.
    static func complaint(_ bytes: [UInt8], secrets: [String]) -> String {
        var text = String(decoding: bytes.suffix(2000), as: UTF8.self)
        for secret in secrets where secret.utf8.count >= 4 {
            text = text.split(separator: secret, omittingEmptySubsequences: false)
                .joined(separator: "[…]")
        }
        var words: [String] = []
        for word in text.split(whereSeparator: { $0.isWhitespace }) {
            let longest = word.split { "/:,;'\"()".contains($0) }.map(\.utf8.count).max() ?? 0
            words.append(longest >= 32 ? "[…]" : String(word))
        }
        return bounded(words.joined(separator: " "), limit: 500)
    }
}
