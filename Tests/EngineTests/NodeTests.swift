import API
import Domain
import Observed
import Resources
import Testing

@testable import Engine

/// Nodes as the controller sees them.
struct NodeTests {
    private func node(_ name: String, _ status: String, version: Int, beat: Int = 0) -> Document {
        [
            "metadata": [
                "name": .string(name), "uid": .string("uid-\(name)"),
                "resourceVersion": .string("\(version)"),
            ],
            "status": [
                "conditions": [
                    [
                        "type": "Ready", "status": .string(status),
                        "lastTransitionTime": "2026-01-01T00:00:00Z",
                        "lastHeartbeatTime": .string("2026-01-01T00:0\(beat):00Z"),
                    ]
                ]
            ],
        ]
    }

    private func pod(_ name: String, of release: String, on node: String, version: Int)
        -> Document
    {
        [
            "metadata": [
                "name": .string(name), "namespace": "risk", "uid": .string("uid-\(name)"),
                "resourceVersion": .string("\(version)"),
                "labels": [Names.releaseLabel: .string(release)],
            ],
            "spec": ["nodeName": .string(node)],
        ]
    }

    private func known(without kind: ResourceKind? = nil) -> ClusterView {
        var view = ClusterView()
        for (other, _) in ClusterView.kinds where other != kind {
            _ = view.apply(other, .replaced([], resourceVersion: "1"))
        }
        return view
    }

    @Test func onlyAChangeOfReadinessIsNews() {
        var view = known()
        #expect(view.apply(.node, .changed(node("n1", "True", version: 5))).count == 1)
        #expect(view.apply(.node, .changed(node("n1", "True", version: 6, beat: 5))) == [])
        #expect(view.apply(.node, .changed(node("n1", "Unknown", version: 7))).count == 1)
        #expect(view.node("n1")?.readiness == .unknown)
        // A list that says nothing new says nothing.
        let list = [node("n1", "Unknown", version: 7)]
        #expect(view.apply(.node, .replaced(list, resourceVersion: "9")) == [])
    }

    @Test func releasesAreFoundByTheNodesOfTheirPods() {
        func id(_ name: String) -> NamespacedName { .init(namespace: "risk", name: name) }
        var view = known()
        for (version, (name, release, node)) in [
            ("a1", "a", "n1"), ("a2", "a", "n1"), ("b1", "b", "n2"), ("c1", "c", "n1"),
        ].enumerated() {
            let pod = pod(name, of: release, on: node, version: version + 2)
            _ = view.apply(.pod, .changed(pod))
        }
        #expect(view.releases(onNode: "n1") == [id("a"), id("c")])
        _ = view.apply(.pod, .deleted(pod("a1", of: "a", on: "n1", version: 10)))
        #expect(view.releases(onNode: "n1") == [id("a"), id("c")])
        _ = view.apply(.pod, .deleted(pod("a2", of: "a", on: "n1", version: 11)))
        #expect(view.releases(onNode: "n1") == [id("c")])
        _ = view.apply(.pod, .changed(pod("d1", of: "d", on: "", version: 12)))
        _ = view.apply(.pod, .changed(pod("d1", of: "d", on: "n1", version: 13)))
        #expect(view.releases(onNode: "n1") == [id("c"), id("d")])
        _ = view.apply(.pod, .replaced([], resourceVersion: "20"))
        #expect(view.releases(onNode: "n1") == [])
    }

    @Test func theControllerStartsWithoutTheRightToReadNodes() {
        var view = known(without: .node)
        #expect(!view.isSynced)
        // The server may only be away: then it is waited for, as for every kind.
        _ = view.apply(.node, .interrupted("connection refused"))
        #expect(!view.isSynced)
        _ = view.apply(.node, .refused(.forbidden, "nodes is forbidden"))
        #expect(view.isSynced)
    }

    @Test func aRightThatIsTakenAwayMakesNodesUnknown() {
        var view = known()
        _ = view.apply(.node, .changed(node("n1", "Unknown", version: 5)))
        _ = view.apply(.node, .refused(.forbidden, "nodes is forbidden"))
        #expect(view.node("n1") == nil)
        _ = view.apply(
            .node, .replaced([node("n1", "True", version: 8)], resourceVersion: "9"))
        #expect(view.node("n1")?.isReady == true)
    }

    @Test func anotherKindThatCannotBeReadIsStillWaitedFor() {
        var view = known(without: .pod)
        _ = view.apply(.pod, .refused(.forbidden, "pods is forbidden"))
        #expect(!view.isSynced)
    }
}
