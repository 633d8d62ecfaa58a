import Foundation
import TestServers
import Testing
import Transport

/// Whom we believe and who we are, against a real TLS server.
@Suite(.timeLimit(.minutes(1)), .enabled(if: TLSServer.openssl != nil))
struct TLSTests {
    private let loop: CurlLoop

    init() throws {
        loop = try CurlLoop(name: "tls")
    }

    /// The answer's status, or the error's kind, once the server is up.
    private func ask(
        _ server: TLSServer, _ tls: TLSSettings, host: String = "127.0.0.1",
        connection: HTTPRequest.Connection = .reused
    ) async throws -> Result<Int, TransportError> {
        let request = HTTPRequest(
            .get, "https://\(host):\(server.port)/", tls: tls, connection: connection)
        for _ in 0..<200 {
            do throws(TransportError) {
                return .success(try await loop.perform(request).status)
            } catch {
                guard error.kind == .connectionRefused else { return .failure(error) }
            }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw TLSServer.Unusable()
    }

    @Test func onlyAKnownAuthorityIsBelieved() async throws {
        let server = try TLSServer()
        let known = TLSSettings(authorities: .file(server.path("ca.pem")), serverName: "api.test")
        #expect(try await ask(server, known) == .success(200))
        var inMemory = known
        inMemory.authorities = .data(try server.bytes("ca.pem"))
        #expect(try await ask(server, inMemory) == .success(200))

        var stranger = known
        stranger.authorities = .file(server.path("stranger.pem"))
        var system = known
        system.authorities = nil
        var missing = known
        missing.authorities = .file(server.path("missing.pem"))
        var garbage = known
        garbage.authorities = .data(Array("garbage".utf8))
        for settings in [stranger, system, missing, garbage] {
            guard case .failure(let error) = try await ask(server, settings) else {
                Issue.record("believed")
                continue
            }
            #expect(error.kind == .tls)
            #expect(!error.mayHaveBeenSent)
        }
    }

    @Test func theNameMustFit() async throws {
        let server = try TLSServer()
        let authorities = TLSSettings.Material.file(server.path("ca.pem"))
        for name in [nil, "other.test"] {
            let settings = TLSSettings(authorities: authorities, serverName: name)
            guard case .failure(let error) = try await ask(server, settings) else {
                Issue.record("believed")
                continue
            }
            #expect(error.kind == .tls)
            #expect(!error.mayHaveBeenSent)
        }
        // A name that is no name is not put into a connection rule.
        let odd = TLSSettings(authorities: authorities, serverName: "a:1:b")
        guard case .failure(let error) = try await ask(server, odd) else {
            Issue.record("believed")
            return
        }
        #expect(error.kind == .invalidRequest)
    }

    /// An authority that rotates is a file with other bytes: the next connection believes those,
    /// and nobody else any more.
    @Test func aRotatedAuthorityIsBelievedFromTheNextConnectionOn() async throws {
        let old = try TLSServer()
        let new = try TLSServer()
        let file = old.path("rotating.pem")
        func rotate(to server: TLSServer) throws {
            try Data(try server.bytes("ca.pem")).write(to: URL(filePath: file))
        }
        func isBelieved(_ server: TLSServer) async throws -> Bool {
            let settings = TLSSettings(authorities: .file(file), serverName: "api.test")
            switch try await ask(server, settings, connection: .fresh) {
            case .success(let status): return status == 200
            case .failure(let error):
                #expect(error.kind == .tls)
                return false
            }
        }
        try rotate(to: old)
        #expect(try await isBelieved(old))
        #expect(try await !isBelieved(new))
        try rotate(to: new)
        #expect(try await isBelieved(new))
        #expect(try await !isBelieved(old))
        try rotate(to: old)
        #expect(try await isBelieved(old))
    }

    @Test func trustInAnybodyIsExplicit() async throws {
        let server = try TLSServer()
        #expect(try await ask(server, TLSSettings(acceptsAnyServer: true)) == .success(200))
        // The connection that was made without a check is not used with one.
        guard case .failure(let error) = try await ask(server, TLSSettings()) else {
            Issue.record("believed")
            return
        }
        #expect(error.kind == .tls)
    }

    @Test func showsTheClientsCertificate() async throws {
        let server = try TLSServer(asksForClient: true)
        let nobody = TLSSettings(authorities: .file(server.path("ca.pem")), serverName: "api.test")
        var files = nobody
        files.certificate = .file(server.path("client.pem"))
        files.key = .file(server.path("client.key"))
        var data = nobody
        data.certificate = .data(try server.bytes("client.pem"))
        data.key = .data(try server.bytes("client.key"))
        var stranger = nobody
        stranger.certificate = .file(server.path("stranger.pem"))
        stranger.key = .file(server.path("stranger.key"))
        var mixed = files
        mixed.key = .file(server.path("stranger.key"))

        #expect(try await ask(server, files) == .success(200))
        #expect(try await ask(server, data) == .success(200))
        for settings in [nobody, stranger, mixed] {
            guard case .failure = try await ask(server, settings) else {
                Issue.record("let in")
                continue
            }
        }
        #expect(try await ask(server, files) == .success(200))
    }
}
