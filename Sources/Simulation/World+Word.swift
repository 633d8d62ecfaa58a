import API
import ControlPlane
import Desired
import Domain
import Engine
import Observed
import Resources
import Rollouts
import Verdicts

/// Checks of what the controller says, in statuses and in Git, against what is.
extension World {
    /// A status that was stored says no more than is so.
    mutating func checkWord(
        _ key: ResourceKey, _ before: ReleaseStatus, _ after: ReleaseStatus
    ) {
        checkOrderOfReturn(key, before, after)
        checkConfirmation(key, before, after)
        checkApprover(key, before, after)
        checkMark(key, before, after)
        if after.phase == .healthy, after.attempt != nil {
            violate("honest status", "\(key) is Healthy in the middle of a rollout")
        }
    }

    /// Traffic goes before the word: what the status calls refused for its pods' sake has no share
    /// any more.
    private mutating func checkOrderOfReturn(
        _ key: ResourceKey, _ before: ReleaseStatus, _ after: ReleaseStatus
    ) {
        let route = ResourceKey(.httpRoute, namespace: key.namespace, name: key.name)
        guard let object = store.object(route), !truth.taken.contains(route) else { return }
        let split = Self.split(object)
        let byHand = "RolledBack"
        for entry in after.quarantine
        where !before.isRefused(entry.digest) && entry.reason != byHand {
            let isProven = after.proven?.shares.contains { $0.digest == entry.digest } ?? false
            let service = Names.versioned(key.name, entry.digest)
            guard !isProven, split[service, default: 0] > 0 else { continue }
            violate("traffic first", "\(service) is refused in the status and has a share")
        }
    }

    /// What is refused for a mark on the route bore that mark in this very attempt: one that is
    /// older counts no more after a retry.
    private mutating func checkMark(
        _ key: ResourceKey, _ before: ReleaseStatus, _ after: ReleaseStatus
    ) {
        guard let attempt = before.attempt else { return }
        let route = NamespacedName(namespace: key.namespace, name: key.name)
        let recorded = VersionVerdict.Failure.Reason.recorded.rawValue
        for entry in after.quarantine
        where !before.isRefused(entry.digest) && entry.reason == recorded {
            let mark = RefusedMark(digest: entry.digest, intent: attempt.intent)
            guard attempt.target.contains(where: { $0.digest == entry.digest }),
                truth.marks[route]?.contains(mark) != true
            else { continue }
            violate("marks are of attempts", "\(entry.version) of \(key) is refused without one")
        }
    }

    /// A step counts as in force only when the gateways have said so of this very route.
    private mutating func checkConfirmation(
        _ key: ResourceKey, _ before: ReleaseStatus, _ after: ReleaseStatus
    ) {
        let route = ResourceKey(.httpRoute, namespace: key.namespace, name: key.name)
        guard let confirmed = after.attempt?.confirmedAt,
            confirmed != before.attempt?.confirmedAt, let object = store.object(route),
            !truth.taken.contains(route)
        else { return }
        // What a person had just done to it, and was put back meanwhile, was not known yet.
        if let hand = truth.hands[route], hand > knownAt(now),
            now - (truth.putBack[route] ?? now) <= longestLag + .seconds(1)
        {
            return
        }
        let generation = ObjectMetadata(of: object).generation
        let parents = object.at("status", "parents")?.arrayValue ?? []
        let isAccepted =
            !parents.isEmpty
            && parents.allSatisfy { parent in
                (parent["conditions"]?.arrayValue ?? []).allSatisfy {
                    $0["status"] == "True"
                        && ($0["observedGeneration"]?.intValue ?? 0) >= Int(generation)
                }
            }
        // A backend without a share may come or go at the same time: the split was accepted before.
        let accepted =
            parents.flatMap { $0["conditions"]?.arrayValue ?? [] }
            .compactMap { $0["lastTransitionTime"]?.stringValue }
            .compactMap { Timestamp(rfc3339: $0) }.max()
        let id = NamespacedName(namespace: key.namespace, name: key.name)
        // Times of conditions are whole seconds.
        let isOlder =
            accepted.map {
                $0.milliseconds >= (truth.splitChanged[id] ?? $0).milliseconds / 1000 * 1000
            } ?? false
        // A revert may have overtaken the word, which was true when it was sent.
        let given = truth.given[id]
        let isTakenBack = given?.intent == after.attempt?.intent && given?.isLess == true
        if !isAccepted, !isOlder, !isTakenBack {
            violate("confirmed by the gateways", "\(key) counts a step that is not in force")
        }
    }

    /// Whoever approves names the version that waits.
    private mutating func checkApprover(
        _ key: ResourceKey, _ before: ReleaseStatus, _ after: ReleaseStatus
    ) {
        guard let old = before.attempt, let new = after.attempt, old.intent == new.intent,
            new.approvedStep >= 0, new.approvedStep != old.approvedStep
        else { return }
        let used = after.handled.first { $0.annotation == Names.approve }?.value ?? ""
        let digest = used.prefix { $0 != "/" }
        if digest.isEmpty || !new.new.contains(where: { $0.hex.hasPrefix(digest) }) {
            violate("approvals", "\(key) takes \"\(used)\" for step \(new.approvedStep + 1)")
        } else if before.handled.contains(where: { $0.value == used }) {
            violate("approvals", "\(key) uses \"\(used)\" once more")
        }
    }

    /// A release is pruned only where a commit of late was read whole, does not declare it, and
    /// takes few away.
    mutating func checkPruned(_ key: ResourceKey) {
        let names =
            store.objects(.modelRelease).map { ObjectMetadata(of: $0) }
            .filter { $0.annotation(Names.source) != nil }.map(\.name) + [key.name]
        let isJustified = git.commits.suffix(4).contains { commit in
            let parsed = commit.files.keys.sorted().map { RunTexts.read(commit.files[$0] ?? "") }
            let declared = parsed.flatMap(\.releases).map(\.id.name)
            let gone = Set(names).subtracting(declared)
            return gone.contains(key.name) && gone.count <= max(1, Set(names).count / 5)
                && parsed.allSatisfy { !$0.problems.contains { $0.severity == .error } }
        }
        if !isJustified { violate("source integrity", "\(key) is deleted, no commit says so") }
    }

    /// What is cleaned up after a release that is gone is not that of one that is there, and a
    /// Service outlives the pods behind it. A write that came late was `sent` when there may have
    /// been no Deployment yet: the seals keep such a delete from what gets traffic.
    mutating func checkRemoved(_ key: ResourceKey, after sent: Timestamp?) {
        let release = ResourceKey(.modelRelease, namespace: key.namespace, name: key.name)
        if key.kind == .httpRoute, let object = store.object(release),
            object.at("metadata", "deletionTimestamp") == nil
        {
            violate("gone is gone", "\(key) is deleted and its release is there")
        }
        let deployment = ResourceKey(.deployment, namespace: key.namespace, name: key.name)
        if key.kind == .service, let object = store.object(deployment),
            object.at("metadata", "deletionTimestamp") == nil,
            ObjectMetadata(of: object).label(Names.managedByLabel) == Names.managedByValue,
            !isNewer(object, than: sent)
        {
            violate("Services go last", "\(key) is deleted before its Deployment")
        }
    }

    /// Objects know the second in which they were made.
    private func isNewer(_ object: Document, than time: Timestamp?) -> Bool {
        let made = ObjectMetadata(of: object).creationTimestamp
        guard let time, let made else { return false }
        return time < made + .seconds(1)
    }

    /// A revert commit takes the share of the refused version out of a branch that still declares
    /// it.
    mutating func checkRevert(_ order: RevertOrder, over before: SimulatedGit.Commit?) {
        let old = before?.files ?? [:]
        let new = git.head?.files ?? [:]
        let changed = new.keys.sorted().filter { new[$0] != old[$0] }
        // A rollback by hand to another split of the same versions only takes a part.
        func weight(_ files: [String: String]) -> Int {
            changed.flatMap { RunTexts.releases(of: files[$0] ?? "") }
                .filter { $0.id == order.release }
                .flatMap { $0.release.spec.declaredShares }
                .filter { $0.digest == order.refused }.reduce(0) { $0 + $1.weight }
        }
        if weight(old) == 0 || weight(new) >= weight(old) {
            violate(
                "Git is asked first", "the revert of \(order.release) takes out another one")
        }
    }

    /// Every commit of the controller takes a refused version out of the file that declared it.
    mutating func checkOwnCommits(of release: NamespacedName, _ status: ReleaseStatus) {
        let refused = Set(
            status.quarantine.map(\.digest)
                + status.history.filter { $0.verdict != .promoted }
                .flatMap(\.shares).map(\.digest))
        for (before, commit) in zip(git.commits, git.commits.dropFirst()) where commit.isOurs {
            for path in commit.files.keys.sorted() where commit.files[path] != before.files[path] {
                let were = Set(RunTexts.shares(of: before.files[path] ?? "").map(\.digest))
                let are = Set(RunTexts.shares(of: commit.files[path] ?? "").map(\.digest))
                if were.subtracting(are).isDisjoint(with: refused) {
                    violate("Git is asked first", "\(commit.id.prefix(7)) reverts what is not bad")
                }
            }
        }
    }

    // MARK: Faults

    /// The watches break: until new lists come, what happens is never told.
    mutating func loseWatches() {
        for index in processes.indices {
            for (kind, _) in ClusterView.kinds { processes[index].cursors[kind] = .max }
            processes[index].areWatchesLost = true
        }
    }

    var areWatchesLost: Bool {
        processes.indices.contains { processes[$0].areWatchesLost }
    }
}
