import API
import ControlPlane
import Domain
import Resources
import Rollouts

/// What has to hold when everything has settled.
extension ScheduledRun {
    /// After the calm nothing moves, and what serves is what Git declares, or what was proven if
    /// that is refused.
    mutating func checkEnd() {
        if let stopped = world.stopped.first { world.violate("asserts", stopped) }
        var serves: [String] = []
        var isCalm = true
        for number in 0..<schedule.releases {
            let release = Self.release(number)
            guard world.git.declares(release) else { continue }
            if schedule.lasting.contains(.git), world.truth.statuses[release] == nil { continue }
            guard let names = checkEnd(of: release) else {
                isCalm = false
                continue
            }
            serves += names
        }
        guard isCalm else { return }
        settled = max(.zero, (world.lastWrite ?? healed) - healed)
        checkRest(serves.sorted())
    }

    /// What is good and was left alone is never refused.
    private mutating func checkRefusals(_ release: NamespacedName, _ status: ReleaseStatus) {
        let isAhead = schedule.entries.contains {
            if case .clock(_, let ahead) = $0.act { ahead > .zero } else { false }
        }
        let touched = schedule.entries.contains {
            switch $0.act {
            case .killContainer, .hand, .behave: true
            // Who may not read nodes cannot tell their failures from those of versions, and whose
            // clock is ahead takes what nodes tell for long ago.
            case .node: schedule.hidesNodes || isAhead
            default: false
            }
        }
        guard !touched else { return }
        for entry in status.quarantine
        where (world.behaviours[entry.version] ?? PodBehaviour())
            == PodBehaviour(
                startup: world.behaviours[entry.version]?.startup ?? PodBehaviour().startup)
        {
            world.violate("no false alarm", "\(entry.version) of \(release): \(entry.message)")
        }
    }

    /// The names of what serves; `nil` if pods that are bad by themselves never come to rest.
    private mutating func checkEnd(of release: NamespacedName) -> [String]? {
        let key = ResourceKey(
            .modelRelease, namespace: release.namespace, name: release.name)
        guard let object = world.store.object(key) else {
            world.violate("settled", "there is no \(release)")
            return nil
        }
        let status = ReleaseStatus(object["status"] ?? .null)
        checkRefusals(release, status)
        let declared = status.declared.filter { $0.weight > 0 }
        let isRefused = declared.contains { status.isRefused($0.digest) }
        // The name of a version that was found without a status may be lost; its pods have it.
        let bad = (status.proven?.shares ?? declared).contains { share in
            let deployment = world.store.object(
                ResourceKey(
                    .deployment, namespace: release.namespace,
                    name: Names.versioned(release.name, share.digest)))
            let label = deployment?.at(
                "spec", "template", "metadata", "labels", Names.versionLabel)?.stringValue
            return [share.version, label ?? ""].contains {
                (world.behaviours[$0] ?? PodBehaviour()).fault != .none
            }
        }
        let route = world.store.object(
            ResourceKey(.httpRoute, namespace: release.namespace, name: release.name))
        let serves = (route.map(World.split) ?? [:]).filter { $0.value > 0 }
        guard let proven = status.proven else {
            // A bad first version was refused, or has the traffic and nothing is better.
            if !isRefused, status.phase != .degraded {
                world.violate("settled", "nothing is proven: \(status.phase): \(status.message)")
            }
            return nil
        }
        if let attempt = status.attempt {
            world.violate("settled", "the attempt \(attempt.intent) goes on: \(status.message)")
        }
        if status.pendingRevert != nil, !schedule.lasting.contains(.git) {
            world.violate("settled", "Git is owed a revert")
        }
        var wanted: [String: Int] = [:]
        for share in proven.shares where share.weight > 0 {
            wanted[Names.versioned(release.name, share.digest)] = share.weight
        }
        if serves != wanted, !bad {
            world.violate("settled", "\(serves) serves, \(wanted) is proven")
        }
        if !isRefused, !isRolledBackOutOfGit(status),
            proven.weights?.withoutZeros
                != Weights(
                    declared.map { .init(digest: $0.digest, weight: $0.weight) })
        {
            world.violate("settled", "\(declared) is declared, \(proven.shares) is proven")
        }
        guard !bad else { return nil }
        world.checkSizes(of: release)
        if status.phase != .healthy, !isRefused {
            world.violate("settled", "\(status.phase): \(status.message)")
        }
        return wanted.keys.sorted()
    }

    /// Somebody went back to a split whose commit a forced push has taken away: nothing in Git can
    /// say it again, and the status says so.
    private func isRolledBackOutOfGit(_ status: ReleaseStatus) -> Bool {
        guard let last = status.history.first, last.verdict == .rolledBack,
            !world.git.commits.contains(where: { $0.id == last.commit })
        else { return false }
        return status.conditions.contains { $0.type == "Synced" && $0.reason == "RolledBack" }
    }

    /// Only what serves is there, nothing is written any more, and a new controller would not
    /// write either.
    private mutating func checkRest(_ wanted: [String]) {
        let made = world.store.objects(.deployment).map { ObjectMetadata(of: $0).name }
        if made.sorted() != wanted {
            world.violate("no leaks", "\(made) are there, \(wanted) serve")
        }
        guard !world.clocksDiffer else { return }
        let writes = world.writes
        world.run(for: .minutes(2))
        if world.writes != writes {
            world.violate("quiescence", "\(world.writes - writes) writes while nothing happens")
        }
        for process in world.processes.indices {
            world.die(process, "to be compared with a new one")
        }
        world.run(for: .seconds(30))
        if world.writes != writes {
            world.violate("recovery", "\(world.writes - writes) writes of a new controller")
        }
        if !schedule.comparisons.isEmpty { checkWayBack() }
    }
}
