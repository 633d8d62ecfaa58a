import Documents
import Domain
import Foundation
import Testing

/// The model is held to what a real API server answered: each recording is one conversation.
@Suite struct ConformanceTests {
    /// Recordings that the model does not follow to their end yet. One that is followed
    /// and still stands here is an error, so that the list can only shrink.
    static let notYet: [String] = []

    static let names: [String] = {
        let folder = Bundle.module.url(forResource: "Recordings", withExtension: nil)
        let files = folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) }
        return (files ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
            .sorted()
    }()

    @Test func thereAreRecordings() {
        #expect(Self.names.count > 50)
        #expect(Self.notYet.filter { !Self.names.contains($0) }.isEmpty)
    }

    @Test(arguments: names) func theModelAnswersAsRecorded(name: String) throws {
        let scenario = try Self.document("Recordings/\(name)")
        var definitions: [Document] = []
        for file in scenario["needs"]?["crds"]?.arrayValue ?? [] {
            guard let definition = try Self.definition(file.stringValue ?? "") else { return }
            definitions.append(definition)
        }
        var player = Player(scenario, definitions: definitions)
        do {
            try player.play()
        } catch {
            if !Self.notYet.contains(name) { Issue.record("\(name): \(error)") }
            return
        }
        if Self.notYet.contains(name) {
            Issue.record("\(name) passes: take it off the list of those that do not")
        }
    }

    private static func document(_ name: String) throws -> Document {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json"))
        return try JSON.parse(Array(try Data(contentsOf: url)))
    }

    /// A definition of ours, or one of a third party where its folder lies beside the repository.
    private static func definition(_ file: String) throws -> Document? {
        let own = Bundle.module.url(
            forResource: "Definitions/\(file.dropLast(5))", withExtension: "json")
        if let own { return try JSON.parse(Array(try Data(contentsOf: own))) }
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        let beside = folder.deletingLastPathComponent()
            .appendingPathComponent("shared/conformance/crds/\(file)")
        guard let bytes = try? Data(contentsOf: beside) else { return nil }
        return try JSON.parse(Array(bytes))
    }
}
