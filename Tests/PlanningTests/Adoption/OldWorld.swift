import API
import Documents
import Domain
import Planning
import Resources

/// A model as teams serve it before Slipway, and what a take-over makes of it: objects as an API
/// server answers, each open to change.
struct OldWorld {
    static let now = Timestamp(milliseconds: 1_800_000_000_000)
    static let name = NamespacedName(namespace: "risk", name: "fraud-scorer")

    var deployment = OldWorld.yaml(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: fraud, namespace: risk, uid: d-1, resourceVersion: "5", generation: 2}
        spec:
          replicas: 3
          progressDeadlineSeconds: 600
          selector: {matchLabels: {app: fraud}}
          template:
            metadata: {labels: {app: fraud, team: risk}, creationTimestamp: null}
            spec:
              restartPolicy: Always
              dnsPolicy: ClusterFirst
              schedulerName: default-scheduler
              securityContext: {}
              terminationGracePeriodSeconds: 30
              containers:
              - name: server
                image: registry.example.com/fraud:1.4
                imagePullPolicy: IfNotPresent
                resources: {limits: {memory: 1Gi}}
                terminationMessagePath: /dev/termination-log
                terminationMessagePolicy: File
                lifecycle: {preStop: {sleep: {seconds: 5}}}
                ports: [{name: web, containerPort: 8080, protocol: TCP}]
                readinessProbe:
                  httpGet: {path: /ready, port: web, scheme: HTTP}
                  timeoutSeconds: 1
                  periodSeconds: 1
                  successThreshold: 1
                  failureThreshold: 3
        status:
          {observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3,
          availableReplicas: 3}
        """)
    var service = OldWorld.yaml(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: fraud, namespace: risk, uid: s-1, resourceVersion: "6"}
        spec:
          type: ClusterIP
          selector: {app: fraud}
          ports: [{port: 80, targetPort: web, protocol: TCP}]
        """)
    var routes: [Document] = [
        OldWorld.yaml(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata:
              {name: fraud, namespace: risk, uid: r-1, resourceVersion: "7", generation: 1,
              creationTimestamp: "2026-01-01T00:00:00Z"}
            spec:
              parentRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: public}]
              hostnames: [fraud.example.com]
              rules:
              - matches: [{path: {type: PathPrefix, value: /}}]
                backendRefs: [{group: "", kind: Service, name: fraud, port: 80, weight: 1}]
            """)
    ]
    var more: [Document] = []
    var referrers: [Document] = []
    var release: ModelRelease?
    var sources: [ReleaseSource]? = []
    var request = AdoptionRequest(release: OldWorld.name, deployment: "fraud")
    /// Without them, for what is left after the end.
    var isGone = false

    var adoption: Adoption {
        let old = isGone ? [] : [deployment, service]
        return Adoption(
            request,
            AdoptionSight(
                deployments: (old + more).filter { $0["kind"] == "Deployment" },
                services: (old + more).filter { $0["kind"] == "Service" }, routes: routes,
                referrers: referrers, release: release,
                sources: sources),
            now: Self.now)
    }

    static func yaml(_ text: String) -> Document {
        // swift-format-ignore: NeverUseForceTry
        try! YAML.parse(text)[0].document
    }

    // MARK: Changes

    /// Changes the pod's spec.
    mutating func pod(_ change: (inout Document) -> Void) {
        var spec = deployment.at("spec", "template", "spec") ?? [:]
        change(&spec)
        deployment.set(["spec", "template", "spec"], to: spec)
    }

    /// Changes the container that serves.
    mutating func container(_ change: (inout Document) -> Void) {
        pod { spec in
            var containers = spec["containers"]?.arrayValue ?? []
            change(&containers[0])
            spec["containers"] = .array(containers)
        }
    }

    /// Changes the only rule of the route.
    mutating func rule(_ change: (inout Document) -> Void) {
        var rule = routes[0]["spec"]?["rules"]?[0] ?? [:]
        change(&rule)
        routes[0].set(["spec", "rules"], to: [rule])
    }

    /// As the cluster is when Slipway's version is ready behind the older route.
    mutating func declare(_ change: (inout ReleaseStatus) -> Void = { _ in }) throws {
        let document = adoption.object ?? [:]
        guard case .decoded(var release) = ModelRelease.decode(document, resolved: true) else {
            throw CancellationError()
        }
        release.metadata.uid = "m-1"
        release.metadata.generation = 1
        let version = release.spec.versions[0]
        let digest = release.spec.digest(of: version)
        release.status.observedGeneration = 1
        release.status.phase = .progressing
        release.status.message = "releasing 1-4"
        release.status.attempt = Attempt(
            intent: 1, target: release.declaredShares, new: [digest], step: 0,
            confirmedAt: Self.now - .seconds(11), startedAt: Self.now - .seconds(60), commit: "",
            author: "")
        release.status.versions = [
            VersionStatus(
                digest: digest, version: version.name, weight: 100, ready: 3, desired: 3,
                health: .healthy, since: Self.now - .seconds(60))
        ]
        change(&release.status)
        self.release = release
        var made = VersionObjects.render(release: release, version: version, digest: digest)
            .deployment
        made.set(["metadata", "generation"], to: 1)
        made["status"] = ["observedGeneration": 1, "replicas": 3, "readyReplicas": 3]
        more = [made]
        guard case .gateway(let traffic) = release.spec.traffic,
            let split = release.spec.weights
        else { throw CancellationError() }
        var route = GatewayRouter(release: release.metadata, traffic: traffic)
            .object(.init(split: split, refused: nil, epoch: 1))
        route.set(["metadata", "generation"], to: 1)
        routes.append(Self.accepted(route))
    }

    /// The route with the word of its Gateway.
    static func accepted(_ route: Document, generation: Int64 = 1) -> Document {
        var route = route
        let conditions = ["Accepted", "ResolvedRefs"].map { type -> Document in
            [
                "type": .string(type), "status": "True", "reason": .string(type),
                "observedGeneration": .integer(generation),
                "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "",
            ]
        }
        route["status"] = [
            "parents": [["parentRef": ["name": "public"], "conditions": .array(conditions)]]
        ]
        return route
    }

    /// As the route is once it is detached.
    mutating func detach() {
        let parents = routes[0].at("spec", "parentRefs") ?? []
        routes[0].set(
            ["metadata", "annotations"],
            to: [
                "slipway.dev/adopted-by": "fraud-scorer",
                "slipway.dev/adopted-parents": .string(parents.canonicalJSONString()),
            ])
        routes[0].set(["spec", "parentRefs"], to: [])
    }
}
