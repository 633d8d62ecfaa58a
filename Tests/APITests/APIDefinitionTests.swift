import Documents
import Domain
import Foundation
import Testing

@testable import API

@Suite struct APIDefinitionTests {
    private static func schema(_ definition: Document) -> SchemaChecker {
        let version = definition.at("spec", "versions")?[0]
        return SchemaChecker(schema: version?.at("schema", "openAPIV3Schema") ?? .null)
    }

    private static let release = schema(APIDefinitions.modelRelease)
    private static let source = schema(APIDefinitions.releaseSource)

    /// A kind: its schema, an example with every field, and what the decoder says of an object.
    struct Kind: CustomTestStringConvertible {
        let testDescription: String
        let checker: SchemaChecker
        let example: Document
        let decode: @Sendable (Document) -> [FieldError]
    }

    static let kinds = [
        Kind(
            testDescription: "ModelRelease", checker: release, example: Samples.release,
            decode: { ModelRelease.decode($0, resolved: true).errors }),
        Kind(
            testDescription: "ReleaseSource", checker: source, example: Samples.source,
            decode: { ReleaseSource.decode($0).errors }),
    ]

    /// `SLIPWAY_UPDATE=1` writes the files anew.
    @Test func theFilesHoldWhatTheTypesSay() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("Manifests/crds")
        for (file, definition) in APIDefinitions.all {
            let text = YAML.write(definition)
            let url = folder.appendingPathComponent(file)
            if ProcessInfo.processInfo.environment["SLIPWAY_UPDATE"] == "1" {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            #expect(
                try String(contentsOf: url, encoding: .utf8) == text,
                "\(file) is out of date: run the tests with SLIPWAY_UPDATE=1")
        }
    }

    /// What a server demands of a structural schema, and what bounds the cost of rules.
    @Test(arguments: kinds)
    func theSchemaIsStructuralAndBounded(kind: Kind) {
        for (place, node) in kind.checker.nodes() {
            let isFree = node["x-kubernetes-preserve-unknown-fields"] == true
            let type = node["type"]?.stringValue
            #expect(type != nil || isFree, "\(place) has no type")
            #expect(type != "string" || node["maxLength"] != nil, "\(place) has no maxLength")
            #expect(type != "array" || node["maxItems"] != nil, "\(place) has no maxItems")
            let isMetadata = place.hasPrefix("metadata")
            #expect(isMetadata || node["description"] != nil, "\(place) is not described")
            if let value = node["default"] {
                #expect(
                    SchemaChecker(schema: node).errors(value) == [], "the default of \(place)")
            }
            for name in node["required"]?.arrayValue ?? [] {
                #expect(node["properties"]?[name.stringValue ?? ""] != nil, "\(place): \(name)")
            }
        }
    }

    @Test(arguments: kinds)
    func theExampleUsesEveryFieldOfTheSpecAndPassesBoth(kind: Kind) {
        #expect(kind.checker.errors(kind.example) == [])
        #expect(kind.decode(kind.example) == [])
        let used = kind.checker.places(of: kind.example)
        let known = kind.checker.nodes().map(\.place).filter { $0.hasPrefix("spec") }
        #expect(known.filter { !used.contains($0) } == [])
    }

    /// Both know the same members in every object of the spec.
    @Test(arguments: kinds)
    func theDecoderKnowsNoMoreAndNoLess(kind: Kind) {
        var known: [String: [String]] = [:]
        let problems = Problems()
        problems.trace = { path, members in
            var place = ""
            for part in path.parts {
                switch part {
                case .key(let key): place += place.isEmpty ? key : ".\(key)"
                case .index: place += "[]"
                }
            }
            known[place] = members.sorted()
        }
        if kind.testDescription == "ModelRelease" {
            _ = ModelRelease.decode(kind.example, resolved: true, problems)
        } else {
            _ = ReleaseSource.decode(kind.example, problems)
        }
        var seen = 0
        for (place, node) in kind.checker.nodes() where place.hasPrefix("spec") {
            guard let properties = node["properties"]?.objectValue?.keys else { continue }
            #expect(known[place] == properties, "\(place)")
            seen += 1
        }
        #expect(
            seen == known.keys.filter { $0.hasPrefix("spec") && !$0.contains("template") }.count)
    }

    /// One step over each bound of the schema is refused by the decoder as well.
    @Test(arguments: kinds)
    func theDecoderHoldsTheBoundsOfTheSchema(kind: Kind) {
        var tried = 0
        for (path, node) in leaves(kind) {
            for wrong in wrongValues(for: node) {
                var object = kind.example
                object.replace(at: path[...], with: wrong)
                guard !kind.checker.errors(object).isEmpty else { continue }
                tried += 1
                #expect(
                    !kind.decode(object).isEmpty,
                    "\(FieldPath(path)) = \(wrong.canonicalJSONString().prefix(60))")
            }
        }
        #expect(tried > 20)
    }

    /// What the server fills in is what the decoder takes for granted.
    @Test func defaultsAreTheSame() throws {
        let minimal = try #require(ModelRelease.decode(Samples.minimal).value)
        let filled = Samples.minimal.filled(by: Self.release.schema)
        #expect(ModelRelease.decode(filled).value == minimal)
        var opened = Samples.minimal
        for path in [
            ["serving"], ["onFailure"], ["strategy", "canary"], ["health", "unready"],
            ["health", "restarts"],
        ] { opened.set(["spec"] + path, to: [:]) }
        #expect(ModelRelease.decode(opened.filled(by: Self.release.schema)).value == minimal)
        #expect(opened.filled(by: Self.release.schema).at("spec", "health", "restarts", "max") == 0)
        var source = Samples.source
        source["spec"] = ["url": "https://git.example.com/models.git", "writeBack": [:]]
        let decoded = try #require(ReleaseSource.decode(source).value)
        #expect(decoded.spec.document == source.filled(by: Self.source.schema)["spec"])
    }

    @Test func columnsPointAtWhatIsThere() throws {
        for (_, definition) in APIDefinitions.all {
            let version = try #require(definition.at("spec", "versions")?[0])
            let checker = Self.schema(definition)
            let places = Set(checker.nodes().map { ".\($0.place)" })
            for column in version["additionalPrinterColumns"]?.arrayValue ?? [] {
                let path = try #require(column["jsonPath"]?.stringValue)
                let plain = path.split(separator: "[").map(String.init)
                let whole =
                    plain.count == 1
                    ? plain[0] : plain[0] + "[]" + plain[1].drop { $0 != "]" }.dropFirst()
                #expect(
                    places.contains(whole) || path == ".metadata.creationTimestamp", "\(path)")
            }
        }
    }

    @Test func everyRuleHasAMessage() {
        var count = 0
        for kind in Self.kinds {
            for (_, node) in kind.checker.nodes() {
                for rule in node["x-kubernetes-validations"]?.arrayValue ?? [] {
                    #expect(rule["rule"]?.stringValue?.isEmpty == false)
                    #expect(rule["message"]?.stringValue?.isEmpty == false)
                    count += 1
                }
            }
        }
        #expect(count == 9)
    }

    // MARK: Walking the example

    /// The values of the example's spec with their nodes.
    private func leaves(_ kind: Kind) -> [(path: [FieldPath.Part], node: Document)] {
        var found: [([FieldPath.Part], Document)] = []
        func walk(_ value: Document, _ node: Document, _ path: [FieldPath.Part]) {
            if path.count > 1 { found.append((path, node)) }
            if node["x-kubernetes-preserve-unknown-fields"] == true { return }
            for member in value.objectValue?.members ?? [] {
                guard let child = node["properties"]?[member.key] else { continue }
                walk(member.value, child, path + [.key(member.key)])
            }
            for (index, element) in (value.arrayValue ?? []).enumerated() {
                walk(element, node["items"] ?? .null, path + [.index(index)])
            }
        }
        walk(
            kind.example["spec"] ?? .null, kind.checker.schema.at("properties", "spec") ?? .null,
            [
                .key("spec")
            ])
        return found
    }

    private func wrongValues(for node: Document) -> [Document] {
        var values: [Document] = []
        switch node["type"]?.stringValue {
        case "string":
            values = [1, [:], "", "\u{1}", .string(String(repeating: "x", count: 3000))]
            if node["enum"] != nil { values.append("zzz") }
        case "integer":
            values = ["1", 1.5]
            if let limit = node["minimum"]?.integerValue { values.append(.integer(limit - 1)) }
            if let limit = node["maximum"]?.integerValue { values.append(.integer(limit + 1)) }
        case "number": values = ["1", -1]
        case "boolean": values = ["true", 1]
        case "array":
            let limit = node["maxItems"]?.intValue ?? 0
            values = ["x", [:], [], .array(Array(repeating: .null, count: limit + 1))]
        case "object": values = ["x", [], ["zzz": 1], [:]]
        default: break
        }
        return values
    }
}

extension Document {
    /// Puts a value in the place of one that is there.
    mutating func replace(at path: ArraySlice<FieldPath.Part>, with value: Document) {
        guard let first = path.first else {
            self = value
            return
        }
        switch (first, self) {
        case (.key(let key), .object(var fields)):
            var child = fields[key] ?? .null
            child.replace(at: path.dropFirst(), with: value)
            fields[key] = child
            self = .object(fields)
        case (.index(let index), .array(var elements)) where elements.indices.contains(index):
            elements[index].replace(at: path.dropFirst(), with: value)
            self = .array(elements)
        default: break
        }
    }
}
