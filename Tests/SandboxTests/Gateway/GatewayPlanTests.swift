import ControlPlane
import Domain
import Testing

@testable import Sandbox

/// Objects become Envoy's configuration, and what cannot be served is said.
@Suite struct GatewayPlanTests {
    @Test func weightsBecomeWeightedClusters() {
        let plan = GatewayPlan(
            Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 75, "v2": 25]))))
        let clusters = plan.envoyRoutes().first?.at("route", "weighted_clusters", "clusters")
        #expect(
            clusters == [
                ["name": "risk/v1:80", "weight": 75], ["name": "risk/v2:80", "weight": 25],
            ])
        #expect(plan.resources.needs == ["127.0.0.1:8000": ["risk/v1:80", "risk/v2:80"]])
        #expect(Set(plan.resources.clusters.keys) == ["risk/v1:80", "risk/v2:80"])
        #expect(plan.reasons() == ["Accepted", "ResolvedRefs"])
    }

    @Test func aBackendWithoutWeightIsKeptWarmButNotNamed() {
        let plan = GatewayPlan(
            Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 1, "v2": 0]))))
        let clusters = plan.envoyRoutes().first?.at("route", "weighted_clusters", "clusters")
        #expect(clusters == [["name": "risk/v1:80", "weight": 1]])
        #expect(plan.resources.endpoints["risk/v2:80"] != nil)
    }

    @Test func theShareOfMissingBackendsIsAnError() {
        let plan = GatewayPlan(
            Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 3, "missing": 1]))))
        let routes = plan.envoyRoutes()
        #expect(routes.count == 2)
        #expect(routes.first?.at("direct_response", "status") == 500)
        let share = routes.first?.at("match", "runtime_fraction", "default_value")
        #expect(share == ["numerator": 250_000, "denominator": "MILLION"])
        #expect(routes.last?["match"] == ["prefix": "/"])
        #expect(plan.reasons() == ["Accepted", "BackendNotFound"])
    }

    @Test func withoutAnyWeightAllIsAnError() {
        let plan = GatewayPlan(Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 0]))))
        #expect(plan.envoyRoutes().map { $0.at("direct_response", "status") } == [500])
        #expect(plan.envoyRoutes().first?["match"] == ["prefix": "/"])
        #expect(plan.reasons() == ["Accepted", "ResolvedRefs"])
    }

    @Test func anotherNamespaceMustGrantTheReference() {
        var rule = Objects.rule("/", [:])
        rule["backendRefs"] = [["name": "far", "namespace": "away", "port": 80]]
        var snapshot = Objects.snapshot(Objects.route(rule))
        var service = Objects.service("far")
        service.set(["metadata", "namespace"], to: "away")
        snapshot.services.append(service)
        #expect(GatewayPlan(snapshot).reasons() == ["Accepted", "RefNotPermitted"])
        #expect(GatewayPlan(snapshot).resources.clusters.isEmpty)

        let grant: Document = [
            "metadata": ["name": "g", "namespace": "away"],
            "spec": [
                "from": [
                    [
                        "group": "gateway.networking.k8s.io", "kind": "HTTPRoute",
                        "namespace": "risk",
                    ]
                ],
                "to": [["group": "", "kind": "Service"]],
            ],
        ]
        snapshot.grants = [grant]
        #expect(GatewayPlan(snapshot).reasons() == ["Accepted", "ResolvedRefs"])
        #expect(Array(GatewayPlan(snapshot).resources.clusters.keys) == ["away/far:80"])
    }

    @Test func exactPathsGoBeforeLongerPrefixesBeforeHeaders() {
        func rule(_ type: String, _ path: String, _ more: Document = [:]) -> Document {
            var match: Document = ["path": ["type": .string(type), "value": .string(path)]]
            for member in more.objectValue?.members ?? [] { match[member.key] = member.value }
            return ["matches": [match], "backendRefs": [Objects.backend("v1")]]
        }
        let header: Document = ["headers": [["name": "x-team", "value": "internal"]]]
        let plan = GatewayPlan(
            Objects.snapshot(
                Objects.route(
                    rule("PathPrefix", "/"), rule("PathPrefix", "/a"), rule("Exact", "/a"),
                    rule("PathPrefix", "/a", header), rule("PathPrefix", "/a/b/"),
                    rule("RegularExpression", "/a.*"))))
        let matches = plan.envoyRoutes().map { route -> String in
            let match = route["match"] ?? [:]
            let path =
                match["path"] ?? match["safe_regex"]?["regex"] ?? match["path_separated_prefix"]
                ?? match["prefix"]
            return (path?.stringValue ?? "") + (match["headers"] == nil ? "" : "+header")
        }
        #expect(matches == ["/a", "/a.*", "/a/b", "/a+header", "/a", "/"])
    }

    @Test func theOlderRouteGoesFirst() {
        let plan = GatewayPlan(
            Objects.snapshot(
                Objects.route(Objects.rule("/", ["v2": 1]), name: "young", created: 2),
                Objects.route(Objects.rule("/", ["v1": 1]), name: "zold", created: 1)))
        let names = plan.envoyRoutes().map {
            $0.at("route", "weighted_clusters", "clusters")?[0]?["name"]
        }
        #expect(names == ["risk/v1:80", "risk/v2:80"])
    }

    @Test func theMoreExactHostNameGoesFirstAndFallsBack() {
        var snapshot = Objects.snapshot(
            Objects.route(Objects.rule("/", ["v1": 1]), name: "any"),
            Objects.route(
                Objects.rule("/x", ["v2": 1]), name: "one", hostnames: ["a.example.com"]))
        #expect(GatewayPlan(snapshot).envoyRoutes("a.example.com").count == 2)
        #expect(GatewayPlan(snapshot).envoyRoutes("*").count == 1)

        snapshot.gateways = [
            Objects.gateway("public", Objects.listener(8000, ["hostname": "*.example.com"]))
        ]
        #expect(GatewayPlan(snapshot).envoyRoutes("*.example.com").count == 1)
        snapshot.routes[0].set(["spec", "hostnames"], to: ["other.org"])
        #expect(GatewayPlan(snapshot).reasons("any")[0] == "NoMatchingListenerHostname")
        #expect(GatewayPlan(snapshot).reasons("one")[0] == "Accepted")
    }

    @Test func aListenerHasTheNamesItIsForToItself() {
        var snapshot = Objects.snapshot(
            Objects.route(
                Objects.rule("/", ["v1": 1]), parent: ["name": "public", "sectionName": "all"]))
        snapshot.gateways = [
            Objects.gateway(
                "public", Objects.listener(8000, name: "all"),
                Objects.listener(8000, ["hostname": "a.example.com"], name: "one"))
        ]
        #expect(GatewayPlan(snapshot).envoyRoutes("*").count == 1)
        #expect(GatewayPlan(snapshot).envoyRoutes("a.example.com").isEmpty)
        #expect(GatewayPlan(snapshot).gateways[0].attached == [1, 0])
    }

    @Test(arguments: [
        ("/", "/models", "prefix_rewrite", "/models/"),
        ("/fraud", "/models", "prefix_rewrite", "/models"),
        ("/fraud/", "/", "regex_rewrite", "^/fraud/*"),
        ("/fraud.v2", "/", "regex_rewrite", "^/fraud\\.v2/*"), ("/", "/", "", ""),
    ])
    func prefixesAreReplaced(path: String, to: String, kind: String, text: String) {
        let plan = GatewayPlan(
            Objects.snapshot(Objects.route(Objects.rule(path, ["v1": 1], Objects.rewrite(to)))))
        let action = plan.envoyRoutes().first?["route"]
        #expect(action?["prefix_rewrite"] == (kind == "prefix_rewrite" ? .string(text) : nil))
        #expect(
            action?.at("regex_rewrite", "pattern", "regex")
                == (kind == "regex_rewrite" ? .string(text) : nil))
    }

    @Test func mirrorsTimeoutsAndHeaders() {
        let more: Document = [
            "timeouts": ["request": "1m30s", "backendRequest": "500ms"],
            "filters": [
                [
                    "type": "RequestMirror",
                    "requestMirror": ["backendRef": Objects.backend("v2"), "percent": 25],
                ],
                [
                    "type": "RequestHeaderModifier",
                    "requestHeaderModifier": [
                        "set": [["name": "x-share", "value": "50%"]], "remove": ["x-secret"],
                    ],
                ],
            ],
        ]
        let plan = GatewayPlan(
            Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 1], more))))
        let route = plan.envoyRoutes().first
        let mirror = route?.at("route", "request_mirror_policies")?[0]
        #expect(mirror?["cluster"] == "risk/v2:80")
        #expect(mirror?.at("runtime_fraction", "default_value", "numerator") == 250_000)
        #expect(route?.at("route", "timeout") == "90.000s")
        #expect(route?.at("route", "retry_policy", "per_try_timeout") == "0.500s")
        #expect(route?["request_headers_to_add"]?[0]?.at("header", "value") == "50%%")
        #expect(route?["request_headers_to_remove"] == ["x-secret"])
    }

    @Test(
        arguments: [
            ["path": ["type": "RegularExpression", "value": "/("]],
            ["path": ["type": "Exact", "value": "no-slash"]],
            ["headers": [["name": "a b", "value": "c"]]],
        ] as [Document])
    func whatEnvoyWouldRefuseIsRefusedHere(match: Document) {
        let rule: Document = ["matches": [match], "backendRefs": [Objects.backend("v1")]]
        let plan = GatewayPlan(Objects.snapshot(Objects.route(rule)))
        #expect(plan.reasons()[0] == "UnsupportedValue")
        #expect(plan.envoyRoutes().isEmpty)
    }

    @Test func onlyReadyPodsGetRequestsUnlessAllAreEnding() {
        func addresses(_ endpoints: Document...) -> [String] {
            var snapshot = Objects.snapshot()
            snapshot.slices = [
                Objects.slice("v1", 9001), Objects.slice("v1", 9001, suffix: "b"),
            ]
            snapshot.slices[0]["endpoints"] = .array(endpoints)
            return Backends(snapshot).addresses(
                Backend(service: NamespacedName(namespace: "risk", name: "v1"), port: 80)
            ).map(\.address)
        }
        let ready = Objects.endpoint("127.1.0.1")
        let unready = Objects.endpoint("127.1.0.2", ready: false)
        let ending = Objects.endpoint("127.1.0.3", ending: true)
        #expect(addresses(ready, unready, ending) == ["127.1.0.1"])
        #expect(addresses(unready, ending) == ["127.1.0.3"])
        #expect(addresses(unready) == [])
        #expect(addresses(["addresses": ["127.1.0.9"]]) == ["127.1.0.9"])
    }

    @Test func listenersThatCannotBeSayWhy() {
        var snapshot = Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 1])))
        snapshot.gateways = [
            Objects.gateway("younger", Objects.listener(8000), created: 2),
            Objects.gateway(
                "public", Objects.listener(8000), Objects.listener(8000, name: "twin"),
                Objects.listener(8443, ["protocol": "HTTPS"], name: "tls"), created: 1),
        ]
        let plan = GatewayPlan(snapshot)
        #expect(plan.gateways.map(\.object.objectName) == ["public", "younger"])
        let problems = plan.gateways.flatMap(\.listeners).map { $0.problem ?? "" }
        #expect(
            problems == [
                "", "listener http has the same port and host name",
                "only HTTP is served here, not HTTPS",
                "127.0.0.1:8000 is taken by Gateway risk/public",
            ])
        #expect(Array(plan.resources.listeners.keys) == ["127.0.0.1:8000"])

        let taken = GatewayPlan(snapshot, unusable: ["127.0.0.1:8000": "in use"])
        #expect(taken.resources.listeners.isEmpty)
        #expect(taken.reasons()[0] == "NoReadyListener")
    }

    @Test(
        arguments: [
            (["name": "public", "sectionName": "nope"], "NoMatchingParent"),
            (["name": "public", "port": 1], "NoMatchingParent"),
            (["name": "public", "sectionName": "http", "port": 8000], "Accepted"),
        ] as [(Document, String)])
    func routesNameTheirListener(parent: Document, reason: String) {
        let plan = GatewayPlan(
            Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 1]), parent: parent)))
        #expect(plan.reasons()[0] == reason)
    }

    @Test func namespacesAreAdmittedByTheListener() {
        var route = Objects.route(
            Objects.rule("/", [:]), parent: ["name": "public", "namespace": "risk"])
        route.set(["metadata", "namespace"], to: "other")
        var snapshot = Objects.snapshot(route)
        snapshot.namespaces = [["metadata": ["name": "other", "labels": ["team": "ml"]]]]
        func reason(_ namespaces: Document) -> String {
            snapshot.gateways = [
                Objects.gateway(
                    "public",
                    Objects.listener(8000, ["allowedRoutes": ["namespaces": namespaces]]))
            ]
            return GatewayPlan(snapshot).reasons()[0]
        }
        #expect(reason(["from": "Same"]) == "NotAllowedByListeners")
        #expect(reason(["from": "All"]) == "Accepted")
        func selector(_ team: String) -> Document {
            ["from": "Selector", "selector": ["matchLabels": ["team": .string(team)]]]
        }
        #expect(reason(selector("ml")) == "Accepted")
        #expect(reason(selector("web")) == "NotAllowedByListeners")
    }

    @Test func gatewaysOfOthersAreLeftAlone() {
        var snapshot = Objects.snapshot(Objects.route(Objects.rule("/", ["v1": 1])))
        snapshot.classes[0].set(["spec", "controllerName"], to: "example.com/other")
        let plan = GatewayPlan(snapshot)
        #expect(plan.gateways.isEmpty && plan.routes.isEmpty && plan.classes.isEmpty)
        #expect(plan.resources == EnvoyResources())
    }

    @Test(
        arguments: [
            ("10s", 10_000), ("1h30m", 5_400_000), ("500ms", 500), ("0s", 0), ("10", nil),
            ("", nil),
            ("-1s", nil), ("1d", nil), ("100000s", nil),
        ] as [(String, Int64?)])
    func durationsAreThoseOfTheGatewayAPI(text: String, milliseconds: Int64?) {
        #expect(GatewayDuration.milliseconds(text) == milliseconds)
    }
}
