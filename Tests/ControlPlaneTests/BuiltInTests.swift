import API
import Documents
import Domain
import Testing

@testable import ControlPlane

@Suite struct QuantityTests {
    @Test(arguments: [
        ("1000m", "1"), ("1024Mi", "1Gi"), ("0.5", "500m"), ("2", "2"), ("1500m", "1500m"),
        ("1e3", "1e3"), ("12E", "12E"), ("1.5Gi", "1536Mi"), ("100Ki", "100Ki"), ("0", "0"),
        ("1000000", "1M"), ("-1", "-1"), ("0.1n", "1n"), ("512Mi", "512Mi"), ("1Ki", "1Ki"),
        ("8000000000000000000.5", "8000000000000000000500m"),
    ])
    func hasOneSpelling(text: String, expected: String) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.canonical == expected)
        #expect(Quantity(quantity.canonical)?.canonical == expected)
    }

    @Test(arguments: [
        "", "12potatoes", "1.2.3", "m", ".", "1e99", "99999999999999999999999",
        // Beyond what its arithmetic holds, at each of its steps.
        "147573952589676412928Ei", "999999999999999999999E",
        "170141183460469231731.687303715884105727",
    ])
    func refuses(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test func compares() throws {
        #expect(try #require(Quantity("2")) > #require(Quantity("1500m")))
        #expect(try #require(Quantity("1Gi")) > #require(Quantity("1G")))
    }
}

@Suite struct BuiltInKindsTests {
    private let context = WriteContext(now: Timestamp(milliseconds: 0), manager: "test")

    private func made(_ kind: ResourceKind, _ object: String) throws -> Document {
        var store = Store()
        return try store.create(kind, namespace: "default", JSON.parse(object), context)
    }

    private func problems(_ kind: ResourceKind, _ object: String) throws -> [String] {
        var store = Store()
        do {
            try store.create(kind, namespace: "default", JSON.parse(object), context)
            return []
        } catch let status as APIStatus {
            return (status.details?.causes ?? []).map(\.text)
        }
    }

    private func deployment(_ container: String, _ more: String = "") -> String {
        """
        {"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"app":"web"}},\(more)
        "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[\(container)]}}}}
        """
    }

    @Test func fillsInADeployment() throws {
        let object = try made(
            .deployment,
            deployment(
                #"{"name":"s","image":"r/m:1","ports":[{"containerPort":80}],"#
                    + #""readinessProbe":{"httpGet":{"port":80}},"unknown":1,"#
                    + #""resources":{"limits":{"memory":"1024Mi"}}}"#, #""paused":false,"#))
        let container = object.at("spec", "template", "spec", "containers")?[0]
        let expected = try JSON.parse(
            """
            {"name":"s","image":"r/m:1","ports":[{"containerPort":80,"protocol":"TCP"}],
            "readinessProbe":{"httpGet":{"path":"/","port":80,"scheme":"HTTP"},
            "timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},
            "resources":{"limits":{"memory":"1Gi"}},"imagePullPolicy":"IfNotPresent",
            "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}
            """)
        #expect(container == expected)
        #expect(object.at("spec", "paused") == nil)
        #expect(
            object.at("spec", "strategy") == [
                "type": "RollingUpdate",
                "rollingUpdate": ["maxSurge": "25%", "maxUnavailable": "25%"],
            ])
        #expect(object.at("spec", "template", "spec", "schedulerName") == "default-scheduler")
        #expect(object.at("spec", "progressDeadlineSeconds") == 600)
    }

    @Test func fillsInAPod() throws {
        let pod = try made(
            .pod,
            #"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"s","image":"m","resources":{"#
                + #""limits":{"cpu":"1","memory":"1Gi"}}}]}}"#)
        #expect(pod["status"] == ["phase": "Pending", "qosClass": "Guaranteed"])
        #expect(pod.at("spec", "serviceAccountName") == "default")
        #expect(pod.at("spec", "tolerations")?.arrayValue?.count == 2)
        #expect(pod.at("spec", "containers")?[0]?["imagePullPolicy"] == "Always")
        #expect(
            pod.at("spec", "containers")?[0]?.at("resources", "requests", "cpu") == "1")
    }

    @Test func fillsInAServiceAndASecret() throws {
        let service = try made(
            .service, #"{"metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}"#)
        #expect(
            service.at("spec", "ports") == [
                ["port": 80, "protocol": "TCP", "targetPort": 80]
            ])
        #expect(service.at("spec", "ipFamilyPolicy") == "SingleStack")
        let secret = try made(
            .secret, #"{"metadata":{"name":"s"},"stringData":{"a":"hi","b":"abc"}}"#)
        #expect(secret["data"] == ["a": "aGk=", "b": "YWJj"])
        #expect(secret["type"] == "Opaque")
        #expect(secret["stringData"] == nil)
    }

    @Test(arguments: [
        (
            #"{"name":"s","image":""}"#, "",
            ["spec.template.spec.containers[0].image: Required value"]
        ),
        (
            #"{"name":"s","image":"m"},{"name":"s","image":"m"}"#, "",
            [#"spec.template.spec.containers[1].name: Duplicate value: "s""#]
        ),
        (
            #"{"name":"s","image":"m","ports":[{"containerPort":70000}]}"#, "",
            [
                "spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: "
                    + "must be between 1 and 65535, inclusive"
            ]
        ),
        (
            #"{"name":"s","image":"m"}"#, #""replicas":-1,"#,
            ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]
        ),
        (
            #"{"name":"s","image":"m"}"#, #""strategy":{"type":"Blue"},"#,
            [
                "spec.strategy: Unsupported value: {\"Type\":\"Blue\",\"RollingUpdate\":null}: "
                    + "supported values: \"Recreate\", \"RollingUpdate\""
            ]
        ),
        (
            #"{"name":"s","image":"m"}"#,
            #""strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}},"#,
            [
                "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when "
                    + "`maxSurge` is 0"
            ]
        ),
        (
            #"{"name":"s","image":"m","volumeMounts":[{"name":"no","mountPath":"/m"}]}"#, "",
            [#"spec.template.spec.containers[0].volumeMounts[0].name: Not found: "no""#]
        ),
    ])
    func refusesADeployment(container: String, more: String, expected: [String]) throws {
        #expect(try problems(.deployment, deployment(container, more)) == expected)
    }

    @Test func refusesAnEmptyDeployment() throws {
        #expect(
            try problems(.deployment, #"{"metadata":{"name":"web"}}"#) == [
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: null: `selector` does not match "
                    + "template `labels`",
                "spec.template.spec.containers: Required value",
            ])
    }

    @Test func refusesOthers() throws {
        #expect(
            try problems(
                .service, #"{"metadata":{"name":"a"},"spec":{"ports":[{"port":1},{"port":2}]}}"#)
                == ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"])
        #expect(
            try problems(.configMap, #"{"metadata":{"name":"a"},"data":{"bad key":"1"}}"#).count
                == 1)
        #expect(
            try problems(
                .podDisruptionBudget, #"{"metadata":{"name":"a"},"spec":{"minAvailable":"150%"}}"#)
                == ["spec.minAvailable: Invalid value: \"150%\": must not be greater than 100%"])
    }

    @Test func refusesChangesOfWhatIsFixed() throws {
        var store = Store()
        let object = try JSON.parse(deployment(#"{"name":"s","image":"m"}"#))
        try store.create(.deployment, namespace: "default", object, context)
        let key = ResourceKey(.deployment, namespace: "default", name: "web")
        #expect(throws: APIStatus.self) {
            try store.update(key, context) { object in
                var new = object
                new.set(["spec", "selector"], to: ["matchLabels": ["app": "other"]])
                new.set(["spec", "template", "metadata", "labels"], to: ["app": "other"])
                return new
            }
        }
        let frozen: Document = ["metadata": ["name": "a"], "immutable": true, "data": ["k": "1"]]
        try store.create(.configMap, namespace: "default", frozen, context)
        let map = ResourceKey(.configMap, namespace: "default", name: "a")
        #expect(throws: APIStatus.self) {
            try store.update(map, context) { object in
                var new = object
                new["data"] = ["k": "2"]
                return new
            }
        }
    }
}

@Suite struct OwnerReferenceRulesTests {
    private func owner(_ name: String, uid: String = "u") -> Document {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "name": .string(name), "uid": .string(uid),
            "controller": true,
        ]
    }

    @Test func onlyOneMayBeTheController() {
        let object: Document = ["metadata": ["ownerReferences": [owner("x"), owner("y")]]]
        let problems = OwnerReferenceRules.problems(of: object).map(\.message)
        #expect(problems.count == 1)
        #expect(
            problems.first?.hasSuffix(
                #""uid":"u","controller":true}]: Only one reference can have Controller set to "#
                    + #"true. Found "true" in references for ConfigMap/x and ConfigMap/y"#) == true)
    }

    @Test func everyPartIsNeeded() {
        let object: Document = ["metadata": ["ownerReferences": [owner("x", uid: "")]]]
        #expect(
            OwnerReferenceRules.problems(of: object).map(\.text) == [
                "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty"
            ])
    }
}

/// What `kubectl` shows and explains.
@Suite struct ReadingTests {
    private func cells(_ server: inout Server, _ path: String) throws -> [String] {
        let answer = try server.send(
            "GET", path,
            headers: [(name: "Accept", value: "application/json;as=Table;v=v1;g=meta.k8s.io")])
        let columns = answer.document?["columnDefinitions"]?.arrayValue ?? []
        let cells = answer.document?["rows"]?.arrayValue?.first?["cells"]?.arrayValue ?? []
        return zip(columns, cells).map {
            "\($0["name"]?.stringValue ?? ""): \($1.stringValue ?? $1.inMessage)"
        }
    }

    @Test(arguments: [
        (
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            #"{"metadata":{"name":"x"},"spec":{"maxReplicas":3,"minReplicas":2,"metrics":[{"#
                + #""type":"Resource","resource":{"name":"cpu","#
                + #""target":{"type":"Utilization","averageUtilization":50}}}],"#
                + #""scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"w"}}}"#,
            [
                "Name: x", "Reference: Deployment/w", "Targets: cpu: <unknown>/50%", "MinPods: 2",
                "MaxPods: 3", "Replicas: 0",
            ]
        ),
        (
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            #"{"metadata":{"name":"x"},"spec":{"minAvailable":"50%"}}"#,
            ["Name: x", "Min Available: 50%", "Max Unavailable: N/A", "Allowed Disruptions: 0"]
        ),
        (
            "/api/v1/nodes", #"{"metadata":{"name":"x"},"spec":{"unschedulable":true}}"#,
            ["Name: x", "Status: NotReady,SchedulingDisabled", "Roles: <none>"]
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            #"{"metadata":{"name":"x"},"roleRef":{"kind":"ClusterRole","name":"view"}}"#,
            ["Name: x", "Role: ClusterRole/view"]
        ),
    ])
    func tablesTellTheStory(path: String, object: String, expected: [String]) throws {
        var server = try Server()
        #expect(try server.send("POST", path, object).status == 201)
        #expect(try cells(&server, path).prefix(expected.count) == expected[...])
    }

    @Test func customResourcesAreExplained() throws {
        var server = try Server(definitions: APIDefinitions.all.map(\.definition))
        let page = try server.send("GET", "/openapi/v3/apis/slipway.dev/v1alpha1").document
        let schema = page?.at("components", "schemas", "dev.slipway.v1alpha1.ModelRelease")
        #expect(
            schema?["x-kubernetes-group-version-kind"] == [
                ["group": "slipway.dev", "version": "v1alpha1", "kind": "ModelRelease"]
            ])
        let versions = schema?.at("properties", "spec", "properties")?["versions"]
        #expect(versions?["type"] == "array")
        #expect(versions?["description"]?.stringValue?.isEmpty == false)
    }
}
