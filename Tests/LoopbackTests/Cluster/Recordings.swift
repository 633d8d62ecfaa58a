import Documents
import Domain
import FoundationEssentials
import Testing

/// Answers of a real API server, as the recorded scenarios hold them.
struct RecordedAnswer: Sendable {
    let status: Int
    let body: String

    init(_ file: String, step id: String, under directory: String = #filePath) throws {
        let tests = URL(filePath: directory).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(
            contentsOf: tests.appending(path: "ControlPlaneTests/Recordings/\(file).json"))
        let steps = try JSON.parse([UInt8](data))["steps"]?.arrayValue ?? []
        let step = try #require(steps.first { $0["id"]?.stringValue == id })
        let expected = try #require(step["expect"])
        status = try #require(expected["status"]?.intValue)
        body = String(decoding: JSON.write(expected["body"] ?? .null), as: UTF8.self)
    }
}
