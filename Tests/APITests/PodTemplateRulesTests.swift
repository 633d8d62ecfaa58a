import Domain
import Testing

@testable import API

@Suite struct PodTemplateRulesTests {
    private func errors(_ template: Document) -> [String] {
        let problems = Problems()
        PodTemplateRules.check(template, at: .root, problems)
        return problems.errors.map(\.description)
    }

    /// What is forbidden in a pod's spec or its first container, and where it is reported.
    @Test(
        arguments: [
            (["hostNetwork": true], "spec.hostNetwork"),
            (["hostPID": true], "spec.hostPID"),
            (["hostIPC": "yes"], "spec.hostIPC"),
            (["serviceAccountName": "Admin"], "spec.serviceAccountName"),
            (["serviceAccount": ["name": "admin"]], "spec.serviceAccount"),
            (["imagePullSecrets": ["registry"]], "spec.imagePullSecrets[0]"),
            (["imagePullSecrets": [["name": "a/b"]]], "spec.imagePullSecrets[0].name"),
            (
                ["imagePullSecrets": [["secret": "a", "name": "a"]]],
                "spec.imagePullSecrets[0].secret"
            ),
            (["restartPolicy": "Never"], "spec.restartPolicy"),
            (["ephemeralContainers": [["name": "a"]]], "spec.ephemeralContainers"),
            (
                ["volumes": [["name": "a", "hostPath": ["path": "/"]]]], "spec.volumes[0].hostPath"
            ),
            (["volumes": [["emptyDir": [:]]]], "spec.volumes[0].name"),
            (["volumes": "a"], "spec.volumes"),
            (["containers": [1]], "spec.containers[0]"),
            (["containers": [["name": "a"], ["name": "a"]]], "spec.containers[1].name"),
            (
                ["securityContext": ["windowsOptions": ["hostProcess": true]]],
                "spec.securityContext.windowsOptions.hostProcess"
            ),
        ] as [(Document, String)]
    )
    func whatReachesBeyondThePodIsRefused(spec: Document, place: String) {
        let found = errors(["spec": spec])
        #expect(found.count == 1 && found.first?.hasPrefix("\(place): ") == true, "\(found)")
    }

    @Test(
        arguments: [
            (["ports": [["containerPort": 80, "hostPort": 80]]], "ports[0].hostPort"),
            (["securityContext": ["privileged": true]], "securityContext.privileged"),
            (
                ["securityContext": ["allowPrivilegeEscalation": true]],
                "securityContext.allowPrivilegeEscalation"
            ),
            (["securityContext": ["procMount": "Unmasked"]], "securityContext.procMount"),
            (
                ["securityContext": ["capabilities": ["add": ["NET_BIND_SERVICE", "SYS_ADMIN"]]]],
                "securityContext.capabilities.add[1]"
            ),
            (
                ["readinessProbe": ["httpGet": ["host": "169.254.169.254", "port": 80]]],
                "readinessProbe.httpGet.host"
            ),
            (
                ["lifecycle": ["preStop": ["tcpSocket": ["host": "a", "port": 80]]]],
                "lifecycle.preStop.tcpSocket.host"
            ),
        ] as [(Document, String)]
    )
    func containersAreHeldToTheSame(members: Document, place: String) {
        for list in ["containers", "initContainers"] {
            var container = members
            container["name"] = "model"
            let found = errors(["spec": [list: [container]] as Document])
            #expect(
                found.count == 1 && found.first?.hasPrefix("spec.\(list)[0].\(place): ") == true,
                "\(found)"
            )
        }
    }

    @Test func whatIsHarmlessPasses() {
        let template: Document = [
            "metadata": ["labels": ["team": "risk"], "annotations": ["a": "b"]],
            "spec": [
                "hostNetwork": false, "serviceAccountName": "loader", "restartPolicy": "Always",
                "imagePullSecrets": [["name": "registry"], ["name": "models.example"]],
                "volumes": [["name": "cache", "emptyDir": ["sizeLimit": "1Gi"]]],
                "containers": [
                    [
                        "name": "model", "ports": [["containerPort": 8080]],
                        "securityContext": [
                            "privileged": false, "allowPrivilegeEscalation": false,
                            "capabilities": ["drop": ["ALL"], "add": ["NET_BIND_SERVICE"]],
                        ],
                    ]
                ],
            ],
        ]
        #expect(errors(template) == [])
    }

    @Test func ownNamesAndForeignShapesAreRefused() {
        #expect(
            errors(["metadata": ["labels": ["slipway.dev/digest": "x"]]]) == [
                "metadata.labels[slipway.dev/digest]: names under slipway.dev/ are Slipway's own"
            ]
        )
        #expect(
            errors(["metadata": ["annotations": ["a": 1]]]) == [
                "metadata.annotations.a: must be a string; write it in quotes"
            ]
        )
        #expect(errors(["sepc": [:]]) == ["sepc: unknown field `sepc`, did you mean `spec`?"])
        #expect(errors([1]) == ["must be an object, not a list"])
    }

    @Test func directivesOfAPatchAreRefused() {
        #expect(
            errors(["spec": ["containers": [["name": "model", "$patch": "delete"]]]]) == [
                "spec.containers[0].$patch: directives such as `$patch` are not supported"
            ]
        )
    }

    @Test func sizeAndDepthAreBounded() {
        let long = Document.string(String(repeating: "x", count: Limits.templateBytes))
        #expect(
            errors(["spec": ["x": long]]).first?.hasSuffix("at most 65536 are allowed") == true
        )
        var deep: Document = 1
        for _ in 0...Limits.templateDepth { deep = ["x": deep] }
        #expect(errors(["spec": deep]) == ["is nested deeper than 24 levels"])
    }
}
