import Documents
import Domain
import Foundation
import Testing

@testable import API

/// The JSON Schemas that editors check files with, held against the decoder that reads the files.
@Suite struct FileSchemaTests {
    /// A kind: its schema, an example with every field that a file has, and what the decoder says.
    struct Kind: CustomTestStringConvertible {
        let testDescription: String
        let checker: JSONSchemaChecker
        let example: Document
        let decode: @Sendable (Document) -> [FieldError]
    }

    static let kinds = [
        Kind(
            testDescription: "ModelRelease", checker: checker("modelrelease.json"),
            example: release, decode: { ModelRelease.decode($0).errors }),
        Kind(
            testDescription: "ReleaseSource", checker: checker("releasesource.json"),
            example: Samples.source, decode: { ReleaseSource.decode($0).errors }),
    ]

    private static func checker(_ file: String) -> JSONSchemaChecker {
        let found = APIDefinitions.files.first { $0.file == file }
        return JSONSchemaChecker(schema: found?.schema ?? ["missing": true])
    }

    /// Two probes: a file names its cases or a golden file, never both.
    private static var release: Document {
        var release = Samples.release
        let probe = release.at("spec", "health", "probes")?[0] ?? .null
        var (named, written) = (probe, probe)
        named["cases"] = nil
        written["golden"] = nil
        release.set(["spec", "health", "probes"], to: [named, written])
        return release
    }

    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// `SLIPWAY_UPDATE=1` writes the files anew.
    @Test func theFilesHoldWhatTheTypesSay() throws {
        let folder = Self.root.appendingPathComponent("Manifests/schemas")
        for (file, schema) in APIDefinitions.files {
            let bytes = Data(JSON.write(schema, pretty: 2))
            let url = folder.appendingPathComponent(file)
            if ProcessInfo.processInfo.environment["SLIPWAY_UPDATE"] == "1" {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true)
                try bytes.write(to: url)
            }
            #expect(
                try Data(contentsOf: url) == bytes,
                "\(file) is out of date: run the tests with SLIPWAY_UPDATE=1")
        }
    }

    @Test(arguments: [
        ("modelrelease.json", "models/fraud-scorer.yaml"), ("releasesource.json", "source.yaml"),
    ])
    func theExamplesFit(schema: String, example: String) throws {
        let url = Self.root.appendingPathComponent("Manifests/examples/\(example)")
        let documents = try YAML.parse([UInt8](Data(contentsOf: url)))
        #expect(documents.count == 1)
        for document in documents {
            #expect(Self.checker(schema).errors(document.document) == [])
        }
    }

    @Test(arguments: kinds)
    func anExampleOfEveryFieldFits(kind: Kind) {
        #expect(kind.decode(kind.example) == [])
        #expect(kind.checker.errors(kind.example) == [])
        let written = "\(kind.checker.schema)"
        #expect(!written.contains("x-kubernetes"))
        #expect(kind.checker.schema.at("properties", "status") == nil)
    }

    /// In every object, but for `metadata`, of which a schema cannot know all.
    @Test(arguments: kinds)
    func aFieldThatNobodyKnowsIsRefusedByBoth(kind: Kind) {
        var tried = 0
        for path in places(kind.example) {
            var object = kind.example
            guard object.value(at: path)?.objectValue != nil else { continue }
            object.replace(at: (path + [.key("zzz")])[...], with: "1")
            let isFree = path.contains { part in
                ["metadata", "template", "request", "expect"].contains { part == .key($0) }
            }
            #expect(kind.checker.errors(object).isEmpty == isFree, "\(FieldPath(path))")
            if !isFree {
                tried += 1
                #expect(!kind.decode(object).isEmpty, "\(FieldPath(path))")
            }
        }
        #expect(tried > (kind.testDescription == "ModelRelease" ? 15 : 2))
    }

    /// A schema that refuses what the controller takes would be worse than none.
    @Test(arguments: kinds)
    func whatTheSchemaRefusesTheDecoderRefuses(kind: Kind) {
        var refused = 0
        for path in places(kind.example) where !path.isEmpty {
            let values: [Document] = [
                "", "zzz", "\u{1}", 1, -1, 100_000, 1.5, true, [], [:], ["zzz": 1],
            ]
            var changed = values.map { value in
                var object = kind.example
                object.replace(at: path[...], with: value)
                return object
            }
            if let object = kind.example.without(path[...]) { changed.append(object) }
            for object in changed {
                let errors = kind.checker.errors(object)
                guard !errors.isEmpty else { continue }
                refused += 1
                #expect(!kind.decode(object).isEmpty, "\(FieldPath(path)): \(errors)")
            }
        }
        #expect(refused > (kind.testDescription == "ModelRelease" ? 300 : 70))
    }

    /// Rules between fields, as far as a schema can say them.
    @Test(
        arguments: [
            (
                ["versions"], [["name": "1", "uri": "s3://m/1", "image": "m:1"]],
                ".spec.versions[]: oneOf"
            ),
            (["versions"], [["name": "1"]], ".spec.versions[]: oneOf"),
            (["versions"], [["name": 1, "uri": "s3://m/1"]], ".spec.versions[].name: type"),
            (
                ["strategy", "canary", "steps"], [["weight": 5, "pause": ["for": "5m"]]],
                ".spec.strategy.canary.steps[]: oneOf"
            ),
            (
                ["strategy", "canary", "steps"], [["for": "5m", "pause": ["for": "5m"]]],
                ".spec.strategy.canary.steps[]: dependencies"
            ),
            (
                ["strategy", "canary", "steps"], [["pause": [:]]],
                ".spec.strategy.canary.steps[].pause: oneOf"
            ),
            (["health", "probes"], [["every": "5s"]], ".spec.health.probes[]: oneOf"),
            (["runtime"], "custom", ".spec: required"),
            (["runtime"], "triton", ".spec.runtime: enum"),
            (["gates"], [], ".spec.gates: unknown"),
        ] as [([String], Document, String)])
    func rulesBetweenFieldsAreKnown(path: [String], value: Document, error: String) {
        let object = Samples.minimal(path, value)
        #expect(Self.kinds[0].checker.errors(object) == [error])
        #expect(!ModelRelease.decode(object).errors.isEmpty)
    }

    /// Every place of a document, its root first; below free-form values there is none.
    private func places(_ document: Document) -> [[FieldPath.Part]] {
        var found: [[FieldPath.Part]] = []
        func walk(_ value: Document, _ path: [FieldPath.Part]) {
            found.append(path)
            if ["template", "request", "expect"].contains(where: { path.last == .key($0) }) {
                return
            }
            for member in value.objectValue?.members ?? [] {
                walk(member.value, path + [.key(member.key)])
            }
            for (index, element) in (value.arrayValue ?? []).enumerated() {
                walk(element, path + [.index(index)])
            }
        }
        walk(document, [])
        return found
    }
}

extension Document {
    fileprivate func value(at path: [FieldPath.Part]) -> Document? {
        path.reduce(self as Document?) { value, part in
            switch part {
            case .key(let key): value?[key]
            case .index(let index): value?[index]
            }
        }
    }

    /// `nil` where the path ends in an element of a list.
    fileprivate func without(_ path: ArraySlice<FieldPath.Part>) -> Document? {
        guard case .key(let key)? = path.last,
            case .object(var fields)? = value(at: Array(path.dropLast()))
        else { return nil }
        fields[key] = nil
        var copy = self
        copy.replace(at: path.dropLast(), with: .object(fields))
        return copy
    }
}
