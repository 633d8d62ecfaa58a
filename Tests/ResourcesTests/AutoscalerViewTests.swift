import Domain
import Testing

@testable import Resources

@Suite struct AutoscalerViewTests {
    private func autoscaler(
        _ name: String, kind: String = "Deployment", version: String = "apps/v1",
        _ bounds: Document = ["maxReplicas": 5]
    ) -> Document {
        var spec = bounds
        spec["scaleTargetRef"] = [
            "apiVersion": .string(version), "kind": .string(kind), "name": .string(name),
        ]
        return ["metadata": ["name": "load", "namespace": "risk"], "spec": spec]
    }

    @Test func theTargetAndTheBoundsAreRead() throws {
        let view = try #require(
            AutoscalerView(autoscaler("fraud-0123abcd", ["minReplicas": 2, "maxReplicas": 5])))
        #expect(view.name == "load" && view.namespace == "risk")
        #expect(view.target == "fraud-0123abcd")
        #expect([1, 3, 9].map(view.bounded) == [2, 3, 5])
    }

    @Test func theMinimumIsOneWhereNoneIsGiven() throws {
        #expect(try #require(AutoscalerView(autoscaler("fraud-0123abcd"))).least == 1)
    }

    /// A minimum of 0 would be a number that switches the autoscaler off.
    @Test func nobodyIsBroughtToZero() throws {
        let view = AutoscalerView(
            autoscaler("fraud-0123abcd", ["minReplicas": 0, "maxReplicas": 5]))
        #expect(try #require(view).bounded(0) == 1)
    }

    @Test(arguments: ["fraud", "fraud-0123ABCD", "fraud-0123abc", "fraud-0123abcde", "0123abcd"])
    func whatHasNotTheNameOfAVersionIsNotKept(_ name: String) {
        #expect(AutoscalerView(autoscaler(name)) == nil)
    }

    @Test func whatScalesOtherKindsIsNotKept() {
        #expect(AutoscalerView(autoscaler("fraud-0123abcd", kind: "StatefulSet")) == nil)
        #expect(
            AutoscalerView(autoscaler("fraud-0123abcd", version: "slipway.dev/v1alpha1")) == nil)
        #expect(AutoscalerView(["metadata": ["name": "load"]]) == nil)
    }
}
