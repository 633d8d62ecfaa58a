import API
import ControlPlane
import Domain
import Resources
import Rollouts

/// What does not depend on which process looks at it.
extension ScheduledRun {
    /// What has to be the same after a run with faults as after a clean one.
    package var outcome: String { outcome(of: world) }

    private func outcome(of world: World) -> String {
        (0..<schedule.releases).map { number in
            let release = Self.release(number)
            let status = world.truth.statuses[release]
            let split = (world.truth.stored[release] ?? [:]).filter { $0.value > 0 }
                .sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            let proven = status?.proven?.shares.filter { $0.weight > 0 }.map(\.version) ?? []
            let made = world.store.objects(.deployment)
                .compactMap { $0.at("metadata", "name")?.stringValue }.sorted()
            let head = world.git.head?.files["\(release.name).yaml"] ?? ""
            return "serves \(split), proven \(proven), refused "
                + "\(status?.quarantine.map(\.version) ?? []), "
                + "\(status?.attempt == nil ? "at rest" : "under way"), made \(made), "
                + "Git \(SHA256.hex(head.utf8).prefix(8))"
        }.joined(separator: "; ")
    }

    /// Nothing that matters lives in a process only: one that starts now on what is there comes to
    /// the same end as the one that has run all along. Both are left alone from here on.
    mutating func compareWithNewProcess() {
        guard world.isUndisturbed, !isAtAWatershed else { return }
        var old = world
        old.leaveAlone()
        var new = old
        new.delays.restart = .zero
        new.die(0, "to be compared")
        old.run(for: schedule.calm)
        new.run(for: schedule.calm)
        comparisons += 1
        guard outcome(of: old) != outcome(of: new) else { return }
        world.violate(
            "recovery equivalence",
            "a new process comes to \(outcome(of: new)), the old one to \(outcome(of: old))")
    }
}

extension ScheduledRun {
    /// A bad version is on its way, and it is the first, or another commit is about to take its
    /// place: whether it fails shortly before its route is made or the commit is seen, and is
    /// refused, or shortly after is a matter of milliseconds, and a process that starts takes some.
    private var isAtAWatershed: Bool {
        (0..<schedule.releases).contains { number in
            let release = Self.release(number)
            guard let status = world.truth.statuses[release], let attempt = status.attempt,
                status.proven == nil || isOvertaken(status, of: release)
            else { return false }
            return attempt.target.contains {
                (world.behaviours[$0.version] ?? PodBehaviour()).fault != .none
            }
        }
    }

    /// Whether the branch has come to declare something else than a status tells, so lately that
    /// nobody needs to have seen it.
    private func isOvertaken(_ status: ReleaseStatus, of release: NamespacedName) -> Bool {
        let file = world.git.head?.files["\(release.name).yaml"] ?? ""
        let last = schedule.entries.filter { entry in
            switch entry.act {
            case .commit, .rewind: World.start + entry.at <= world.now
            default: false
            }
        }.map(\.at).max()
        // A source looks every five seconds.
        let needed = TimeSpan.seconds(6) + world.delays.fetch + world.longestLag
        return RunTexts.shares(of: file) != status.declared
            && last.map { world.now - (World.start + $0) <= needed } ?? false
    }

    /// Whoever declares another version and then again what was declared before gets back what was
    /// there: nothing but the declaration decides what is.
    mutating func checkWayBack() {
        let release = Self.release(0)
        guard schedule.releases == 1, schedule.lasting.isEmpty, world.isUndisturbed,
            let status = world.truth.statuses[release],
            !status.declared.contains(where: { $0.weight > 0 && status.isRefused($0.digest) })
        else { return }
        let file = "\(release.name).yaml"
        guard let declared = world.git.head?.files[file] else { return }
        let before = (outcome, specs)
        let other = Self.yaml(release.name, [Act.Share("other", 100)], 1)
        for text in [other, declared] {
            world.schedule(after: .zero, .merge([file: text], author: "dana"))
            world.run(for: .minutes(3))
        }
        guard outcome != before.0 || specs != before.1 else { return }
        world.violate("way back", "\(outcome) is there, before it was \(before.0)")
    }

    /// What the objects of the releases are to be.
    private var specs: [ResourceKey: Document] {
        var specs: [ResourceKey: Document] = [:]
        for kind in [ResourceKind.httpRoute, .deployment, .service] {
            for object in world.store.objects(kind) {
                let id = ObjectMetadata(of: object).id
                let key = ResourceKey(kind, namespace: id.namespace, name: id.name)
                var spec = object["spec"] ?? .null
                // Addresses are given anew with each Service.
                for field in ["clusterIP", "clusterIPs"] { spec[field] = nil }
                specs[key] = spec
            }
        }
        return specs
    }
}

extension World {
    /// One process runs, and nothing of the cluster or of Git is away.
    fileprivate var isUndisturbed: Bool {
        processes.count == 1 && processes[0].isAlive && processes[0].waiting == nil
            && !apiIsAway && !gitIsAway && !gitRefusesPushes && frozen == nil
            && callFaults == CallFaults() && !clocksDiffer && !areWatchesLost
    }

    /// Nobody does anything any more; what is on its way arrives.
    fileprivate mutating func leaveAlone() {
        dropActions()
        users = Users()
    }
}
