import Foundation
import Sandbox

/// `openssl s_server` on 127.0.0.1 with certificates made for the test; ends with its owner.
package final class TLSServer {
    /// OpenSSL is missing or refused to work.
    package struct Unusable: Error {
        package init() {}
    }

    package static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    package let port: Int
    private let folder: URL
    private var server: Command.Serving?

    /// Asks for a client certificate of the same authority if `asksForClient`; shows a certificate
    /// that is no longer valid if `isExpired`; if `claimsHTTP2` agrees to HTTP/2 with whoever
    /// offers it, and cannot speak it.
    package init(
        asksForClient: Bool = false, isExpired: Bool = false, claimsHTTP2: Bool = false
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "slipway-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard let free = FreePort.find() else { throw Unusable() }
        port = free
        try makeCertificates()
        if isExpired { try makeExpired() }
        var arguments = [
            "s_server", "-quiet", "-www", "-accept", "127.0.0.1:\(port)", "-cert",
            path("server.pem"), "-key", path("server.key"),
        ]
        if asksForClient {
            arguments += ["-CAfile", path("ca.pem"), "-Verify", "1", "-verify_return_error"]
        }
        if claimsHTTP2 { arguments += ["-alpn", "h2,http/1.1"] }
        server = Command([Self.openssl ?? ""] + arguments).serve()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Where a file of the server lies: `ca.pem`, `server.key`, `client.pem`, `stranger.pem`.
    package func path(_ file: String) -> String { folder.appending(path: file).path }

    /// What is in a file of the server.
    package func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(file))))
    }

    /// An authority, a certificate for the name `api.test`, one for a client, and a stranger.
    private func makeCertificates() throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for authority in ["ca", "stranger"] {
            try run(
                ["req", "-x509", "-days", "2", "-subj", "/CN=\(authority)"] + key
                    + ["-keyout", path("\(authority).key"), "-out", path("\(authority).pem")])
        }
        for (name, names) in [("server", "DNS:api.test"), ("client", "DNS:client.test")] {
            try run(
                ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)"] + key + [
                    "-addext", "subjectAltName=\(names)",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                    "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                    "-keyout", path("\(name).key"), "-out", path("\(name).pem"),
                ])
        }
    }

    /// A certificate for the same key and names that ended yesterday.
    private func makeExpired() throws {
        try run([
            "req", "-new", "-subj", "/CN=server", "-key", path("server.key"),
            "-addext", "subjectAltName=DNS:api.test", "-out", path("server.csr"),
        ])
        try run([
            "x509", "-req", "-days", "-1", "-copy_extensions", "copy", "-in", path("server.csr"),
            "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
            "-out", path("server.pem"),
        ])
    }

    private func run(_ arguments: [String]) throws {
        let ended = try Command([Self.openssl ?? ""] + arguments).runHere()
        guard ended.code == 0 else { throw Unusable() }
    }
}
