import API
import Domain
import Verdicts

/// What Git wants, and what the route remembers of earlier lives of the controller.
extension ReleaseMachine {
    /// Takes note of a revert that Git has, or does not need any more.
    mutating func settleRevert() {
        guard let settled = snapshot.settledRevert,
            status.pendingRevert?.intent == settled.intent
        else { return }
        hit(.revertSettled)
        status.pendingRevert = nil
        if let index = status.history.firstIndex(where: { $0.intent == settled.intent }) {
            let evidence = "\(status.history[index].evidence); \(settled.note)"
            status.history[index].evidence = String(evidence.prefix(1000))
        }
    }

    /// A route of ours without a status (a restored or reinstalled CRD, a release made again under
    /// the same name): what serves is taken as it is, and counts as provisional.
    mutating func adoptWhatServes() {
        guard status.declared.isEmpty, status.proven == nil, status.attempt == nil,
            case .ours(let state) = snapshot.route, let split = state.split?.withoutZeros
        else { return }
        let shares = split.shares.map { share in
            DeclaredShare(
                digest: share.digest,
                version: snapshot.version(share.digest)?.version ?? share.digest.tag,
                weight: share.weight
            )
        }
        hit(.servesWithoutStatus)
        status.proven = ProvenSplit(shares: shares, commit: "", since: now, provisional: true)
        status.intent = max(status.intent, state.refused?.intent ?? 0)
    }

    /// The mark on the route counts until the status says the same: an attempt that it names has
    /// failed, and a digest that it names is refused where the status was lost.
    mutating func absorbMark() {
        guard case .ours(let state) = snapshot.route, let mark = state.refused else { return }
        if isMutated(.markIgnored), snapshot.remembered == nil { return }
        if let attempt = status.attempt,
            attempt.intent == mark.intent || isMutated(.oldMarkWins),
            attempt.target.contains(where: { $0.digest == mark.digest })
        {
            hit(.markEndsAttempt)
            let remembered = snapshot.remembered
            let failure =
                remembered?.intent == mark.intent && remembered?.digest == mark.digest
                ? remembered?.failure : nil
            conclude(
                attempt,
                mark.digest,
                failure
                    ?? .init(.recorded, "traffic was taken back before the controller restarted")
            )
        } else if status.intent <= mark.intent, status.attempt == nil,
            !status.isRefused(mark.digest)
        {
            hit(.markRefuses)
            let version = snapshot.release.declaredShares
                .first { $0.digest == mark.digest }?.version
            quarantine(
                mark.digest,
                version: version ?? mark.digest.tag,
                intent: mark.intent,
                .init(.recorded, "the route carries its mark of refusal"),
                commit: ""
            )
            status.intent = mark.intent
        }
    }

    /// Sees what is declared now, lifts the quarantine of what Git declared anew, and starts or
    /// ends attempts accordingly.
    mutating func takeDeclaration() {
        let declared = snapshot.release.declaredShares
        guard declared != status.declared, snapshot.refusal == nil else { return }
        let before = Set(status.declared.map(\.digest))
        let author = snapshot.release.metadata.annotation(Names.author) ?? ""
        // Slipway's own commits never lift a quarantine, and a status that was lost has seen no
        // transition.
        if author != Names.fieldManager, !status.declared.isEmpty {
            for share in declared
            where !before.contains(share.digest) || isMutated(.anyCommitLifts) {
                lift(share.digest)
            }
        }
        if status.declared.isEmpty { narrowWhatWasFound(for: declared) }
        hit(.declarationTaken)
        status.declared = declared
        status.observedCommit = snapshot.release.metadata.annotation(Names.commit) ?? ""
        if let attempt = status.attempt {
            if sameSplit(attempt.target, declared) || isMutated(.supersededGoesOn) {
                hit(.declaredUnderWay)
                // Git says now what is under way: a rollback by hand, as a rule.
                if !isMutated(.supersededGoesOn) { status.attempt?.target = declared }
                status.attempt?.commit = status.observedCommit
                return
            }
            // What somebody rolled back from does not end the way back.
            if attempt.manual, isDeclaredRefused { return }
            supersede(attempt)
        }
        startAttempt(author: author)
    }

    /// Lifts the quarantine of a digest. The mark on the route counts no more, because it is older
    /// than the number of intents; the next write that gives the digest a share takes it off.
    mutating func lift(_ digest: Digest) {
        guard status.isRefused(digest) else { return }
        hit(.refusalLifted)
        status.quarantine.removeAll { $0.digest == digest }
        status.intent += 1
    }

    private var isDeclaredRefused: Bool {
        status.declared.contains { $0.weight > 0 && status.isRefused($0.digest) }
    }

    /// Begins a rollout to the declaration, unless it is refused or already in force.
    mutating func startAttempt(author: String) {
        guard !isDeclaredRefused else { return }
        let declared = status.declared
        if let proven = status.proven, !proven.provisional, sameSplit(proven.shares, declared) {
            hit(.declaredServes)
            // Git says again what serves: names and commit may be newer.
            status.proven?.shares = declared
            if !status.observedCommit.isEmpty { status.proven?.commit = status.observedCommit }
            status.pendingRevert = nil
            return
        }
        let known = status.provenDigests.union(status.proven?.shares.map(\.digest) ?? [])
        let new = declared.filter { $0.weight > 0 && !known.contains($0.digest) }.map(\.digest)
        status.intent += 1
        status.pendingRevert = nil
        hit(.attemptStarted)
        status.attempt = Attempt(
            intent: status.intent,
            target: declared,
            new: new,
            startedAt: now,
            commit: status.observedCommit,
            author: author,
            found: new.compactMap { snapshot.version($0)?.uid }.filter { !$0.isEmpty }
        )
    }

    /// Of a split that was found without a status nobody knows which part was under test. Where it
    /// is not the declared one, only the version that is there longest counts as what serves, and
    /// those that are to get no more than they have; the others walk the steps.
    private mutating func narrowWhatWasFound(for declared: [DeclaredShare]) {
        guard let proven = status.proven, proven.provisional, !sameSplit(proven.shares, declared)
        else { return }
        let oldest = proven.shares.map(\.digest).min {
            let times = [$0, $1].map { snapshot.version($0)?.created ?? now }
            return times[0] != times[1] ? times[0] < times[1] : $0 < $1
        }
        let doubtful = proven.shares.filter { share in
            let gets = declared.first { $0.digest == share.digest }?.weight ?? 0
            return share.digest != oldest && gets > share.weight
        }
        guard !doubtful.isEmpty,
            let left = proven.weights?.removing(Set(doubtful.map(\.digest)))
        else { return }
        hit(.foundNarrowed)
        status.proven?.shares = left.shares.map { share in
            DeclaredShare(
                digest: share.digest,
                version: proven.shares.first { $0.digest == share.digest }?.version
                    ?? share.digest.tag,
                weight: share.weight)
        }
    }

    /// Ends an attempt that a newer declaration overtook. Where nothing is proven yet and it has
    /// the traffic, it stays in place as what serves until something better is ready.
    private mutating func supersede(_ attempt: Attempt) {
        status.attempt = nil
        hit(.superseded)
        record(.superseded, attempt, evidence: "a newer declaration took over")
        guard status.proven == nil, !serving.isEmpty, let split = splitInForce else { return }
        hit(.supersededFirst)
        status.proven = ProvenSplit(
            shares: split.shares.map { share in
                attempt.target.first { $0.digest == share.digest }.map {
                    DeclaredShare(
                        digest: $0.digest,
                        version: $0.version,
                        weight: share.weight
                    )
                }
                    ?? DeclaredShare(
                        digest: share.digest,
                        version: share.digest.tag,
                        weight: share.weight
                    )
            },
            commit: attempt.commit,
            since: now,
            provisional: true
        )
    }

    func sameSplit(_ left: [DeclaredShare], _ right: [DeclaredShare]) -> Bool {
        func weights(_ shares: [DeclaredShare]) -> Weights? {
            Weights(shares.map { .init(digest: $0.digest, weight: $0.weight) })?.withoutZeros
        }
        return weights(left) == weights(right)
    }
}
