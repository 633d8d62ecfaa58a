import API
import Domain
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

    // MARK: Other shards

    private let fraud = NamespacedName(namespace: "risk", name: "fraud")

    private func object(
        _ kind: String, _ name: String, version: Int, shard: String? = nil, release: Bool = false
    ) -> Document {
        var labels: Document = [Names.managedByLabel: .string(Names.managedByValue)]
        if !release { labels[Names.releaseLabel] = "fraud" }
        if let shard { labels[Names.shard] = .string(shard) }
        return [
            "kind": .string(kind),
            "metadata": [
                "name": .string(name), "namespace": "risk", "uid": .string("u-\(name)"),
                "resourceVersion": .string("\(version)"), "labels": labels,
            ],
        ]
    }

    private func synced(_ shard: String) -> ClusterView {
        var view = ClusterView(shard: shard)
        for (kind, _) in ClusterView.kinds {
            _ = view.apply(kind, .replaced([], resourceVersion: "1"))
        }
        return view
    }

    /// A pod does not say whose it is: a Deployment of its release does.
    @Test func whatIsMadeForAReleaseOfAnotherShardIsNotKept() {
        var view = synced("")
        _ = view.apply(.pod, .changed(object("Pod", "p1", version: 2)))
        #expect(view.pods.count == 1)
        _ = view.apply(.deployment, .changed(object("Deployment", "d", version: 3, shard: "eu")))
        #expect(view.pods.count == 0 && view.deployments.count == 0)
        _ = view.apply(.pod, .changed(object("Pod", "p2", version: 4)))
        #expect(view.pods.count == 0 && view.releasesOfOthers == 1)
        #expect(view.knownReleases == [])
        // What others have labelled is none of ours anyway.
        var foreign = object("Deployment", "f", version: 5, shard: "eu")
        foreign.set(["metadata", "labels", Names.managedByLabel], to: "Helm")
        _ = view.apply(.deployment, .changed(foreign))
        #expect(view.deployments.count == 1)
    }

    @Test func whatIsLeftOfAReleaseOfThisShardIsKeptAlsoWithoutIt() {
        var view = synced("eu")
        _ = view.apply(.deployment, .changed(object("Deployment", "d", version: 2, shard: "eu")))
        #expect(view.knownReleases == [fraud])
        // A fresh read says that the release has gone elsewhere.
        let moved = object("ModelRelease", "fraud", version: 3, shard: "asia", release: true)
        let changes = view.apply(.modelRelease, .changed(moved))
        #expect(changes.map(\.release) == [fraud])
        #expect(view.knownReleases == [] && view.isOfAnotherShard(fraud))
        _ = view.apply(.deployment, .changed(object("Deployment", "d", version: 4, shard: "eu")))
        #expect(view.knownReleases == [], "a label that is left over says nothing any more")
    }

    @Test func whatWasDroppedOfAReleaseThatComesIsListed() {
        var view = synced("eu")
        _ = view.apply(.deployment, .changed(object("Deployment", "d", version: 2)))
        _ = view.apply(.pod, .changed(object("Pod", "p1", version: 3)))
        let came = object("ModelRelease", "fraud", version: 10, shard: "eu", release: true)
        _ = view.apply(.modelRelease, .changed(came))
        #expect(view.missingKinds(of: fraud).count == 6)
        // From now on what happens to it is kept, also what goes while it is listed.
        _ = view.apply(.pod, .deleted(object("Pod", "p1", version: 12)))
        _ = view.apply(.pod, .bookmark(resourceVersion: "13"))
        _ = view.complete(
            .pod, of: fraud,
            with: [object("Pod", "p1", version: 3), object("Pod", "p2", version: 4)])
        #expect(view.pods.names(of: fraud) == ["p2"])
        for kind in view.missingKinds(of: fraud) {
            let objects =
                kind == .deployment ? [object("Deployment", "d", version: 2)] : []
            _ = view.complete(kind, of: fraud, with: objects)
        }
        #expect(view.missingKinds(of: fraud) == [])
        #expect(view.deployments(of: fraud).count == 1)
    }

    @Test func aListOfAWholeKindMakesTheOneForAReleaseVain() {
        var view = synced("eu")
        _ = view.apply(.pod, .changed(object("Pod", "p1", version: 2)))
        _ = view.apply(.deployment, .changed(object("Deployment", "d", version: 2)))
        let came = object("ModelRelease", "fraud", version: 10, shard: "eu", release: true)
        _ = view.apply(.modelRelease, .changed(came))
        _ = view.apply(.pod, .replaced([], resourceVersion: "20"))
        #expect(!view.missingKinds(of: fraud).contains(.pod))
        // Taken before.
        #expect(view.complete(.pod, of: fraud, with: [object("Pod", "p1", version: 2)]) == [])
        #expect(view.pods(of: fraud).isEmpty)
    }

    @Test func withoutShardsNothingIsDroppedAndNothingListed() {
        var view = synced("")
        _ = view.apply(.pod, .changed(object("Pod", "p1", version: 2)))
        _ = view.apply(.deployment, .changed(object("Deployment", "d", version: 2)))
        _ = view.apply(
            .modelRelease, .changed(object("ModelRelease", "fraud", version: 3, release: true)))
        #expect(view.missingKinds(of: fraud) == [] && view.releasesOfOthers == 0)
        #expect(view.pods(of: fraud).count == 1 && view.deployments(of: fraud).count == 1)
    }

    @Test func releasesAreAskedForByTheirShardAndNothingElseIs() {
        func labels(_ kind: ResourceKind, _ shard: String) -> String? {
            ClusterView.labels("slipway.dev/release", of: kind, in: shard)
        }
        #expect(labels(.modelRelease, "") == "!slipway.dev/shard")
        #expect(labels(.modelRelease, "eu") == "slipway.dev/shard=eu")
        #expect(labels(.pod, "eu") == "slipway.dev/release")
        #expect(ClusterView.labels(nil, of: .releaseSource, in: "eu") == nil)
    }
}
