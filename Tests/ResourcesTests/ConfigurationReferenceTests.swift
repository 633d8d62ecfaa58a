import API
import Domain
import Resources
import Testing

struct ConfigurationReferenceTests {
    private func names(_ spec: Document) -> [String] {
        ConfigurationReference.all(in: ["spec": spec]).map { "\($0.kind.rawValue) \($0.name)" }
    }

    @Test func everyPlaceWhereAPodReadsContentIsFound() {
        let model: Document = [
            "name": "model",
            "env": [
                ["name": "A", "value": "x"],
                ["name": "B", "valueFrom": ["configMapKeyRef": ["name": "env", "key": "b"]]],
                ["name": "C", "valueFrom": ["secretKeyRef": ["name": "env", "key": "c"]]],
                ["name": "D", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
            ],
            "envFrom": [["configMapRef": ["name": "all"]], ["secretRef": ["name": "all"]]],
        ]
        #expect(
            names([
                "containers": [model],
                "initContainers": [
                    ["name": "fetch", "envFrom": [["secretRef": ["name": "bucket"]]]]
                ],
                "volumes": [
                    ["name": "a", "configMap": ["name": "files"]],
                    ["name": "b", "secret": ["secretName": "files"]],
                    [
                        "name": "c",
                        "projected": [
                            "sources": [
                                ["configMap": ["name": "projected"]],
                                ["secret": ["name": "projected"]],
                                ["serviceAccountToken": ["path": "token"]],
                            ]
                        ],
                    ],
                    ["name": "d", "emptyDir": [:]],
                ],
                "imagePullSecrets": [["name": "registry"]],
            ]) == [
                "ConfigMap all", "ConfigMap env", "ConfigMap files", "ConfigMap projected",
                "Secret all", "Secret bucket", "Secret env", "Secret files", "Secret projected",
            ])
    }

    @Test func oneObjectIsNamedOnceAndOddShapesAreNone() {
        let twice: Document = [["configMapRef": ["name": "a"]], ["configMapRef": ["name": "a"]]]
        #expect(names(["containers": [["envFrom": twice], ["envFrom": twice]]]) == ["ConfigMap a"])
        #expect(names(["containers": "x", "volumes": [1, ["configMap": ["name": ""]]]]) == [])
        #expect(names(["volumes": [["secret": ["secretName": 7]]]]) == [])
        let many = (0..<40).map { number -> Document in
            ["name": "v", "configMap": ["name": .string("c\(100 + number)")]]
        }
        #expect(
            names(["volumes": .array(many)]).count == ReleaseStatus.configurationLimit)
    }
}
