import API
import ControlPlane
import Domain
import Engine
import Observed
import Resources
import Testing

/// What an engine does while it leads, and does not while it does not.
@Suite struct LeadershipTests {
    /// An engine whose Lease is in a store, and the effects that it wanted besides.
    private struct Rig {
        var engine: Engine
        var store = Store(seed: 1, now: Contest.start)
        var now = Contest.start
        /// Its requests about the Lease are carried out.
        var reachesLease = true
        var wanted: [Effect] = []

        init(isElected: Bool = true) {
            let settings = Election.Settings(
                lease: .init(namespace: "default", name: "slipway-controller"), identity: "a",
                holder: "a")
            engine = Engine(settings: .init(election: isElected ? settings : nil))
        }

        /// Requests about the Lease wait here.
        var isSlow = false
        private var waiting: [Effect] = []

        mutating func step(_ event: Event) {
            for effect in engine.step(event, now: now) {
                switch effect {
                case .read(_, let key) where key.kind == .lease: waiting.append(effect)
                case .write(_, let request) where request.key.kind == .lease:
                    waiting.append(effect)
                default: wanted.append(effect)
                }
            }
            if !isSlow { answer() }
        }

        /// Carries out what waits.
        mutating func answer() {
            while !waiting.isEmpty {
                switch waiting.removeFirst() {
                case .read(let id, let key):
                    let stored = store.object(key).map { ReadOutcome.found($0) } ?? .notFound
                    let away = ReadOutcome.failed(.init(.unreachable, "timed out"))
                    step(.read(id, reachesLease ? stored : away))
                case .write(let id, let request):
                    let outcome =
                        reachesLease ? store.perform(request, now: now) : .unknown("timed out")
                    step(.written(id, outcome))
                default: break
                }
            }
        }

        /// The whole cluster becomes known: one source, and what is given.
        mutating func see(_ objects: [(ResourceKind, Document)] = []) {
            for (kind, _) in ClusterView.kinds {
                var all = objects.filter { $0.0 == kind }.map(\.1)
                if kind == .releaseSource { all.append(Self.source) }
                step(.view(kind, .replaced(all, resourceVersion: "100")))
            }
        }

        mutating func run(for span: TimeSpan) {
            let end = now + span
            while let next = engine.nextTick, next <= end {
                now = max(now + .milliseconds(1), next)
                step(.tick)
            }
            now = max(now, end)
        }

        /// It wanted to look at the repository.
        var hasLooked: Bool {
            wanted.contains { if case .fetch = $0 { true } else { false } }
        }

        var news: [LeadershipNews] {
            wanted.compactMap { if case .leadership(let news) = $0 { news } else { nil } }
        }

        private static let source: Document = [
            "apiVersion": "slipway.dev/v1alpha1", "kind": "ReleaseSource",
            "metadata": [
                "name": "models", "namespace": "default", "uid": "s1", "resourceVersion": "90",
            ],
            "spec": ["url": "https://git.example.com/models.git", "interval": "5s"],
        ]
    }

    private func object(
        _ kind: ResourceKind, term: Term, managedBy: String = Names.managedByValue
    ) -> Document {
        [
            "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
            "metadata": [
                "name": "fraud", "namespace": "default", "uid": "o1", "resourceVersion": "120",
                "labels": [
                    Names.managedByLabel: .string(managedBy), Names.releaseLabel: "fraud",
                ],
                "annotations": [
                    Names.epoch: .string(String(term.epoch)),
                    Names.leader: .string(term.holder), Names.sequence: "4",
                ],
            ],
            "spec": [:],
        ]
    }

    @Test func aCandidateWatchesAndDoesNothing() {
        var rig = Rig()
        rig.reachesLease = false
        rig.see()
        rig.run(for: .minutes(10))
        #expect(rig.wanted == [] && rig.engine.term == nil)
        #expect(rig.engine.cluster.isSynced)
        rig.reachesLease = true
        rig.run(for: .seconds(5))
        #expect(rig.news == [.leads(Term(epoch: 1, holder: "a"))])
        #expect(rig.hasLooked)
    }

    @Test func nothingIsWantedBeyondTheAuthorityAndItGoesOnWithTheNextRenewal() {
        var rig = Rig()
        rig.see()
        rig.run(for: .seconds(1))
        rig.step(.fetched(.init(namespace: "default", name: "models"), .unchanged))
        rig.wanted = []
        let source = NamespacedName(namespace: "default", name: "models")
        let end = rig.engine.authority
        rig.now = end - .milliseconds(1)
        rig.isSlow = true
        rig.step(.notified(source))
        #expect(rig.hasLooked, "the authority has not passed")
        rig.step(.fetched(source, .unchanged))
        rig.wanted = []
        rig.now = end
        rig.step(.notified(source))
        #expect(rig.wanted == [], "the authority has passed")
        rig.isSlow = false
        rig.answer()
        #expect(rig.engine.authority > rig.now)
        #expect(rig.hasLooked, "what was not done then is done now")
    }

    @Test(arguments: [ResourceKind.httpRoute, .deployment, .service])
    func anObjectOfALaterTermEndsThisOneForGood(_ kind: ResourceKind) {
        var rig = Rig()
        rig.see()
        rig.run(for: .seconds(1))
        rig.wanted = []
        let late = object(kind, term: Term(epoch: 2, holder: "b"))
        rig.step(.view(kind, .changed(late)))
        #expect(
            rig.news == [
                .stopped(
                    "\(kind.kind) default/fraud was written in term 2 of b, this process has 1 of a"
                )
            ])
        rig.wanted = []
        rig.step(.notified(.init(namespace: "default", name: "models")))
        rig.run(for: .minutes(10))
        #expect(rig.wanted == [] && rig.engine.authority < rig.now)
    }

    @Test func theSameNumberOfAnotherProcessEndsThisTermToo() {
        var rig = Rig()
        rig.see()
        rig.run(for: .seconds(1))
        rig.step(.view(.service, .changed(object(.service, term: Term(epoch: 1, holder: "a")))))
        #expect(rig.news.count == 1)
        let other = object(.httpRoute, term: Term(epoch: 1, holder: "b"))
        rig.step(.view(.httpRoute, .changed(other)))
        #expect(rig.news.count == 2)
    }

    @Test func termsOnOtherPeoplesObjectsMeanNothing() {
        var rig = Rig()
        let foreign = object(
            .service, term: Term(epoch: 9, holder: "b"), managedBy: "Helm")
        rig.see([(.service, foreign)])
        rig.run(for: .seconds(1))
        #expect(rig.engine.term == Term(epoch: 1, holder: "a"))
    }

    @Test func aTermBeginsAboveWhatTheObjectsBear() {
        var rig = Rig()
        rig.see([(.service, object(.service, term: Term(epoch: 9, holder: "b")))])
        rig.run(for: .seconds(1))
        #expect(rig.engine.term == Term(epoch: 10, holder: "a"))
    }

    @Test func withoutAnElectionEachLifeHasANumberOfItsOwn() {
        var rig = Rig(isElected: false)
        rig.see([(.service, object(.service, term: Term(epoch: 9, holder: "")))])
        #expect(rig.engine.term == Term(epoch: 10, holder: ""))
        #expect(rig.hasLooked)
        let other = object(.httpRoute, term: Term(epoch: 11, holder: "b"))
        rig.step(.view(.httpRoute, .changed(other)))
        #expect(rig.news.count == 1, "another controller is at work")
        rig.wanted = []
        rig.run(for: .minutes(1))
        #expect(!rig.hasLooked)
    }

    @Test func whoResignsGivesTheLeaseBackAndDoesNothingMore() {
        var rig = Rig()
        rig.see()
        rig.run(for: .seconds(1))
        rig.wanted = []
        rig.step(.resigned)
        #expect(rig.store.object(Contest.key)?.at("spec", "holderIdentity") == "")
        rig.step(.notified(.init(namespace: "default", name: "models")))
        rig.run(for: .minutes(1))
        #expect(rig.wanted == [])
    }
}
