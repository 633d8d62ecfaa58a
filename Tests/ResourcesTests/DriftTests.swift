import API
import Domain
import Testing

@testable import Resources

@Suite struct DriftTests {
    private func places(_ desired: Document, _ observed: Document) -> [String] {
        Drift.differs(desired: desired, observed: observed).map(\.description)
    }

    @Test func whatTheServerAddsIsNoDrift() {
        #expect(
            places(
                ["spec": ["replicas": 2, "minReadySeconds": 0]],
                [
                    "metadata": ["uid": "x"], "spec": ["replicas": 2, "paused": false],
                    "status": ["replicas": 1],
                ]) == [])
    }

    @Test func whatSomebodyChangedIsNamed() {
        #expect(
            places(
                ["spec": ["replicas": 2, "a": ["b": "c"]], "x": .null],
                ["spec": ["replicas": 5, "a": [:]], "x": 1])
                == ["spec.a.b", "spec.replicas", "x"])
        #expect(places(["a": ["b": 1]], ["a": "text"]) == ["a"])
    }

    @Test func listsWithAKeyAreFoundByIt() {
        let desired: Document = [
            "containers": [["name": "model", "image": "a"]],
            "env": [["name": "A", "value": "1"]],
        ]
        #expect(
            places(
                desired,
                [
                    "containers": [
                        ["name": "injected"], ["name": "model", "image": "a", "tty": true],
                    ],
                    "env": [["name": "B"], ["name": "A", "value": "2"]],
                ]) == ["env[0].value"])
        #expect(
            places(desired, ["containers": [["name": "other"]], "env": .null])
                == ["containers[0]", "env"])
    }

    @Test func otherListsMustBeTheSame() {
        #expect(places(["args": ["a"]], ["args": ["a", "b"]]) == ["args"])
        #expect(places(["args": ["a", "c"]], ["args": ["a", "b"]]) == ["args[1]"])
    }

    @Test func portsOfBothProtocolsAreToldApart() {
        let desired: Document = ["ports": [["containerPort": 53, "protocol": "TCP", "name": "t"]]]
        #expect(
            places(
                desired,
                [
                    "ports": [
                        ["containerPort": 53, "protocol": "UDP", "name": "u"],
                        ["containerPort": 53, "protocol": "TCP", "name": "t"],
                    ]
                ]) == [])
        #expect(
            places(
                ["ports": [["port": 80, "targetPort": "http"]]],
                [
                    "ports": [["port": 80, "targetPort": 8080]]
                ]) == ["ports[0].targetPort"])
    }

    @Test func amountsAreComparedByValue() {
        func limits(_ cpu: Document, _ memory: Document) -> Document {
            ["resources": ["limits": ["cpu": cpu, "memory": memory]]]
        }
        #expect(places(limits("1000m", "1Gi"), limits("1", "1073741824")) == [])
        #expect(places(limits(1, "1Gi"), limits("1", "1024Mi")) == [])
        #expect(
            places(limits("1", "1Gi"), limits("2", "1G"))
                == ["resources.limits.cpu", "resources.limits.memory"])
        #expect(places(["value": "1000m"], ["value": "1"]) == ["value"])
    }

    @Test func whatIsEmptyMayBeAbsentButAGuardMayNot() {
        #expect(places(["a": "", "b": [], "c": [:], "hostNetwork": false], [:]) == [])
        #expect(
            places(["securityContext": ["allowPrivilegeEscalation": false]], [:])
                == ["securityContext"])
    }

    @Test func whatWeRenderIsNoDriftOfItself() throws {
        let release = ModelRelease(
            metadata: .init(name: "fraud", namespace: "risk", uid: "r1"),
            spec: .init(
                runtime: .mlserver,
                versions: [.init(name: "8", uri: "s3://models/fraud/8", weight: 100)],
                serving: .init(), traffic: .gateway(.init(parentRefs: [.init(name: "public")])),
                strategy: .canary(.default)))
        let version = try #require(release.spec.versions.first)
        let rendered = VersionObjects.render(
            release: release, version: version, digest: release.spec.digest(of: version))
        #expect(places(rendered.deployment, rendered.deployment) == [])
        var edited = rendered.deployment
        edited.set(["spec", "template", "spec", "securityContext"], to: [:])
        #expect(
            places(rendered.deployment, edited) == [
                "spec.template.spec.securityContext.runAsNonRoot",
                "spec.template.spec.securityContext.seccompProfile",
            ])
    }

    @Test(arguments: [
        ("1", "1000m"), ("1", "1.0"), ("0.5", "500m"), ("1Ki", "1024"), ("1k", "1000"),
        ("1.5Gi", "1536Mi"), ("1e3", "1k"), ("1E3", "1000"), ("1E", "1000P"), ("-1", "-1000m"),
        ("+2", "2"), (".5", "500m"), ("1.", "1"), ("1n", "0.1n"), ("100u", "0.1m"), ("0", "0Ei"),
    ])
    func equalAmountsAreEqual(left: String, right: String) throws {
        #expect(try #require(Quantity(left)) == #require(Quantity(right)))
    }

    @Test(arguments: [
        "", "m", "1x", "1 Gi", "--1", "1Gi1", "1e", "1e99", ".", "1,5", "99999999999999E",
    ])
    func othersAreNoAmounts(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test func amountsAreOrdered() throws {
        #expect(try #require(Quantity("999m")) < #require(Quantity("1")))
        #expect(try #require(Quantity("1G")) < #require(Quantity("1Gi")))
    }
}
