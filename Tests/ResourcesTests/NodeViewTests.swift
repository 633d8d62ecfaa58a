import Domain
import Testing

@testable import Resources

@Suite struct NodeViewTests {
    private func node(_ conditions: [Document]) -> NodeView? {
        NodeView([
            "metadata": ["name": "worker-1", "uid": "n1", "resourceVersion": "7"],
            "spec": ["taints": [["key": "node.kubernetes.io/unreachable"]]],
            "status": ["conditions": .array(conditions), "images": [["names": ["a"]]]],
        ])
    }

    private func ready(_ status: Document) -> Document {
        ["type": "Ready", "status": status, "lastTransitionTime": "2026-01-01T00:01:00Z"]
    }

    @Test func aNodeIsReadyOnlyIfItsConditionSaysSo() {
        let pressure: Document = ["type": "MemoryPressure", "status": "False"]
        #expect(node([pressure, ready("True")])?.isReady == true)
        #expect(node([ready("False")])?.readiness == .no)
        #expect(node([ready("Unknown")])?.readiness == .unknown)
        #expect(node([ready("True")])?.since == Timestamp(rfc3339: "2026-01-01T00:01:00Z"))
    }

    @Test func whatCannotBeReadIsUnknown() {
        #expect(node([])?.readiness == .unknown)
        #expect(node([ready(["so": "so"])])?.readiness == .unknown)
        #expect(node([ready("Perhaps")])?.readiness == .unknown)
        #expect(NodeView(["metadata": ["name": ""]]) == nil)
        #expect(NodeView(["metadata": 7, "status": "down"]) == nil)
    }

    @Test func onlySoManyConditionsAreLookedAt() {
        let others = Array(repeating: ["type": "Other", "status": "True"] as Document, count: 64)
        #expect(node(others + [ready("True")])?.readiness == .unknown)
    }

    @Test func aHeartbeatChangesNothing() {
        var beat = ready("True")
        beat["lastHeartbeatTime"] = "2026-01-01T00:09:00Z"
        #expect(node([ready("True")]) == node([beat]))
    }
}
