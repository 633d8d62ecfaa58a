import API
import Documents
import Domain
import Planning
import Testing

/// What of a running model becomes a release, and what cannot.
struct CarriedReleaseTests {
    /// One thing that stands in the way.
    struct Obstacle: CustomTestStringConvertible, Sendable {
        let says: String
        let change: @Sendable (inout OldWorld) -> Void

        init(_ says: String, _ change: @escaping @Sendable (inout OldWorld) -> Void) {
            self.says = says
            self.change = change
        }

        var testDescription: String { says }
    }

    @Test func theReleaseSaysWhatRunsAsAPersonWouldWriteIt() throws {
        let world = OldWorld()
        #expect(world.adoption.problems == [])
        let object = try #require(world.adoption.object)
        let expected = OldWorld.yaml(
            """
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata: {name: fraud-scorer, namespace: risk}
            spec:
              runtime: custom
              versions: [{name: 1-4, image: "registry.example.com/fraud:1.4"}]
              serving:
                replicas: 3
                template:
                  metadata: {labels: {team: risk}}
                  spec:
                    containers:
                    - name: model
                      lifecycle: {preStop: {sleep: {seconds: 5}}}
                      resources: {limits: {memory: 1Gi}}
                      ports: [{name: http, containerPort: 8080}]
                      readinessProbe:
                        {httpGet: {path: /ready, port: http}, periodSeconds: 1}
              traffic:
                gateway: {parentRefs: [{name: public}], hostnames: [fraud.example.com]}
            """)
        #expect(YAML.write(object) == YAML.write(expected))
        #expect(
            world.adoption.notes == [
                "the pod labels app=fraud stay behind, so that the old Service does not send to "
                    + "Slipway's pods; monitors and dashboards that look for them do not find these"
            ])
    }

    @Test func aPathIsKeptWhereTheRouteCutsItOffAsSlipwayDoes() throws {
        var world = OldWorld()
        world.rule { rule in
            rule["matches"] = [["path": ["type": "PathPrefix", "value": "/fraud"]]]
            rule["filters"] = [
                [
                    "type": "URLRewrite",
                    "urlRewrite": [
                        "path": ["type": "ReplacePrefixMatch", "replacePrefixMatch": "/"]
                    ],
                ]
            ]
        }
        #expect(world.adoption.problems == [])
        let traffic = world.adoption.object?["spec"]?["traffic"]?["gateway"]
        #expect(traffic?["path"] == "/fraud")
    }

    @Test func aNumberedPortAndASidecarComeAlong() throws {
        var world = OldWorld()
        world.service.set(["spec", "ports"], to: [["port": 80, "targetPort": 8080]])
        world.pod { spec in
            let sidecar: Document = ["name": "proxy", "image": "p:2", "ports": []]
            spec["containers"] = .array([sidecar] + (spec["containers"]?.arrayValue ?? []))
        }
        #expect(world.adoption.problems == [])
        let template = world.adoption.object?.at("spec", "serving", "template", "spec")
        #expect(template?["containers"]?[0]?["name"] == "proxy")
        #expect(template?["containers"]?[0]?["image"] == "p:2")
        #expect(template?["containers"]?[1]?["name"] == "model")
    }

    @Test func aServiceAccountThatASourceListsComesAlong() {
        var world = OldWorld()
        world.pod { $0["serviceAccountName"] = "fraud" }
        world.sources = [
            ReleaseSource(
                metadata: ObjectMetadata(name: "models", namespace: "risk"),
                spec: SourceSpec(url: "https://git.example.com/m.git", serviceAccounts: ["fraud"]))
        ]
        #expect(world.adoption.problems == [])
        let spec = world.adoption.object?.at("spec", "serving", "template", "spec")
        #expect(spec?["serviceAccountName"] == "fraud")
        // Who cannot look lets the controller decide.
        world.sources = nil
        #expect(world.adoption.problems == [])
    }

    @Test(arguments: [
        ("fraud:1.4", "1-4"), ("fraud", "1"), ("fraud:latest", "1"), ("host:5000/fraud", "1"),
        ("host:5000/fraud:V2_rc", "v2-rc"), ("fraud@sha256:aa", "1"), ("fraud:-", "1"),
    ])
    func aVersionIsNamedByTheTag(image: String, name: String) {
        var world = OldWorld()
        world.container { $0["image"] = .string(image) }
        #expect(world.adoption.object?["spec"]?["versions"]?[0]?["name"] == .string(name))
    }

    static let ofTheDeployment = [
        Obstacle("not found; there are: other") { world in
            world.request.deployment = "frod"
            world.deployment.set(["metadata", "name"], to: "other")
        },
        Obstacle("Deployment fraud is paused") { $0.deployment.set(["spec", "paused"], to: true) },
        Obstacle("Deployment fraud has no pods") {
            $0.deployment.set(["spec", "replicas"], to: 0)
        },
        Obstacle("is not at rest (2 of 3 pods") {
            $0.deployment.set(["status", "updatedReplicas"], to: 2)
        },
        Obstacle("is made by InferenceService fraud") {
            $0.deployment.set(
                ["metadata", "ownerReferences"],
                to: [["kind": "InferenceService", "name": "fraud", "controller": true]])
        },
        Obstacle("spec.template.spec.volumes[0].hostPath: `hostPath` is not allowed") {
            $0.pod { $0["volumes"] = [["name": "m", "hostPath": ["path": "/models"]]] }
        },
        Obstacle("service account `fraud` is not allowed: no ReleaseSource in namespace risk") {
            $0.pod { $0["serviceAccountName"] = "fraud" }
        },
        Obstacle("`privileged` is not allowed") {
            $0.container { $0["securityContext"] = ["privileged": true] }
        },
        Obstacle("`hostNetwork` is not allowed") { $0.pod { $0["hostNetwork"] = true } },
        Obstacle("has no readinessProbe") { $0.container { $0["readinessProbe"] = nil } },
        Obstacle("has no port named web") { $0.container { $0["ports"] = [] } },
        Obstacle("the port `http` is not the one that the Service sends to") {
            $0.container {
                $0["ports"] = [
                    ["name": "web", "containerPort": 8080], ["name": "http", "containerPort": 9],
                ]
            }
        },
        Obstacle("opens port 8080 for two protocols") {
            $0.container {
                $0["ports"] = [
                    ["name": "web", "containerPort": 8080],
                    ["name": "quic", "containerPort": 8080, "protocol": "UDP"],
                ]
            }
        },
        Obstacle("does not tell which one serves: name it with --container") { world in
            world.service.set(["spec", "ports"], to: [["port": 80, "targetPort": 9000]])
            world.pod {
                $0["containers"] = .array(
                    ($0["containers"]?.arrayValue ?? []) + [["name": "b", "image": "b"]])
            }
        },
        Obstacle("has no container x; there are: server") { $0.request.container = "x" },
        Obstacle("its container `model` is not the one that serves") { world in
            world.pod {
                $0["containers"] = .array(
                    ($0["containers"]?.arrayValue ?? []) + [["name": "model", "image": "b"]])
            }
        },
        Obstacle("the release's name: ") {
            $0.request.release = .init(namespace: "risk", name: "9x")
        },
        Obstacle("the version name: `V 1`") { $0.request.version = "V 1" },
        Obstacle("Deployment fraud is Slipway's own already") {
            $0.deployment.set(
                ["metadata", "labels"],
                to: [
                    "app.kubernetes.io/managed-by": "slipway", "slipway.dev/release": "x",
                ])
        },
    ]

    static let ofTheService = [
        Obstacle("no Service selects the pods of Deployment fraud") {
            $0.service.set(["spec", "selector"], to: ["app": "other"])
        },
        Obstacle("Service risk/frod not found") { $0.request.service = "frod" },
        Obstacle("the Services a and fraud select the pods") { world in
            var other = world.service
            other.set(["metadata", "name"], to: "a")
            world.more = [other]
            world.routes = []
        },
        Obstacle("sends to the pods of Deployment other as well") { world in
            var other = world.deployment
            other.set(["metadata", "name"], to: "other")
            world.more = [other]
        },
        Obstacle("Service fraud has no port 81, to which the route sends") {
            $0.rule { $0["backendRefs"] = [["name": "fraud", "port": 81]] }
        },
        Obstacle("appProtocol kubernetes.io/h2c is not known") {
            $0.service.set(
                ["spec", "ports"],
                to: [["port": 80, "targetPort": "web", "appProtocol": "kubernetes.io/h2c"]])
        },
        Obstacle("Service fraud selects by app.kubernetes.io/name and would take the pods") {
            $0.deployment.set(
                ["spec", "template", "metadata", "labels", "app.kubernetes.io/name"],
                to: "fraud-scorer")
            $0.service.set(["spec", "selector"], to: ["app.kubernetes.io/name": "fraud-scorer"])
        },
    ]

    static let ofTheRoute = [
        Obstacle("say with --gateway, --hostname and --path") { $0.routes = [] },
        Obstacle("HTTPRoute fraud has 2 rules") {
            $0.routes[0].set(["spec", "rules"], to: [["backendRefs": [["name": "fraud"]]], [:]])
        },
        Obstacle("HTTPRoute fraud has 2 matches") { $0.rule { $0["matches"] = [[:], [:]] } },
        Obstacle("matches by `headers`") { $0.rule { $0["matches"] = [["headers": [[:]]]] } },
        Obstacle("its path is Exact") {
            $0.rule { $0["matches"] = [["path": ["type": "Exact", "value": "/x"]]] }
        },
        Obstacle("hands the path /fraud on to the pods, and Slipway's route cuts it off") {
            $0.rule { $0["matches"] = [["path": ["type": "PathPrefix", "value": "/fraud"]]] }
        },
        Obstacle("its filters (RequestHeaderModifier) have no place") {
            $0.rule { $0["filters"] = [["type": "RequestHeaderModifier"]] }
        },
        Obstacle("`timeouts` has no place") { $0.rule { $0["timeouts"] = ["request": "1s"] } },
        Obstacle("filters of a backend have no place") {
            $0.rule { $0["backendRefs"] = [["name": "fraud", "port": 80, "filters": [[:]]]] }
        },
        Obstacle("sends to fraud and other; only a route that sends everything") {
            $0.rule {
                $0["backendRefs"] = [
                    ["name": "fraud", "port": 80], ["name": "other", "port": 80],
                ]
            }
        },
        Obstacle("is attached to a Service; Slipway knows only Gateways") {
            $0.routes[0].set(
                ["spec", "parentRefs"], to: [["kind": "Service", "name": "x", "group": ""]])
        },
        Obstacle("is attached to no Gateway") { $0.routes[0].set(["spec", "parentRefs"], to: []) },
        Obstacle("is in namespace web; Slipway's route is in that of its release") {
            $0.routes[0].set(["metadata", "namespace"], to: "web")
            $0.rule { $0["backendRefs"] = [["name": "fraud", "namespace": "risk", "port": 80]] }
        },
        Obstacle("the HTTPRoutes risk/b and risk/fraud lead to Service fraud") { world in
            var other = world.routes[0]
            other.set(["metadata", "name"], to: "b")
            world.routes.append(other)
        },
        Obstacle("HTTPRoute risk/frod does not lead to Service fraud") {
            $0.request.route = "frod"
        },
        Obstacle("has the release's name and is kept by Helm release web") { world in
            world.routes[0].set(["metadata", "name"], to: "fraud-scorer")
            world.routes[0].set(
                ["metadata", "annotations"], to: ["meta.helm.sh/release-name": "web"])
        },
    ]

    @Test(arguments: ofTheDeployment + ofTheService + ofTheRoute)
    func whatCannotBeTakenOverIsRefusedByName(obstacle: Obstacle) {
        var world = OldWorld()
        obstacle.change(&world)
        let adoption = world.adoption
        #expect(adoption.problems.contains { $0.contains(obstacle.says) }, "\(adoption.problems)")
        #expect(adoption.next(.takeOver) == .refused(adoption.problems))
    }

    static let worthKnowing = [
        Obstacle("HorizontalPodAutoscaler h scales Deployment fraud and not Slipway's") {
            $0.referrers = [
                [
                    "kind": "HorizontalPodAutoscaler", "metadata": ["name": "h"],
                    "spec": ["scaleTargetRef": ["kind": "Deployment", "name": "fraud"]],
                ]
            ]
        },
        Obstacle("PodDisruptionBudget p does not cover Slipway's pods") {
            $0.referrers = [
                [
                    "kind": "PodDisruptionBudget", "metadata": ["name": "p"],
                    "spec": ["selector": ["matchLabels": ["app": "fraud"]]],
                ]
            ]
        },
        Obstacle("NetworkPolicy n does not cover Slipway's pods") {
            $0.referrers = [
                [
                    "kind": "NetworkPolicy", "metadata": ["name": "n"],
                    "spec": [
                        "podSelector": [
                            "matchExpressions": [
                                ["key": "app", "operator": "In", "values": ["fraud"]]
                            ]
                        ]
                    ],
                ]
            ]
        },
        Obstacle("Ingress i sends to Service fraud and goes on sending") {
            $0.referrers = [
                [
                    "kind": "Ingress", "metadata": ["name": "i"],
                    "spec": ["defaultBackend": ["service": ["name": "fraud"]]],
                ]
            ]
        },
        Obstacle("GRPCRoute g sends to Service fraud and goes on sending") {
            $0.referrers = [
                [
                    "kind": "GRPCRoute", "metadata": ["name": "g", "namespace": "risk"],
                    "spec": ["rules": [["backendRefs": [["name": "fraud"]]]]],
                ]
            ]
        },
        Obstacle("Service fraud is of type LoadBalancer") {
            $0.service.set(["spec", "type"], to: "LoadBalancer")
        },
        Obstacle("Slipway's Services open the one port that the route needs, not 9000") {
            $0.service.set(
                ["spec", "ports"], to: [["port": 80, "targetPort": "web"], ["port": 9000]])
        },
        Obstacle("has no preStop hook") { $0.container { $0["lifecycle"] = nil } },
        Obstacle("topologySpreadConstraints may select pods by labels that stay behind") {
            $0.pod { $0["topologySpreadConstraints"] = [["maxSkew": 1]] }
        },
        Obstacle("minReadySeconds (5) is not carried over") {
            $0.deployment.set(["spec", "minReadySeconds"], to: 5)
        },
        Obstacle("Service fraud is kept by Argo CD") {
            $0.service.set(
                ["metadata", "annotations"], to: ["argocd.argoproj.io/tracking-id": "x"])
        },
        Obstacle("HTTPRoute risk/b goes on sending to the old pods") { world in
            var other = world.routes[0]
            other.set(["metadata", "name"], to: "b")
            other.set(["spec", "hostnames"], to: ["b.example.com"])
            world.routes.append(other)
            world.request.route = "fraud"
        },
        Obstacle("no HTTPRoute leads to Service fraud: who calls it reaches the old pods") {
            $0.routes = []
            $0.request.traffic = GatewayTraffic(parentRefs: [.init(name: "public")])
        },
    ]

    @Test(arguments: worthKnowing)
    func whatStaysBehindIsSaid(fact: Obstacle) {
        var world = OldWorld()
        fact.change(&world)
        #expect(world.adoption.problems == [])
        #expect(world.adoption.notes.contains { $0.contains(fact.says) }, "\(world.adoption.notes)")
    }

    /// A policy for all pods covers Slipway's as well.
    @Test func whatCoversTheNewPodsTooIsNotSaid() {
        var world = OldWorld()
        world.referrers = [
            ["kind": "NetworkPolicy", "metadata": ["name": "n"], "spec": ["podSelector": [:]]],
            [
                "kind": "PodDisruptionBudget", "metadata": ["name": "p"],
                "spec": ["selector": ["matchLabels": ["team": "risk"]]],
            ],
        ]
        #expect(world.adoption.notes.count == 1)
    }
}
