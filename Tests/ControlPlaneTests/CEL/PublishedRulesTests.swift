import Documents
import Domain
import Foundation
import Testing

@testable import ControlPlane

/// The definitions of other projects, whose rules must compile. They are no part of this
/// repository: the tests run where their folder lies beside it.
@Suite struct PublishedRulesTests {
    private static let folder: URL = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder.deletingLastPathComponent().appendingPathComponent("shared")
    }()

    static let files: [String] = ["schemas", "conformance/crds"].flatMap { name in
        let path = folder.appendingPathComponent(name).path
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.sorted().map { "\(name)/\($0)" }
    }

    private static func definition(_ file: String) throws -> Document {
        let url = folder.appendingPathComponent(file)
        return try JSON.parse(Array(try Data(contentsOf: url)))
    }

    @Test(
        .enabled(if: !files.isEmpty, "the folder shared beside the repository is missing"),
        arguments: files)
    func everyRuleCompiles(file: String) throws {
        let definition = try Self.definition(file)
        #expect(DefinitionRules.problems(of: definition).map(\.text) == [])
    }

    /// A route that breaks five rules of the published definition.
    @Test(.enabled(if: !files.isEmpty, "the folder shared beside the repository is missing"))
    func theRulesOfRoutesAreEnforced() throws {
        var server = try Server(definitions: [
            Self.definition("schemas/httproutes.gateway.networking.k8s.io.json")
        ])
        let route =
            #"{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","#
            + #""metadata":{"name":"r"},"spec":{"parentRefs":[{"name":"a"},{"name":"a"}],"#
            + #""rules":[{"matches":[{"path":{"type":"PathPrefix","value":"a//b"}}],"#
            + #""backendRefs":[{"name":"x"}],"#
            + #""timeouts":{"request":"1s","backendRequest":"2s"}}]}}"#
        let path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes"
        let answer = try server.send("POST", path, route)
        #expect(answer.status == 422)
        #expect(
            answer.fields == [
                "spec.parentRefs", "spec.rules[0].backendRefs[0]",
                "spec.rules[0].matches[0].path", "spec.rules[0].matches[0].path",
                "spec.rules[0].timeouts",
            ])
        let right = route.replacing(#",{"name":"a"}]"#, with: "]")
            .replacing("a//b", with: "/a/b").replacing(#""x"}"#, with: #""x","port":80}"#)
            .replacing("2s", with: "1s")
        #expect(try server.send("POST", path, right).status == 201)
    }
}
