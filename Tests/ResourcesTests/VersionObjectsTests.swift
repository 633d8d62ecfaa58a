import API
import Domain
import Testing

@testable import Resources

@Suite struct VersionObjectsTests {
    private func release(
        runtime: Runtime = .mlserver, template: Document? = nil, annotations: Fields = .init()
    ) -> ModelRelease {
        ModelRelease(
            metadata: .init(
                name: "fraud", namespace: "risk", uid: "r1", annotations: annotations),
            spec: .init(
                runtime: runtime,
                versions: [.init(name: "8", uri: "s3://models/fraud/8", weight: 100)],
                serving: .init(replicas: 3, template: template),
                traffic: .gateway(.init(parentRefs: [.init(name: "public")])),
                strategy: .canary(.default)))
    }

    private func render(_ release: ModelRelease) throws -> (RenderedVersion, Digest) {
        let version = try #require(release.spec.versions.first)
        let digest = release.spec.digest(of: version)
        return (VersionObjects.render(release: release, version: version, digest: digest), digest)
    }

    private func model(_ deployment: Document) throws -> Document {
        let containers = try #require(
            deployment.at("spec", "template", "spec", "containers")?.arrayValue)
        return try #require(containers.first { $0["name"] == "model" })
    }

    private func variables(_ container: Document) -> [String: String] {
        Dictionary(
            (container["env"]?.arrayValue ?? []).map {
                ($0["name"]?.stringValue ?? "", $0["value"]?.stringValue ?? "")
            }, uniquingKeysWith: { _, last in last })
    }

    @Test func objectsAreNamedAndMarkedAlike() throws {
        let (rendered, digest) = try render(release())
        let objects = [rendered.controllerRevision, rendered.deployment, rendered.service]
        #expect(objects.map { $0["kind"] } == ["ControllerRevision", "Deployment", "Service"])
        for object in objects {
            let metadata = try #require(OwnedMetadata(object))
            #expect(metadata.name == "fraud-\(digest.tag)" && metadata.namespace == "risk")
            #expect(metadata.owner(release: "fraud", uid: "r1") == .ours)
            #expect(metadata.digest == digest && metadata.digestLabel == digest.short)
            #expect(metadata.version == "8" && !metadata.retained)
            #expect(object.at("metadata", "labels", "app.kubernetes.io/version") == "8")
            #expect(object.at("metadata", "ownerReferences") == nil)
            #expect(object.at("metadata", "uid") == nil)
        }
    }

    @Test func theReleaseDecidesWhatStaysAfterIt() throws {
        var annotations = Fields()
        annotations[Names.onDelete] = "retain"
        let (rendered, _) = try render(release(annotations: annotations))
        #expect(try #require(OwnedMetadata(rendered.deployment)).retained)
    }

    @Test func theServiceFindsThePodsOfItsVersionAlone() throws {
        let (rendered, digest) = try render(release())
        let service = try #require(ServiceView(rendered.service))
        #expect(service.selects(release: "fraud", digest: digest) && service.port == 80)
        let labels = rendered.deployment.at("spec", "template", "metadata", "labels")
        let selector = rendered.deployment.at("spec", "selector", "matchLabels")
        #expect(selector == rendered.service.at("spec", "selector"))
        for member in try #require(selector?.objectValue).members {
            #expect(labels?[member.key] == member.value)
        }
    }

    @Test func mlserverIsAskedForTheModelNotTheServer() throws {
        let (rendered, _) = try render(release())
        let model = try model(rendered.deployment)
        #expect(model["image"]?.stringValue == RuntimePreset.mlserverImage)
        for probe in ["startupProbe", "readinessProbe"] {
            #expect(model.at(probe, "httpGet", "path") == "/v2/models/fraud/ready")
        }
        #expect(model.at("livenessProbe", "httpGet", "path") == "/v2/health/live")
        #expect(
            variables(model) == [
                "MLSERVER_HTTP_PORT": "8080", "MLSERVER_GRPC_PORT": "8081",
                "MLSERVER_METRICS_PORT": "8082", "MLSERVER_MODEL_NAME": "fraud",
                "MLSERVER_MODEL_VERSION": "8", "MLSERVER_MODEL_URI": "s3://models/fraud/8",
                "SLIPWAY_MODEL_URI": "s3://models/fraud/8", "SLIPWAY_MODEL_VERSION": "8",
            ])
        let spec = try #require(rendered.deployment["spec"])
        #expect(spec["replicas"] == 3 && spec["progressDeadlineSeconds"] == 600)
        #expect(spec.at("strategy", "rollingUpdate", "maxUnavailable") == 0)
        let pod = try #require(spec.at("template", "spec"))
        #expect(pod.at("securityContext", "runAsNonRoot") == true)
        #expect(model.at("securityContext", "allowPrivilegeEscalation") == false)
        let grace = try #require(pod["terminationGracePeriodSeconds"]?.intValue)
        let sleep = try #require(model.at("lifecycle", "preStop", "sleep", "seconds")?.intValue)
        #expect(sleep > 0 && grace > sleep)
    }

    @Test func thePresetsOfOurOwnPassOurOwnRules() throws {
        for runtime in Runtime.allCases {
            let (rendered, _) = try render(
                release(
                    runtime: runtime,
                    template: ["spec": ["containers": [["name": "model", "image": "x"]]]]))
            var template = try #require(rendered.deployment.at("spec", "template"))
            template["metadata"] = nil
            let version: Document = ["name": "1", "image": "x"]
            let object: Document = [
                "apiVersion": "slipway.dev/v1alpha1", "kind": "ModelRelease",
                "metadata": ["name": "x"],
                "spec": [
                    "runtime": "custom", "versions": [version],
                    "serving": ["template": template],
                    "traffic": ["gateway": ["parentRefs": [["name": "public"]]]],
                ],
            ]
            #expect(ModelRelease.decode(object).errors == [])
        }
    }

    @Test func theReleasesTemplateGoesOverThePreset() throws {
        let (rendered, digest) = try render(
            release(template: [
                "metadata": ["labels": ["team": "risk"]],
                "spec": [
                    "nodeSelector": ["gpu": "yes"],
                    "containers": [
                        [
                            "name": "model", "image": "own:1",
                            "env": [["name": "MLSERVER_MODEL_NAME", "value": "net"]],
                            "resources": ["limits": ["memory": "2Gi"]],
                        ],
                        ["name": "log", "image": "log:1"],
                    ],
                ],
            ]))
        let template = try #require(rendered.deployment.at("spec", "template"))
        #expect(template.at("metadata", "labels", "team") == "risk")
        #expect(template.at("metadata", "labels", Names.digestLabel)?.stringValue == digest.short)
        #expect(template.at("spec", "nodeSelector", "gpu") == "yes")
        let model = try model(rendered.deployment)
        #expect(model["image"] == "own:1")
        #expect(model.at("resources", "limits", "memory") == "2Gi")
        #expect(model.at("readinessProbe", "httpGet", "path") == "/v2/models/net/ready")
        #expect(variables(model)["MLSERVER_MODEL_NAME"] == "net")
        #expect(template.at("spec", "containers")?.arrayValue?.count == 2)
    }

    /// A server refuses a sleep that does not fit into the grace.
    @Test(arguments: [(nil, 15), (300, 15), (10, 5), (1, nil)] as [(Int?, Int?)])
    func theSleepFitsIntoTheGrace(grace: Int?, sleep: Int?) throws {
        let release = release(
            template: grace.map {
                ["spec": ["terminationGracePeriodSeconds": .integer($0)]]
            })
        let deployment = try render(release).0.deployment
        let pod = deployment.at("spec", "template", "spec")
        #expect(pod?["terminationGracePeriodSeconds"]?.intValue == grace ?? 60)
        let found = try model(deployment).at("lifecycle", "preStop", "sleep", "seconds")?.intValue
        #expect(found == sleep)
    }

    @Test func anotherHTTPPortMovesTheServer() throws {
        let (rendered, _) = try render(
            release(template: [
                "spec": [
                    "containers": [
                        ["name": "model", "ports": [["name": "http", "containerPort": 9000]]]
                    ]
                ]
            ]))
        let model = try model(rendered.deployment)
        let named = (model["ports"]?.arrayValue ?? []).filter { $0["name"] == "http" }
        #expect(named.map { $0["containerPort"] } == [9000])
        #expect(variables(model)["MLSERVER_HTTP_PORT"] == "9000")
    }

    @Test func theVersionsImageWins() throws {
        var release = release(template: [
            "spec": ["containers": [["name": "model", "image": "general:1"]]]
        ])
        release.spec.versions = [.init(name: "8", image: "baked:8", weight: 100)]
        let model = try model(try render(release).0.deployment)
        #expect(model["image"] == "baked:8")
        #expect(variables(model)["MLSERVER_MODEL_URI"] == nil)
    }

    @Test func aLocalModelIsAPath() throws {
        var release = release()
        release.spec.versions = [.init(name: "8", uri: "file:///srv/m/8", weight: 100)]
        let variables = variables(try model(try render(release).0.deployment))
        #expect(variables["MLSERVER_MODEL_URI"] == "/srv/m/8")
        #expect(variables["SLIPWAY_MODEL_URI"] == "file:///srv/m/8")
    }

    @Test(
        arguments: [
            (nil, 8080), ([["containerPort": 9000]], 9000),
            ([["containerPort": 7], ["name": "http", "containerPort": 9001]], 9001),
        ] as [(Document?, Int)])
    func customBringsEverythingItself(ports: Document?, port: Int) throws {
        var container: Document = ["name": "model", "image": "own:1"]
        container["ports"] = ports
        let release = release(
            runtime: .custom, template: ["spec": ["containers": [container]]])
        let (rendered, digest) = try render(release)
        let model = try model(rendered.deployment)
        #expect(model["readinessProbe"] == nil && model["securityContext"] == nil)
        #expect(variables(model)["SLIPWAY_MODEL_URI"] == "s3://models/fraud/8")
        #expect(RuntimePreset.httpPort(of: model) == port)
        let data = VersionObjects.revisionData(
            release: release, version: try #require(release.spec.versions.first), digest: digest)
        #expect(data.port == port && data.inferencePath.isEmpty && data.readyPath.isEmpty)
    }

    @Test func objectsComeBackFromWhatIsStored() throws {
        let release = release()
        let (rendered, digest) = try render(release)
        let stored = try #require(RevisionView(rendered.controllerRevision))
        #expect(stored.digest == digest)
        #expect(stored.data.inferencePath == "/v2/models/fraud/infer")
        #expect(stored.data.readyPath == "/v2/models/fraud/ready")
        let identity = VersionIdentity(release, version: stored.data.version, digest: digest)
        #expect(
            VersionObjects.deployment(identity, stored.data, replicas: 3) == rendered.deployment)
        #expect(VersionObjects.service(identity, stored.data) == rendered.service)
    }

    @Test func anApplyOfSomethingKnownNamesItsUID() throws {
        let release = release()
        let stored = try #require(RevisionView(try render(release).0.controllerRevision))
        let identity = VersionIdentity(release, version: "8", digest: stored.digest)
        let deployment = VersionObjects.deployment(
            identity, stored.data, replicas: 0, progressDeadline: .milliseconds(1001), uid: "d1")
        #expect(deployment.at("metadata", "uid") == "d1")
        #expect(deployment.at("spec", "replicas") == 0)
        #expect(deployment.at("spec", "progressDeadlineSeconds") == 2)
        #expect(identity.key(.deployment).name == "fraud-\(stored.digest.tag)")
    }
}
