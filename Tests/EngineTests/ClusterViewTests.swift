import Observed
import Resources
import Testing

struct ClusterViewTests {
    /// Whoever waits for the first lists is told of each kind that is missing, and of no other.
    @Test func whatIsMissingIsNamedUntilAllIsThere() {
        var view = ClusterView()
        var left = Set(view.missingKinds)
        #expect(left.count == ClusterView.kinds.count)
        for (kind, _) in ClusterView.kinds {
            #expect(!view.isSynced)
            _ = view.apply(kind, .replaced([], resourceVersion: "1"))
            left.remove(kind)
            #expect(Set(view.missingKinds) == left)
        }
        #expect(view.isSynced)
    }
}
