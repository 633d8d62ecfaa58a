import API
import Domain
import Engine
import Observed
import Resources
import Testing

/// The last look before a write is sent: what would break a rule of safety is not sent, whoever
/// wanted it.
struct InvariantTests {
    private let old = Digest(of: "old")
    private let new = Digest(of: "new")
    private let now = Timestamp(milliseconds: 1_767_225_600_000)
    private let route = ResourceKey(.httpRoute, namespace: "risk", name: "fraud")
    private let release = ResourceKey(.modelRelease, namespace: "risk", name: "fraud")
    private let metadata = ObjectMetadata(
        of: ["metadata": ["name": "fraud", "namespace": "risk", "uid": "r-1"]])

    private var router: GatewayRouter {
        GatewayRouter(
            release: metadata,
            traffic: GatewayTraffic(parentRefs: [], hostnames: [], path: "/"))
    }

    // MARK: What is known

    private func service(of digest: Digest) -> Document {
        [
            "metadata": [
                "name": .string(Names.versioned("fraud", digest)), "namespace": "risk",
                "uid": "s-1", "resourceVersion": "5",
                "labels": [
                    Names.managedByLabel: .string(Names.managedByValue),
                    Names.releaseLabel: "fraud", Names.digestLabel: .string(digest.short),
                ],
                "annotations": [Names.digest: .string(digest.description)],
            ],
            "spec": [
                "selector": [
                    Names.releaseLabel: "fraud", Names.digestLabel: .string(digest.short),
                ]
            ],
        ]
    }

    private func share(_ digest: Digest, _ weight: Int) -> DeclaredShare {
        DeclaredShare(digest: digest, version: digest.tag, weight: weight)
    }

    /// A release whose old version has the traffic, with a status.
    private func view(
        _ status: ReleaseStatus, refused: String? = nil, services: [Document]? = nil,
        owner: String = Names.managedByValue
    ) -> ClusterView {
        var view = ClusterView()
        for object in services ?? [service(of: old), service(of: new)] {
            _ = view.apply(.service, .changed(object))
        }
        var stored = router.object(
            .init(
                split: Weights(all: old).registering([new]), refused: refused,
                term: Term(epoch: 1, holder: "")))
        stored.set(["metadata", "uid"], to: "u-1")
        stored.set(["metadata", "resourceVersion"], to: "6")
        stored.set(["metadata", "labels", Names.managedByLabel], to: .string(owner))
        _ = view.apply(.httpRoute, .changed(stored))
        _ = view.apply(
            .modelRelease,
            .changed([
                "metadata": [
                    "name": "fraud", "namespace": "risk", "uid": "r-1", "resourceVersion": "7",
                ],
                "status": status.document,
            ]))
        return view
    }

    private var status: ReleaseStatus {
        ReleaseStatus(
            declared: [share(new, 100)],
            proven: ProvenSplit(shares: [share(old, 100)], commit: "a", since: now),
            attempt: Attempt(
                intent: 2, target: [share(new, 100)], new: [new], step: 0, startedAt: now,
                commit: "b", author: ""),
            intent: 2)
    }

    private func broken(
        _ request: WriteRequest, _ view: ClusterView,
        declaration: Invariants.Declaration? = nil, epoch: Int64 = 1, until: TimeSpan = .hours(1)
    ) -> String {
        Invariants(
            view: view, declaration: declaration, term: Term(epoch: epoch, holder: ""),
            authority: now + until, now: now
        ).broken(by: request) ?? "nothing"
    }

    private func patch(_ view: ClusterView, _ split: Weights) -> [PatchOperation] {
        guard let stored = view.routes[.init(namespace: "risk", name: "fraud")]?.value else {
            return []
        }
        return router.patch(
            stored, .init(split: split, refused: nil, term: Term(epoch: 1, holder: "")))
    }

    private func raise() -> Weights {
        Weights([.init(digest: old, weight: 90), .init(digest: new, weight: 10)])
            ?? Weights(all: new)
    }

    // MARK: The route

    @Test func aStepOfARolloutMayBeWritten() {
        let view = view(status)
        #expect(broken(.jsonPatch(route, patch(view, raise())), view) == "nothing")
    }

    @Test(arguments: [[90, 9], [100, 10], [-1, 101], [0, 0]])
    func sharesSumTo100(_ weights: [Int]) {
        let view = view(status)
        let bad = patch(view, raise()).map { operation -> PatchOperation in
            guard operation.path == "/spec", var spec = operation.value else { return operation }
            let references = zip([old, new], weights).map { digest, weight -> Document in
                [
                    "name": .string(Names.versioned("fraud", digest)), "port": 80,
                    "weight": .integer(weight),
                ]
            }
            spec["rules"] = [["backendRefs": .array(references)]]
            return PatchOperation(.replace, "/spec", spec)
        }
        #expect(broken(.jsonPatch(route, bad), view).contains("share"))
    }

    @Test func whatIsNotThereGetsNothing() {
        let view = view(status, services: [service(of: old)])
        #expect(broken(.jsonPatch(route, patch(view, raise())), view).contains("is not there"))
    }

    @Test func whatSelectsOtherPodsGetsNothing() {
        var other = service(of: new)
        other.set(["spec", "selector", Names.digestLabel], to: .string(old.short))
        let view = view(status, services: [service(of: old), other])
        #expect(
            broken(.jsonPatch(route, patch(view, raise())), view).contains("selects other pods"))
    }

    @Test func whatIsRefusedGetsNothing() {
        var refused = status
        refused.quarantine = [
            QuarantineEntry(
                digest: new, version: "8", intent: 1, reason: "a", message: "b", commit: "",
                at: now)
        ]
        let known = view(refused)
        #expect(broken(.jsonPatch(route, patch(known, raise())), known).contains("is refused"))
        let marked = view(status, refused: RefusedMark(digest: new, intent: 2).description)
        #expect(
            broken(.jsonPatch(route, patch(marked, raise())), marked)
                .contains("marks as refused"))
        let older = view(status, refused: RefusedMark(digest: new, intent: 1).description)
        #expect(broken(.jsonPatch(route, patch(older, raise())), older) == "nothing")
    }

    @Test func theWayBackAsksNothingOfWhatIsLeft() {
        var refused = status
        refused.quarantine = [
            QuarantineEntry(
                digest: new, version: "8", intent: 1, reason: "a", message: "b", commit: "",
                at: now)
        ]
        let view = view(refused, services: [service(of: old)])
        #expect(broken(.jsonPatch(route, patch(view, Weights(all: old))), view) == "nothing")
    }

    // MARK: Conditions and owners

    @Test func everyWriteIsConditional() {
        let view = view(status)
        let bare = patch(view, raise()).filter { $0.kind != .test }
        #expect(broken(.jsonPatch(route, bare), view).contains("without its tests"))
        let name = Names.versioned("fraud", new)
        let key = ResourceKey(.deployment, namespace: "risk", name: name)
        let body: Document = ["metadata": ["name": .string(name)]]
        #expect(broken(.delete(key, uid: "", resourceVersion: nil), view).contains("its uid"))
        #expect(broken(.apply(key, body, force: true), view).contains("its uid"))
        #expect(broken(.applyStatus(release, body), view).contains("without uid"))
        #expect(broken(.create(key, ["metadata": [:]]), view).contains("another name"))
    }

    @Test func whatIsSomebodyElsesIsNotWritten() {
        let view = view(status, owner: "helm")
        #expect(
            broken(.jsonPatch(route, patch(view, raise())), view).contains("somebody else's"))
        #expect(
            broken(.delete(route, uid: "u-1", resourceVersion: nil), view)
                .contains("somebody else's"))
        let name = Names.versioned("fraud", new)
        let key = ResourceKey(.deployment, namespace: "risk", name: name)
        let owned: Document = [
            "metadata": ["name": .string(name), "ownerReferences": [["uid": "r-1"]]]
        ]
        #expect(broken(.create(key, owned), view).contains("with an owner"))
    }

    @Test func nothingWithAShareIsDeleted() {
        let view = view(status)
        func delete(_ digest: Digest) -> WriteRequest {
            .delete(
                ResourceKey(
                    .service, namespace: "risk", name: Names.versioned("fraud", digest)),
                uid: "s-1", resourceVersion: "5")
        }
        #expect(broken(delete(old), view).contains("100 % of the traffic"))
        #expect(broken(delete(new), view) == "nothing")
    }

    @Test func onlyALeaderWrites() {
        let view = view(status)
        let request = WriteRequest.jsonPatch(route, patch(view, raise()))
        #expect(broken(request, view, until: .zero).contains("by no leader"))
        #expect(broken(request, view, epoch: 0).contains("newer leader"))
    }

    // MARK: The status

    private func write(_ status: ReleaseStatus) -> WriteRequest {
        .applyStatus(
            release,
            [
                "metadata": ["name": "fraud", "uid": "r-1", "resourceVersion": "7"],
                "status": status.document,
            ])
    }

    @Test func refusalsStick() {
        var before = status
        before.attempt = nil
        before.quarantine = [
            QuarantineEntry(
                digest: new, version: "8", intent: 1, reason: "a", message: "b", commit: "",
                at: now)
        ]
        var after = before
        after.quarantine = []
        #expect(broken(write(after), view(before)).contains("no longer be refused"))
        after.handled = [HandledAction(annotation: Names.retry, value: "x", at: now)]
        #expect(broken(write(after), view(before)) == "nothing")
    }

    @Test func whatIsProvenHasTheTraffic() {
        var before = status
        before.attempt?.confirmedAt = now
        var after = before
        after.attempt = nil
        after.proven = ProvenSplit(shares: [share(new, 100)], commit: "b", since: now)
        #expect(broken(write(after), view(before)).contains("route does not have"))
        before.attempt?.confirmedAt = nil
        #expect(broken(write(after), view(before)).contains("no rollout has reached"))
        after.proven = nil
        #expect(broken(write(after), view(before)).contains("nothing would be proven"))
        after = before
        after.intent = 1
        #expect(broken(write(after), view(before)).contains("number of attempts"))
    }

    // MARK: Where releases come from

    @Test func releasesComeAndGoWithWholeCommits() {
        let view = view(status)
        let delete = WriteRequest.delete(release, uid: "r-1", resourceVersion: nil)
        func declaration(
            _ spec: Document?, isWhole: Bool = true, pruned: Int = 1, prunes: Bool = true
        ) -> Invariants.Declaration {
            .init(commit: "a", spec: spec, isWhole: isWhole, prunes: prunes, pruned: pruned)
        }
        #expect(broken(delete, view, declaration: declaration(nil)) == "nothing")
        #expect(broken(delete, view).contains("no source prunes"))
        #expect(
            broken(delete, view, declaration: declaration(nil, prunes: false))
                .contains("no source prunes"))
        #expect(broken(delete, view, declaration: declaration([:])).contains("is declared"))
        #expect(
            broken(delete, view, declaration: declaration(nil, isWhole: false))
                .contains("cannot be read"))
        #expect(
            broken(delete, view, declaration: declaration(nil, pruned: 2))
                .contains("more than 1"))
        func apply(_ spec: Document) -> WriteRequest {
            .apply(
                release,
                [
                    "metadata": [
                        "name": "fraud", "uid": "r-1", "annotations": [Names.commit: "a"],
                    ],
                    "spec": spec,
                ], force: true)
        }
        #expect(broken(apply(["a": 1]), view, declaration: declaration(["a": 1])) == "nothing")
        #expect(
            broken(apply(["a": 2]), view, declaration: declaration(["a": 1]))
                .contains("no commit makes"))
        #expect(broken(apply(["a": 1]), view).contains("without a commit"))
    }
}
