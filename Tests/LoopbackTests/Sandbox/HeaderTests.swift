import Domain
import Sandbox
import Testing
import Transport

/// What of an answer stands in its header fields.
@Suite(.timeLimit(.minutes(3)))
struct SandboxHeaderTests {
    @Test func everyWarningHasAFieldOfItsOwn() async throws {
        let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"a":1,"b":2}"#
        let warnings = try await SandboxServer.withServer { _, port in
            let loop = try CurlLoop(name: "headers")
            let request = HTTPRequest(
                .post, "http://127.0.0.1:\(port)/api/v1/namespaces/default/configmaps",
                headers: ["Content-Type": "application/json"], body: Array(body.utf8))
            do {
                let response = try await loop.perform(request)
                await loop.shutDown()
                #expect(response.status == 201)
                return response.headers.fields.filter { $0.name.lowercased() == "warning" }
            } catch {
                await loop.shutDown()
                throw error
            }
        }
        #expect(
            warnings.map(\.value) == [
                #"299 - "unknown field \"a\"""#, #"299 - "unknown field \"b\"""#,
            ])
    }
}
