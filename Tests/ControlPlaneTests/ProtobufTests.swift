import Documents
import Domain
import Testing

@testable import ControlPlane

/// Bodies in protocol buffers, as kubectl 1.32 sent them.
@Suite struct ProtobufTests {
    private static let deployment =
        "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EsQBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBID"
        + "d2ViEpIBCAASDAoKCgNhcHASA3dlYhp4ChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElgSOgoB"
        + "eBIUcmVnaXN0cnkuZXhhbXBsZS94OjEqADILCgAQABiQPyIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIA"
        + "QgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA="
    private static let secret =
        "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA="
    private static let service =
        "azhzAAoNCgJ2MRIHU2VydmljZRJsCh8KA3N2YxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDc3ZjEkUKHgoH"
        + "ODAtaHR0cBIDVENQGFAiCggBEAAaBGh0dHAoABIKCgNhcHASA3N2YxoAIglDbHVzdGVySVA6AEIAUgBa"
        + "AGAAaAAaAgoAGgAiAA=="

    private static func bytes(_ text: String) throws -> [UInt8] {
        let plain = text.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        return try Base64.decode(String(plain)).get()
    }

    @Test func readsADeployment() throws {
        let object = try Protobuf.object(try Self.bytes(Self.deployment), of: .deployment)
        #expect(
            object == [
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": ["name": "web", "labels": ["app": "web"]],
                "spec": [
                    "replicas": 0, "selector": ["matchLabels": ["app": "web"]],
                    "template": [
                        "metadata": ["labels": ["app": "web"]],
                        "spec": [
                            "containers": [
                                [
                                    "name": "x", "image": "registry.example/x:1",
                                    "ports": [["containerPort": 8080]],
                                ]
                            ]
                        ],
                    ],
                ],
            ])
    }

    @Test func readsBytesAndNumbersThatMayBeNames() throws {
        let secret = try Protobuf.object(
            try Self.bytes(Self.secret),
            of: ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets"))
        #expect(secret["data"] == ["a": "Yg=="])
        let service = try Protobuf.object(try Self.bytes(Self.service), of: .service)
        #expect(
            service.at("spec", "ports") == [
                ["name": "80-http", "protocol": "TCP", "port": 80, "targetPort": "http"]
            ])
        #expect(service.at("spec", "type") == "ClusterIP")
    }

    @Test func aServerTakesSuchABody() throws {
        var server = try Server()
        let body = try Self.bytes(Self.deployment)
        let request = APIRequest(
            method: "POST", path: "/apis/apps/v1/namespaces/default/deployments",
            query: [(name: "fieldValidation", value: "Strict")],
            headers: [(name: "Content-Type", value: Protobuf.mediaType)], body: body)
        let answer = Front.answer(
            request, store: &server.store, now: Timestamp(milliseconds: 0))
        guard case .response(let response) = answer else {
            Issue.record("a watch")
            return
        }
        #expect(response.status == 201)
        #expect(response.document?.at("spec", "replicas") == 0)
    }

    /// Cut or changed anywhere, a body is an object or an error, never a trap.
    @Test func brokenBodiesAreErrors() throws {
        let body = try Self.bytes(Self.deployment)
        var refused = 0
        for length in 0..<body.count {
            let cut = Array(body.prefix(length))
            if (try? Protobuf.object(cut, of: .deployment)) == nil { refused += 1 }
            for value in [UInt8(0), 127, 255] {
                var changed = body
                changed[length] = value
                if (try? Protobuf.object(changed, of: .deployment)) == nil { refused += 1 }
            }
        }
        #expect(refused > body.count)
    }

    /// A hundred thousand elements; with work for every pair of them this would not end.
    @Test func longListsTakeNoLongerThanTheirLength() throws {
        let type: [UInt8] = [10, 15, 10, 2, 118, 49, 18, 9] + Array("ConfigMap".utf8)
        let finalizer: [UInt8] = [114, 1, 120]
        let count = 100_000
        let metadata = Array(repeatElement(finalizer, count: count).joined())
        let raw = [10] + Self.varint(metadata.count) + metadata
        let body = Protobuf.prefix + type + [18] + Self.varint(raw.count) + raw
        let object = try Protobuf.object(body, of: .configMap)
        #expect(object.objectFinalizers.count == count)
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest > 127 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    @Test func whatTheTableDoesNotHaveIsNotLeftOutInSilence() throws {
        // An envelope of a ConfigMap with a field of number 9.
        let type: [UInt8] = [10, 15, 10, 2, 118, 49, 18, 9] + Array("ConfigMap".utf8)
        let body = Protobuf.prefix + type + [18, 3, 74, 1, 120]
        #expect(throws: Protobuf.Failure("field 9 of ConfigMap cannot be read, send JSON")) {
            try Protobuf.object(body, of: .configMap)
        }
    }

    @Test func theTableFitsTheShapes() throws {
        let table = ProtobufTable.all
        #expect(table.unread.isEmpty)
        var seen: Set<String> = []
        func check(_ shape: Shape) {
            switch shape {
            case .list(let element, _), .map(let element, _): check(element)
            case .structure(let structure):
                guard seen.insert(structure.name).inserted else { return }
                guard let entries = table.types[structure.name] else { return }
                for name in Self.names(entries) {
                    #expect(structure.members[name] != nil, "\(structure.name).\(name)")
                }
                for name in structure.members.keys.sorted() { check(shape.member(name)) }
            case .scalar, .untyped: break
            }
        }
        for definition in BuiltInKinds.all { check(definition.shape) }
        for kind in [
            "TokenRequest", "Eviction", "DeleteOptions", "SelfSubjectAccessReview",
            "SelfSubjectReview",
        ] {
            check(try #require(BuiltInShapes.request(kind)))
        }
        #expect(Set(table.types.keys).subtracting(seen).subtracting(Self.old) == [])
    }

    private static let old: Set<String> = [
        "OldHorizontalPodAutoscaler", "OldHorizontalPodAutoscalerSpec", "Scale", "ScaleSpec",
    ]

    private static func names(_ entries: [UInt64: ProtobufTable.Entry]) -> [String] {
        entries.values.flatMap { entry in
            switch entry {
            case .member(let member): [member.name]
            case .embedded(let inner): names(inner)
            }
        }
    }
}
