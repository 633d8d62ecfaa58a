import Documents
import Domain
import Foundation
import TestServers

/// The chart as a real Helm renders it.
enum Chart {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// `SLIPWAY_UPDATE=1` writes anew what is held to the chart and to the rights.
    static let updates = ProcessInfo.processInfo.environment["SLIPWAY_UPDATE"] == "1"

    /// What Helm made of some values.
    struct Rendering: Sendable {
        /// The objects in the order in which they can be applied.
        let objects: [Document]
        /// What is said after the installation.
        let notes: String
        /// What `helm lint --strict` finds: warnings and errors.
        let complaints: [String]

        func object(_ kind: String, _ name: String) -> Document? {
            objects.first { $0["kind"] == .string(kind) && $0.objectName == name }
        }

        func kinds() -> [String] { objects.compactMap { $0["kind"]?.stringValue } }
    }

    /// What Helm refused, or what kept it from working.
    struct Refusal: Error, CustomStringConvertible { let description: String }

    /// Renders the chart as release `slipway` in `slipway-system`.
    static func render(_ values: Document) async throws -> Rendering {
        let answer = try await run(["chart": .string(path), "cases": [values]])
        let result = answer["cases"]?[0] ?? .null
        if let error = result["error"]?.stringValue { throw Refusal(description: error) }
        var objects: [Document] = []
        var notes = ""
        for file in result["files"]?.objectValue?.members ?? [] {
            let text = file.value.stringValue ?? ""
            if file.key.hasSuffix("NOTES.txt") {
                notes = text
            } else {
                objects += try YAML.parse(text).map(\.document).filter { $0 != .null }
            }
        }
        let messages = result.at("lint", "messages")?.arrayValue ?? []
        return Rendering(
            objects: objects.sorted { order($0) < order($1) }, notes: notes,
            complaints: messages.filter { ($0["severity"]?.intValue ?? 0) > 1 }.map {
                $0["error"]?.stringValue ?? "?"
            } + (result.at("lint", "errors")?.arrayValue ?? []).compactMap(\.stringValue))
    }

    /// The definitions that come with the chart.
    static func definitions() async throws -> [String] {
        try await run(["chart": .string(path), "cases": []])["definitions"]?.arrayValue?
            .compactMap(\.stringValue).sorted() ?? []
    }

    private static var path: String { root.appendingPathComponent("Charts/slipway").path }

    /// What others are in or refer to comes first.
    private static func order(_ object: Document) -> String {
        let kinds = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role"]
        let kind = object["kind"]?.stringValue ?? ""
        let place = kinds.firstIndex(of: kind) ?? (kind == "Deployment" ? 9 : 8)
        return "\(place) \(kind) \(object.objectName)"
    }

    private static func run(_ input: Document) async throws -> Document {
        let python = root.appendingPathComponent(".python/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw Refusal(description: "no Helm: run Scripts/python-environment --helm")
        }
        let script = root.appendingPathComponent("Tests/InstallTests/render.py").path
        let text = try await output(python.path, ["-B", script], input: JSON.write(input))
        return try JSON.parse(Array(text.utf8))
    }

    /// What a program prints.
    static func output(
        _ program: String, _ arguments: [String], input: [UInt8] = []
    ) async throws -> String {
        let ended = try await Command(
            [program] + arguments, environment: ProcessInfo.processInfo.environment, input: input
        ).run()
        guard ended.code == 0 else {
            throw Refusal(description: "\(program) failed: \(ended.errorText.suffix(2000))")
        }
        return ended.text
    }
}

extension Document {
    var objectName: String { at("metadata", "name")?.stringValue ?? "" }

    /// Without what tells who installed an object.
    var plain: Document {
        var object = self
        for label in ["app.kubernetes.io/managed-by", "helm.sh/chart"] {
            object.set(["metadata", "labels", label], to: nil)
        }
        return object
    }
}
