import Documents
import Domain
import Foundation
import Resources
import Testing

/// The chart through a real Helm, and `Manifests/install.yaml` beside it.
@Suite(.timeLimit(.minutes(5))) struct ChartTests {
    /// Nothing of the chart but who installed it is missing from the file, and nothing is added
    /// but the namespace. `SLIPWAY_UPDATE=1` writes the file anew.
    @Test func theManifestHoldsWhatTheChartRenders() async throws {
        let chart = try await Chart.render(["namespace": ["create": true]])
        #expect(chart.kinds().first == "Namespace")
        try hold(
            "Manifests/install.yaml", chart,
            title: "# Made from Charts/slipway. Apply Manifests/crds first.\n")
    }

    /// Values that change the most, and what becomes of them.
    static let renderings: [(String, Document)] = [
        ("namespaced", ["onlyNamespace": "risk"]),
        (
            "everything",
            [
                "replicas": 3, "clusterName": "eu", "logLevel": "debug", "logFormat": "text",
                "image": [
                    "repository": "registry.example.com/slipway", "tag": "9",
                    "pullPolicy": "Always",
                ],
                "imagePullSecrets": [["name": "registry"]],
                "extraArgs": ["--drain=1m", "--require=\"quotes\""],
                "extraEnv": [["name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"]],
                "serviceAccount": ["annotations": ["example.com/a": "b"]],
                "priorityClassName": "system-cluster-critical",
                "tolerations": [["key": "infra", "operator": "Exists"]],
                "affinity": ["nodeAffinity": [:]], "podLabels": ["team": "ml"],
                "podAnnotations": ["example.com/c": "d"],
                "networkPolicy": [
                    "ingressFrom": [["namespaceSelector": [:]]], "egressPorts": [443],
                    "extraEgress": [["ports": [["port": 9090]]]],
                ],
                "serviceMonitor": ["enabled": true, "labels": ["release": "prometheus"]],
            ]
        ),
        (
            "little",
            [
                "replicas": 1, "rbac": ["autoscalers": false, "nodes": false],
                "podDisruptionBudget": ["enabled": false], "networkPolicy": ["enabled": false],
            ]
        ),
    ]

    @Test(arguments: renderings)
    func renderingsAreKnown(name: String, values: Document) async throws {
        try await hold("Tests/InstallTests/Golden/\(name).yaml", Chart.render(values))
    }

    private func hold(_ path: String, _ chart: Chart.Rendering, title: String = "") throws {
        #expect(chart.complaints == [])
        let text = title + YAML.write(chart.objects.map(\.plain))
        let file = Chart.root.appendingPathComponent(path)
        if Chart.updates { try Data(text.utf8).write(to: file) }
        #expect(
            try String(contentsOf: file, encoding: .utf8) == text,
            "\(path) is out of date: look at it after a run with SLIPWAY_UPDATE=1")
    }

    @Test func theDefinitionsComeAlong() async throws {
        let folder = Chart.root.appendingPathComponent("Manifests/crds").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(try await Chart.definitions() == files.map { "crds/\($0)" })
    }

    // MARK: Rights

    static let grants: [(Document, [Right.Part])] = [
        ([:], Right.Part.allCases.filter { !$0.isOnRequest }),
        (["rbac": ["configMaps": true, "secrets": true]], Right.Part.allCases),
        (
            ["onlyNamespace": "risk", "rbac": ["configMaps": true]],
            [.releases, .autoscalers, .configmaps, .election]
        ),
        (["rbac": ["nodes": false]], [.releases, .autoscalers, .election]),
        (["rbac": ["autoscalers": false]], [.releases, .nodes, .election]),
        (["onlyNamespace": "risk"], [.releases, .autoscalers, .election]),
        (["rbac": ["create": false]], []),
    ]

    @Test(arguments: grants)
    func rolesGiveTheRightsAndNothingElse(values: Document, parts: [Right.Part]) async throws {
        let chart = try await Chart.render(values)
        let only = values["onlyNamespace"]?.stringValue
        let names: [Right.Part: String] = [
            .releases: "slipway", .autoscalers: "slipway-autoscalers", .nodes: "slipway-nodes",
            .configmaps: "slipway-configmaps", .secrets: "slipway-secrets",
            .election: "slipway-election",
        ]
        let roles = chart.objects.filter { $0["kind"]?.stringValue?.hasSuffix("Role") == true }
        #expect(Set(roles.map(\.objectName)) == Set(parts.compactMap { names[$0] }))
        for part in parts {
            let name = try #require(names[part])
            let place = part == .election ? "slipway-system" : only
            let kind = place == nil ? "ClusterRole" : "Role"
            let role = try #require(chart.object(kind, name))
            #expect(role["rules"] == Right.rules(of: part))
            let binding = try #require(chart.object("\(kind)Binding", name))
            for object in [role, binding] {
                #expect(object.at("metadata", "namespace")?.stringValue == place)
            }
            #expect(binding.at("roleRef", "name") == .string(name))
            #expect(binding.at("roleRef", "kind") == .string(kind))
            #expect(
                binding["subjects"] == [
                    ["kind": "ServiceAccount", "name": "slipway", "namespace": "slipway-system"]
                ])
        }
        #expect(only == nil || !chart.kinds().contains { $0.hasPrefix("Cluster") })
    }

    // MARK: Values

    static let wrong: [(Document, String)] = [
        (["replicaCount": 3], "replicaCount"),
        (["replicas": "two"], "replicas"), (["replicas": -1], "replicas"),
        (["onlyNamespace": "Risk"], "onlyNamespace"), (["logLevel": "loud"], "logLevel"),
        (["image": ["digest": "latest"]], "digest"),
        (["resources": ["limits": ["memory": "much"]]], "memory"),
        (["serviceMonitor": ["interval": "often"]], "interval"),
        (["serviceAccount": ["create": false]], "serviceAccount.name is needed"),
    ]

    @Test(arguments: wrong)
    func wrongValuesAreRefusedByName(values: Document, expected: String) async throws {
        let refusal = await #expect(throws: Chart.Refusal.self) { try await Chart.render(values) }
        #expect(refusal?.description.contains(expected) == true, "\(refusal?.description ?? "")")
    }

    @Test func theNotesTellHowToGoOn() async throws {
        let notes = try await Chart.render(["onlyNamespace": "risk"]).notes
        #expect(notes.contains("It follows the namespace risk alone."))
        #expect(notes.contains("kubectl apply -n risk -f -"))
        #expect(!notes.contains("%!") && !notes.contains("<no value>"))
    }

    @Test func theChartIsOfTheVersionThatItInstalls() throws {
        func text(_ path: String) throws -> String {
            try String(contentsOf: Chart.root.appendingPathComponent(path), encoding: .utf8)
        }
        let chart = try #require(YAML.parse(text("Charts/slipway/Chart.yaml")).first?.document)
        let version = try #require(chart["appVersion"]?.stringValue)
        #expect(chart["version"]?.stringValue == version)
        #expect(
            try text("Sources/slipway/Support/Version.swift").contains("number = \"\(version)\""))
    }
}
