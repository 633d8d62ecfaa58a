import Logging
import Telemetry
import Testing
import Transport

@testable import Admin

/// What the kubelet and Prometheus ask.
@Suite(.timeLimit(.minutes(1)))
struct AdminServerTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What a server answered.
    private struct Answer {
        let status: Int
        let type: String
        let body: String
    }

    /// Asks a server for some paths.
    private func ask(
        _ paths: [String], isStuck: Bool = false, missing: [String] = [],
        method: HTTPRequest.Method = .get
    ) async throws -> [Answer] {
        let (addresses, opened) = AsyncStream<ListenAddress>.makeStream()
        let server = AdminServer(
            ListenAddress(host: "127.0.0.1", port: 0),
            answers: AdminAnswers(
                missing: { isStuck ? nil : missing },
                metrics: {
                    if isStuck { return nil }
                    var page = Exposition()
                    page.gauge("slipway_leader", "Leads.", 1)
                    return page
                }),
            logger: Self.quiet
        ) { opened.yield($0) }
        let loop = try CurlLoop(name: "test")
        let answers = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var places = addresses.makeAsyncIterator()
            let address = try #require(await places.next())
            var answers: [Answer] = []
            for path in paths {
                let response = try await loop.perform(
                    HTTPRequest(method, "http://\(address)\(path)"))
                answers.append(
                    Answer(
                        status: response.status, type: response.headers["Content-Type"] ?? "",
                        body: String(decoding: response.body, as: UTF8.self)))
            }
            group.cancelAll()
            return answers
        }
        await loop.shutDown()
        return answers
    }

    @Test func aControllerThatWorksIsWellAndReady() async throws {
        let answers = try await ask(["/healthz", "/readyz", "/metrics", "/secrets"])
        #expect(answers.map(\.status) == [200, 200, 200, 404])
        #expect(answers[0].body == "ok\n")
        #expect(answers[2].type == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            answers[2].body
                == "# HELP slipway_leader Leads.\n# TYPE slipway_leader gauge\nslipway_leader 1\n")
    }

    @Test func aControllerThatDoesNotKnowTheClusterIsWellAndNotReady() async throws {
        let answers = try await ask(["/healthz", "/readyz"], missing: ["pods", "nodes"])
        #expect(answers.map(\.status) == [200, 503])
        #expect(answers[1].body == "waiting for the lists of pods, nodes\n")
    }

    @Test func aControllerThatIsStuckIsNotWell() async throws {
        let answers = try await ask(["/healthz", "/readyz", "/metrics"], isStuck: true)
        #expect(answers.map(\.status) == [503, 503, 503])
        #expect(answers.allSatisfy { $0.body == "the controller does not answer\n" })
    }

    @Test func onlyReadsAreAnswered() async throws {
        let answers = try await ask(["/healthz", "/metrics"], method: .post)
        #expect(answers.allSatisfy { $0.status == 404 || $0.status == 405 })
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        let (addresses, opened) = AsyncStream<ListenAddress>.makeStream()
        let answers = AdminAnswers(missing: { [] }, metrics: { Exposition() })
        let first = AdminServer(
            ListenAddress(host: "127.0.0.1", port: 0), answers: answers, logger: Self.quiet
        ) { opened.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await first.run() }
            var places = addresses.makeAsyncIterator()
            let address = try #require(await places.next())
            let second = AdminServer(address, answers: answers, logger: Self.quiet)
            let failure = await #expect(throws: ListenFailure.self) { try await second.run() }
            #expect(failure?.description.hasPrefix("cannot listen on \(address): ") == true)
            group.cancelAll()
        }
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080"), (":9090", "0.0.0.0:9090"),
        ("[::1]:80", "[::1]:80"), ("localhost:0", "localhost:0"),
    ])
    func addressesAreRead(_ text: String, _ meant: String) {
        #expect(ListenAddress(text)?.description == meant)
    }

    @Test(arguments: ["", "8080", "::1:80", "host:", "host:70000", "host:-1", "[host]:80", "a b:1"])
    func whatIsNoAddressIsNotRead(_ text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
