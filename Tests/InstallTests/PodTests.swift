import Domain
import Testing

/// What the controller's own pod is like, whatever the values.
@Suite(.timeLimit(.minutes(5))) struct PodTests {
    static let values: [Document] = [
        [:], ["onlyNamespace": "risk"], ["serviceMonitor": ["enabled": true]],
    ]

    /// Pod Security Standards, level "restricted", as far as a pod can offend against it.
    @Test(arguments: values)
    func itIsRestricted(values: Document) async throws {
        let deployment = try #require(await Chart.render(values).object("Deployment", "slipway"))
        let pod = try #require(deployment.at("spec", "template", "spec"))
        for host in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
            #expect(pod[host] == nil)
        }
        let context = try #require(pod["securityContext"])
        #expect(context["runAsNonRoot"] == true)
        #expect(context.at("seccompProfile", "type") == "RuntimeDefault")
        #expect((context["runAsUser"]?.intValue ?? 0) > 0)
        let containers =
            (pod["containers"]?.arrayValue ?? []) + (pod["initContainers"]?.arrayValue ?? [])
        #expect(!containers.isEmpty)
        for container in containers {
            let own = try #require(container["securityContext"])
            #expect(own["allowPrivilegeEscalation"] == false)
            #expect(own["readOnlyRootFilesystem"] == true)
            #expect(own.at("capabilities", "drop") == ["ALL"])
            #expect(own.at("capabilities", "add") == nil)
            #expect(own["privileged"] == nil && own["procMount"] == nil)
            #expect(container.at("resources", "requests", "memory") != nil)
            #expect(container.at("resources", "limits", "memory") != nil)
            for port in container["ports"]?.arrayValue ?? [] { #expect(port["hostPort"] == nil) }
            for probe in ["livenessProbe", "readinessProbe"] {
                #expect(container.at(probe, "httpGet", "host") == nil)
            }
        }
        let allowed = [
            "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
            "projected", "secret",
        ]
        for volume in pod["volumes"]?.arrayValue ?? [] {
            let types = (volume.objectValue?.keys ?? []).filter { $0 != "name" }
            #expect(types.allSatisfy(allowed.contains), "\(types)")
            if let directory = volume["emptyDir"] { #expect(directory["sizeLimit"] != nil) }
        }
    }

    @Test func itsTokenEndsSoonAndIsMountedByHand() async throws {
        let chart = try await Chart.render([:])
        let pod = try #require(
            chart.object("Deployment", "slipway")?.at("spec", "template", "spec"))
        #expect(pod["automountServiceAccountToken"] == false)
        #expect(
            chart.object("ServiceAccount", "slipway")?["automountServiceAccountToken"] == false)
        let sources = (pod["volumes"]?.arrayValue ?? []).flatMap {
            $0.at("projected", "sources")?.arrayValue ?? []
        }
        let token = try #require(sources.compactMap { $0["serviceAccountToken"] }.first)
        #expect((token["expirationSeconds"]?.intValue ?? .max) <= 3600)
    }

    /// Whatever selects the controller's pods selects them, by labels that never change.
    @Test func selectorsFit() async throws {
        let chart = try await Chart.render([
            "serviceMonitor": ["enabled": true], "podLabels": ["team": "ml"],
        ])
        let deployment = try #require(chart.object("Deployment", "slipway"))
        let labels = try #require(deployment.at("spec", "template", "metadata", "labels"))
        #expect(labels["team"] == "ml")
        let service = try #require(chart.object("Service", "slipway"))
        let selectors: [Document?] = [
            deployment.at("spec", "selector", "matchLabels"), service.at("spec", "selector"),
            chart.object("PodDisruptionBudget", "slipway")?.at("spec", "selector", "matchLabels"),
            chart.object("NetworkPolicy", "slipway")?.at("spec", "podSelector", "matchLabels"),
        ]
        for selector in selectors {
            let members = try #require(selector?.objectValue?.members)
            #expect(
                members.map(\.key).sorted() == [
                    "app.kubernetes.io/instance", "app.kubernetes.io/name",
                ])
            for member in members { #expect(labels[member.key] == member.value) }
        }
        let monitor = try #require(chart.object("ServiceMonitor", "slipway"))
        let monitored = monitor.at("spec", "selector", "matchLabels")?.objectValue?.members ?? []
        #expect(!monitored.isEmpty)
        for member in monitored {
            #expect(service.at("metadata", "labels", member.key) == member.value)
        }
        let container = try #require(
            deployment.at("spec", "template", "spec")?["containers"]?[0])
        let ports = (container["ports"]?.arrayValue ?? []).compactMap { $0["name"] }
        #expect(ports == ["http"])
        #expect(service.at("spec", "ports")?[0]?["targetPort"] == "http")
        #expect(monitor.at("spec", "endpoints")?[0]?["port"] == "http")
        for probe in ["livenessProbe", "readinessProbe"] {
            #expect(container.at(probe, "httpGet", "port") == "http")
        }
    }

    /// The Lease that the controller is told of is the one that is there, and that it may write.
    @Test(arguments: values)
    func theLeaseIsThere(values: Document) async throws {
        let chart = try await Chart.render(values)
        let arguments =
            chart.object("Deployment", "slipway")?.at("spec", "template", "spec")?["containers"]?[
                0]?[
                "args"]?.arrayValue ?? []
        #expect(arguments.contains("--lease-name=slipway-controller"))
        #expect(arguments.contains("--lease-namespace=slipway-system"))
        let lease = try #require(chart.object("Lease", "slipway-controller"))
        #expect(lease.at("metadata", "namespace") == "slipway-system")
        #expect(lease["spec"] == nil, "an upgrade must not take it from the leader")
        let only = values["onlyNamespace"]?.stringValue
        #expect(
            arguments.contains { $0.stringValue?.hasPrefix("--namespace=") == true }
                == (only != nil))
    }
}
