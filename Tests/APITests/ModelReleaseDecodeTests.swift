import Domain
import Testing

@testable import API

@Suite struct ModelReleaseDecodeTests {
    private func errors(_ document: Document) -> [String] {
        ModelRelease.decode(document).errors.map(\.description)
    }

    @Test func everyFieldIsRead() throws {
        let release = try #require(ModelRelease.decode(Samples.release, resolved: true).value)
        #expect(release.id.description == "risk/fraud-scorer")
        #expect(release.metadata.label("team") == "risk")
        let spec = release.spec
        #expect(spec.runtime == .mlserver)
        #expect(
            spec.versions == [
                .init(
                    name: "7",
                    uri: "s3://models/fraud/7",
                    pin: "sha256:\(Samples.hex)",
                    weight: 90
                ),
                .init(name: "8", image: "registry.example.com/fraud:8", weight: 10),
            ]
        )
        #expect(spec.serving.replicas == 3)
        #expect(spec.serving.template?.at("metadata", "labels", "team") == "risk")
        #expect(
            spec.traffic
                == .gateway(
                    .init(
                        parentRefs: [
                            .init(
                                name: "public",
                                namespace: "infra",
                                sectionName: "https",
                                port: 443
                            )
                        ],
                        hostnames: ["models.example.com"],
                        path: "/fraud"
                    )
                )
        )
        #expect(
            spec.strategy
                == .canary(
                    .init(
                        steps: [
                            .weight(5, for: .minutes(5)), .pauseForApproval,
                            .weight(25, for: .minutes(10)), .pause(for: .seconds(90)),
                        ],
                        bake: .hours(24)
                    )
                )
        )
        #expect(spec.health.unreadyMax == 1 && spec.health.unreadyFor == .seconds(5))
        #expect(spec.health.restartsMax == 2 && spec.health.progressDeadline == .minutes(5))
        let probe = try #require(spec.health.probes.first)
        #expect(probe.golden == "tests/golden.jsonl")
        #expect(probe.every == .seconds(5) && probe.timeout == .seconds(2))
        #expect(
            probe.cases == [
                .init(
                    path: "/v2/models/fraud/infer",
                    request: ["inputs": [1]],
                    expect: ["outputs": [0.5]],
                    tolerance: 0.01
                )
            ]
        )
        #expect(spec.onFailure.git == .none && spec.suspend)
    }

    @Test func whatIsNotWrittenHasItsDefault() throws {
        let spec = try #require(ModelRelease.decode(Samples.minimal).value?.spec)
        #expect(spec.versions.map(\.weight) == [100])
        #expect(spec.serving == Serving(replicas: 2, template: nil))
        #expect(spec.strategy == .canary(.default))
        #expect(spec.health == HealthPolicy())
        #expect(spec.onFailure.git == .revertCommit && !spec.suspend)
        guard case .gateway(let gateway) = spec.traffic else { return }
        #expect(gateway.path == "/" && gateway.hostnames.isEmpty)
    }

    @Test(
        arguments: [
            ["canary": [:]], ["canary": .null], .null, ["canary": ["bake": "1h"]],
        ] as [Document]
    )
    func anEmptyCanaryIsTheDefault(strategy: Document) {
        let release = ModelRelease.decode(Samples.minimal(["strategy"], strategy)).value
        #expect(release?.spec.strategy == .canary(.default))
    }

    @Test func theSpecWrittenOutIsTheSameSpec() throws {
        for sample in [Samples.release, Samples.minimal] {
            let release = try #require(ModelRelease.decode(sample).value)
            #expect(ModelRelease.decode(release.document).value == release)
        }
    }

    @Test func theWrongSumNamesEveryWeight() {
        let versions: Document = [
            ["name": "7", "uri": "s3://m/7", "weight": 90],
            ["name": "8", "uri": "s3://m/8", "weight": 20],
        ]
        #expect(
            errors(Samples.minimal(["versions"], versions)) == [
                "spec.versions: weights sum to 110, must be 100 (7: 90, 8: 20)"
            ]
        )
        #expect(
            errors(
                Samples.minimal(["versions"], [["name": "7", "uri": "s3://m/7", "weight": 0]])
            )
                == ["spec.versions: weights sum to 0, must be 100 (7: 0)"]
        )
    }

    @Test func aVersionWithoutANameIsCountedByItsPlace() {
        let versions: Document = [
            ["uri": "s3://m/7", "weight": 90], ["name": "8", "uri": "s3://m/8", "weight": 20],
        ]
        #expect(
            errors(Samples.minimal(["versions"], versions)) == [
                "spec.versions[0].name: is required",
                "spec.versions: weights sum to 110, must be 100 (#1: 90, 8: 20)",
            ]
        )
    }

    @Test func aGatewayStandsOnceOrWithItsListeners() {
        func found(_ parents: Document) -> [String] {
            errors(Samples.minimal(["traffic", "gateway", "parentRefs"], parents))
        }
        let a: Document = ["name": "g", "sectionName": "a"]
        #expect(found([a, ["name": "g", "sectionName": "b"], ["name": "h"]]) == [])
        #expect(found([a, ["name": "g", "namespace": "other"]]) == [])
        #expect(found([a, a]).count == 1)
        #expect(found([["name": "g"], ["name": "g", "port": 80]]).count == 1)
    }

    @Test func aCustomServerNamesItsPortAndCasesTheirPath() {
        let pod: Document = [
            "containers": [
                [
                    "name": "model", "image": "x",
                    "ports": [["containerPort": 1], ["containerPort": 2]],
                ]
            ]
        ]
        var document = Samples.custom(pod: pod)
        #expect(
            errors(document) == [
                "spec.serving.template.spec.containers: "
                    + "one port of container `model` must have the name `http`"
            ]
        )
        document = Samples.custom(pod: ["containers": [["name": "model", "image": "x"]]])
        document.set(
            ["spec", "health", "probes"],
            to: [
                [
                    "cases": [
                        ["request": 1, "expect": 1], ["path": "/p", "request": 1, "expect": 1],
                    ]
                ]
            ]
        )
        #expect(
            errors(document) == [
                "spec.health.probes[0].cases[0].path: "
                    + "is required with runtime `custom`: the path to ask"
            ]
        )
    }

    @Test func allErrorsAreReportedAtOnce() {
        let document: Document = [
            "apiVersion": "slipway.dev/v1", "kind": "ModelRelease",
            "metadata": ["name": "Fraud"],
            "spec": [
                "runtime": "mlservr", "versons": [],
                "versions": [["name": 7, "uri": "s3://m/7", "weight": "90"]],
                "serving": ["replicas": 0],
                "traffic": ["gateway": ["parentRefs": [], "path": "fraud"]],
                "suspend": "yes",
            ],
        ]
        #expect(
            Set(errors(document))
                == [
                    "apiVersion: is `slipway.dev/v1`, must be `slipway.dev/v1alpha1`",
                    "metadata.name: `Fraud` must be lower-case letters, digits and `-`, "
                        + "with a letter or digit at both ends",
                    "spec.versons: unknown field `versons`, did you mean `versions`?",
                    "spec.runtime: is `mlservr`, must be mlserver or custom, "
                        + "did you mean `mlserver`?",
                    "spec.versions[0].weight: must be a whole number, not a string",
                    #"spec.versions[0].name: must be a string; write "7" in quotes"#,
                    "spec.serving.replicas: is 0, must be 1 to 1000",
                    "spec.traffic.gateway.parentRefs: must have at least one entry",
                    "spec.traffic.gateway.path: must start with `/`",
                    "spec.suspend: must be true or false, not a string",
                ]
        )
    }

    @Test func anUnknownFieldPointsAtItsName() {
        let result = ModelRelease.decode(
            Samples.minimal(
                ["versions"],
                [
                    ["name": "7", "uri": "s3://m/7", "wieght": 100]
                ]
            )
        )
        #expect(
            result.errors == [
                FieldError(
                    .root["spec"]["versions"][0]["wieght"],
                    "unknown field `wieght`, did you mean `weight`?",
                    concernsKey: true
                )
            ]
        )
    }

    @Test(arguments: [
        (["gates"], "gates"), (["analysis"], "analysis"), (["fallback"], "fallback"),
        (["serving", "autoscaling"], "autoscaling"), (["traffic", "istio"], "istio"),
        (["traffic", "ingress"], "ingress"), (["traffic", "service"], "service"),
        (["traffic", "replicas"], "replicas"), (["traffic", "kserve"], "kserve"),
        (["strategy", "recreate"], "recreate"), (["strategy", "rolling"], "rolling"),
        (["strategy", "blueGreen"], "blueGreen"), (["strategy", "shadow"], "shadow"),
        (["strategy", "ab"], "ab"),
    ])
    func fieldsThatAreNotBuiltAreRefusedByName(path: [String], name: String) {
        #expect(
            errors(Samples.minimal(path, ["x": 1])) == [
                "spec.\(path.joined(separator: ".")): "
                    + "`\(name)` is not supported by this version of Slipway"
            ]
        )
    }

    @Test(arguments: [
        (["runtime"], "triton"), (["runtime"], "vllm"), (["onFailure", "git"], "pullRequest"),
    ])
    func wordsThatAreNotBuiltAreRefusedByName(path: [String], word: String) {
        #expect(
            errors(Samples.minimal(path, .string(word))) == [
                "spec.\(path.joined(separator: ".")): "
                    + "`\(word)` is not supported by this version of Slipway"
            ]
        )
    }

    @Test func aMirrorIsRefusedByName() {
        let versions: Document = [["name": "8", "uri": "s3://m/8", "weight": 100, "mirror": 25]]
        #expect(
            errors(Samples.minimal(["versions"], versions)) == [
                "spec.versions[0].mirror: `mirror` is not supported by this version of Slipway"
            ]
        )
    }

    @Test(
        arguments: [
            (["name": "7", "uri": "s3://m/7"], nil),
            (["name": "7", "uri": "hf://org/model"], nil),
            (["name": "7", "uri": "oci://registry/model@sha256:aa"], nil),
            (["name": "7", "uri": "file:///srv/models/7"], nil),
            (["name": "7", "image": "localhost:5000/fraud@sha256:00"], nil),
            (["name": "v1.2", "uri": "s3://m/7"], "name"),
            (["name": .string(String(repeating: "a", count: 41)), "uri": "s3://m/7"], "name"),
            (["name": "7"], ""),
            (["name": "7", "uri": "s3://m/7", "image": "fraud"], ""),
            (["name": "7", "uri": "ftp://m/7"], "uri"),
            (["name": "7", "uri": "models/7"], "uri"),
            (["name": "7", "uri": "s3://"], "uri"),
            (["name": "7", "uri": "s3://key:secret@m/7"], "uri"),
            (["name": "7", "uri": "file://relative/7"], "uri"),
            (["name": "7", "uri": "s3://m/7 8"], "uri"),
            (["name": "7", "image": "a b"], "image"),
            (["name": "7", "uri": "s3://m/7", "digest": "sha256:123"], "digest"),
            (["name": "7", "uri": "s3://m/7", "weight": 101], "weight"),
        ] as [(Document, String?)]
    )
    func aVersionIsChecked(version: Document, wrong: String?) {
        let found = ModelRelease.decode(Samples.minimal(["versions"], [version])).errors
        let place = FieldPath.root["spec"]["versions"][0]
        #expect(found.map(\.path) == wrong.map { [$0.isEmpty ? place : place[$0]] } ?? [])
    }

    @Test func namesAreDistinctAndWeightsWritten() {
        let version: Document = ["name": "7", "uri": "s3://m/7", "weight": 50]
        #expect(
            errors(Samples.minimal(["versions"], [version, version])) == [
                "spec.versions[1].name: version `7` stands twice"
            ]
        )
        let other: Document = ["name": "8", "uri": "s3://m/8"]
        #expect(
            errors(Samples.minimal(["versions"], [version, other])) == [
                "spec.versions[1].weight: is required where there are several versions"
            ]
        )
    }

    @Test func namesOfReleasesAreBounded() {
        var document = Samples.minimal
        document.set(["metadata", "name"], to: .string(String(repeating: "a", count: 54)))
        #expect(errors(document) == [])
        document.set(["metadata", "name"], to: .string(String(repeating: "a", count: 55)))
        #expect(errors(document) == ["metadata.name: is longer than 54 characters"])
        document.set(["metadata", "name"], to: "7b-model")
        #expect(
            errors(document) == [
                "metadata.name: `7b-model` must start with a letter: Services are named after it"
            ]
        )
    }

    @Test(arguments: [
        ("/", true), ("/fraud", true), ("/fraud/", true), ("/a.b/~c", true), ("fraud", false),
        ("/a//b", false), ("/a/../b", false), ("/a/.", false), ("/a?b", false), ("/a%2Fb", false),
        ("/a b", false), ("/a%20b", true), ("/a%2", false), ("/a%zz", false),
    ])
    func pathsAreWhatAGatewayTakes(path: String, right: Bool) {
        let found = errors(Samples.minimal(["traffic", "gateway", "path"], .string(path)))
        #expect(found.isEmpty == right, "\(path): \(found)")
    }

    @Test(arguments: [
        ("a.example.com", true), ("*.example.com", true), ("localhost", true),
        ("10.0.0.1", false), ("A.example.com", false), ("a..b", false), ("*", false), ("", false),
    ])
    func hostnamesAreNames(name: String, right: Bool) {
        let found = errors(
            Samples.minimal(["traffic", "gateway", "hostnames"], [.string(name)])
        )
        #expect(found.isEmpty == right, "\(name): \(found)")
    }

    @Test func nothingButObjectsIsRead() {
        #expect(errors("text") == ["must be an object, not a string"])
        #expect(
            errors([:]) == [
                "apiVersion: is required: slipway.dev/v1alpha1", "kind: is required: ModelRelease",
                "metadata: is required: with a name", "spec: is required",
            ]
        )
    }

    @Test func errorsAreBounded() {
        var spec = Fields()
        for index in 0..<500 { spec["field\(index)"] = 1 }
        var document = Samples.minimal
        document["spec"] = .object(spec)
        #expect(ModelRelease.decode(document).errors.count == Problems.limit)
    }

    @Test func customBringsItsOwnContainer() {
        #expect(
            errors(Samples.minimal(["runtime"], "custom")) == [
                "spec.serving.template: is required with runtime `custom`: "
                    + "a container named `model` with its ports"
            ]
        )
        #expect(
            errors(Samples.custom(pod: ["containers": [["name": "server", "image": "x"]]])) == [
                "spec.serving.template.spec.containers: "
                    + "must have a container named `model` with runtime `custom`"
            ]
        )
        #expect(
            errors(Samples.custom(pod: ["containers": [["name": "model"]]])) == [
                "spec.serving.template.spec.containers: "
                    + "container `model` needs an `image`, or every version one"
            ]
        )
        #expect(
            errors(Samples.custom(pod: ["containers": [["name": "model", "image": "x"]]])) == []
        )
    }
}
