import Domain
import Testing

@testable import Resources

@Suite struct StrategicMergeTests {
    @Test func objectsAreMergedAndNullTakesAway() {
        #expect(
            StrategicMerge.merge(
                ["a": ["x": 1, "y": .null], "c": 3], over: ["a": ["y": 2, "z": 4], "b": 5])
                == ["a": ["x": 1, "z": 4], "b": 5, "c": 3])
    }

    @Test func nullsOfTheAdditionNeverStay() {
        #expect(StrategicMerge.merge(["a": ["b": .null]], over: [:]) == ["a": [:]])
        #expect(StrategicMerge.merge(["a": ["b": .null]], over: ["a": 1]) == ["a": [:]])
    }

    @Test func containersAreFoundByName() {
        let base: Document = ["containers": [["name": "model", "image": "a", "tty": true]]]
        let patch: Document = [
            "containers": [["name": "log", "image": "l"], ["name": "model", "image": "b"]]
        ]
        #expect(
            StrategicMerge.merge(patch, over: base) == [
                "containers": [
                    ["name": "model", "image": "b", "tty": true], ["name": "log", "image": "l"],
                ]
            ])
    }

    @Test func portsAreFoundByNumberAndMountsByPath() {
        #expect(
            StrategicMerge.merge(
                ["ports": [["containerPort": 8080, "name": "web"], ["containerPort": 9]]],
                over: ["ports": [["containerPort": 8080, "protocol": "TCP"]]])
                == [
                    "ports": [
                        ["containerPort": 8080, "name": "web", "protocol": "TCP"],
                        ["containerPort": 9],
                    ]
                ])
        #expect(
            StrategicMerge.merge(
                ["volumeMounts": [["mountPath": "/m", "readOnly": true]]],
                over: ["volumeMounts": [["mountPath": "/m", "name": "m"]]])
                == ["volumeMounts": [["mountPath": "/m", "name": "m", "readOnly": true]]])
    }

    /// The two ways to give a variable a value exclude each other, so do sources of a volume.
    @Test func variablesAndVolumesAreReplacedWhole() {
        let secret: Document = ["name": "A", "valueFrom": ["secretKeyRef": ["name": "s"]]]
        #expect(
            StrategicMerge.merge(
                ["env": [secret]], over: ["env": [["name": "A", "value": "1"], ["name": "B"]]])
                == ["env": [secret, ["name": "B"]]])
        #expect(
            StrategicMerge.merge(
                ["volumes": [["name": "m", "emptyDir": [:]]]],
                over: ["volumes": [["name": "m", "configMap": ["name": "c"]]]])
                == ["volumes": [["name": "m", "emptyDir": [:]]]])
    }

    @Test func anotherHandlerReplacesThePresets() {
        let base: Document = ["readinessProbe": ["httpGet": ["path": "/a"], "periodSeconds": 2]]
        #expect(
            StrategicMerge.merge(["readinessProbe": ["exec": ["command": ["x"]]]], over: base)
                == ["readinessProbe": ["exec": ["command": ["x"]], "periodSeconds": 2]])
        #expect(
            StrategicMerge.merge(["readinessProbe": ["periodSeconds": 9]], over: base)
                == ["readinessProbe": ["httpGet": ["path": "/a"], "periodSeconds": 9]])
    }

    @Test func otherListsAreReplaced() {
        #expect(
            StrategicMerge.merge(["command": ["b"]], over: ["command": ["a", "x"]])
                == ["command": ["b"]])
    }
}
