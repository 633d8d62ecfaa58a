package import API
import Domain

/// What a person asks of a release by hand. It becomes an annotation of the ModelRelease; the
/// controller carries it out once and remembers it in `status.handled`.
package enum HandRequest: Hashable, Sendable {
    /// Pass the pause that the rollout stands at.
    case approve
    /// Skip the waits that are left.
    case promote
    /// Lift the quarantine of a version (name or digest); `nil`: the only one there is.
    case retry(String?)
    /// Back to a proven version, digest or commit; `nil`: the one before.
    case rollback(String?)
    case pause
    case resume

    /// The annotation to write.
    package struct Annotation: Hashable, Sendable {
        package let name: String
        /// `nil` takes the annotation away.
        package let value: String?
        /// What was understood, for people: `step 2 of 4 to 8 (100 %)`; may be empty.
        package let meaning: String
    }

    /// The request makes no sense for this release now.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Works out the annotation.
    ///
    /// - Parameter token: makes this request distinct from an equal one before; milliseconds.
    package func annotation(
        for release: ModelRelease, token: Int64
    ) throws(Refusal) -> Annotation {
        switch self {
        case .approve: try approval(release.status, token)
        case .promote: try promotion(release.status, token)
        case .retry(let subject): try retrial(release.status, subject, token)
        case .rollback(let subject): try rollback(release.status, subject, token)
        case .pause: Annotation(name: Names.pause, value: "true", meaning: "")
        case .resume: try resumption(release)
        }
    }

    private func approval(_ status: ReleaseStatus, _ token: Int64) throws(Refusal) -> Annotation {
        guard let attempt = status.attempt, let step = status.step else {
            throw Refusal(description: "no rollout is under way: nothing to approve")
        }
        guard step.waitsFor == "approval", let digest = attempt.new.first else {
            let waits = step.waitsFor.isEmpty ? "nothing" : step.waitsFor
            throw Refusal(
                description: "nothing to approve: step \(step.index) of \(step.of) waits for "
                    + waits)
        }
        return Annotation(
            name: Names.approve, value: "\(digest.hex)/\(step.index)@\(token)",
            meaning: "step \(step.index) of \(step.of) to \(attempt.target.sentence)")
    }

    private func promotion(_ status: ReleaseStatus, _ token: Int64) throws(Refusal) -> Annotation {
        guard let attempt = status.attempt,
            let digest = attempt.new.first ?? attempt.target.first?.digest
        else { throw Refusal(description: "no rollout is under way: nothing to promote") }
        return Annotation(
            name: Names.promote, value: "\(digest.hex)@\(token)",
            meaning: "the waits left on the way to \(attempt.target.sentence)")
    }

    private func retrial(
        _ status: ReleaseStatus, _ subject: String?, _ token: Int64
    ) throws(Refusal) -> Annotation {
        let known = status.quarantine.map { "\($0.version) (\($0.digest.tag))" }
        guard !known.isEmpty else {
            throw Refusal(description: "no version is refused: nothing to try again")
        }
        let meant = status.quarantine.filter { entry in
            subject.map { entry.version == $0 || entry.digest.matches($0) } ?? true
        }
        guard let entry = meant.first, meant.count == 1 || subject == nil && known.count == 1 else {
            let list = known.joined(separator: ", ")
            guard let subject else {
                throw Refusal(description: "say which version to try again, refused are: \(list)")
            }
            throw Refusal(
                description: meant.isEmpty
                    ? "\(printable(subject)) is not refused; refused are: \(list)"
                    : "\(printable(subject)) means more than one; refused are: \(list)")
        }
        return Annotation(
            name: Names.retry, value: "\(entry.digest.hex)@\(token)",
            meaning: "version \(entry.version) (\(entry.digest.tag))")
    }

    private func rollback(
        _ status: ReleaseStatus, _ subject: String?, _ token: Int64
    ) throws(Refusal) -> Annotation {
        let candidates = RollbackCandidate.all(of: status)
        guard let subject else {
            // A rollout under way goes back to where it came from; else to the split before.
            if status.attempt != nil, let proven = status.proven {
                return rollback(to: proven.shares, token)
            }
            guard let before = candidates.first(where: { !$0.serves }) else {
                throw Refusal(description: "nothing proven to go back to")
            }
            return rollback(to: before.shares, token)
        }
        guard let target = candidates.first(where: { $0.isMeant(by: subject) }) else {
            if let entry = status.quarantine.first(where: {
                $0.version == subject || $0.digest.matches(subject)
            }) {
                throw Refusal(
                    description: "version \(entry.version) is refused (\(entry.reason)); "
                        + "slipway retry lifts that")
            }
            let list = candidates.map(\.description).joined(separator: ", ")
            throw Refusal(
                description: "\(printable(subject)) is not proven; "
                    + (list.isEmpty ? "nothing is" : "proven are: \(list)"))
        }
        guard !target.serves || status.attempt != nil else {
            throw Refusal(description: "\(target) serves already")
        }
        return rollback(to: target.shares, token)
    }

    private func rollback(to shares: [DeclaredShare], _ token: Int64) -> Annotation {
        let digest = shares.first { $0.weight > 0 }?.digest.hex ?? ""
        return Annotation(
            name: Names.rollback, value: "\(digest)@\(token)", meaning: shares.sentence)
    }

    private func resumption(_ release: ModelRelease) throws(Refusal) -> Annotation {
        guard release.metadata.annotation(Names.pause) != nil else {
            throw Refusal(
                description: release.spec.suspend
                    ? "it is suspended by spec.suspend, which only Git changes"
                    : "it is not paused by hand")
        }
        return Annotation(name: Names.pause, value: nil, meaning: "")
    }
}

/// A proven split that a rollback can go to.
private struct RollbackCandidate: CustomStringConvertible {
    let shares: [DeclaredShare]
    let commit: String
    /// It is the split that is proven now.
    let serves: Bool

    var description: String {
        shares.sentence + (commit.isEmpty ? "" : " of \(shortCommit(commit))")
    }

    /// Newest first, each split once, none with a refused version.
    static func all(of status: ReleaseStatus) -> [RollbackCandidate] {
        var found: [RollbackCandidate] = []
        let proven = status.proven.map { [($0.shares, $0.commit)] } ?? []
        let before = status.history.filter { $0.verdict == .promoted || $0.verdict == .rolledBack }
            .map { ($0.shares, $0.commit) }
        for (index, (shares, commit)) in (proven + before).enumerated() {
            guard !shares.contains(where: { status.refusal(of: $0.digest) != nil }),
                !found.contains(where: { $0.shares == shares })
            else { continue }
            found.append(.init(shares: shares, commit: commit, serves: index < proven.count))
        }
        return found
    }

    /// A version's name, eight or more characters of a digest, or seven or more of a commit.
    func isMeant(by subject: String) -> Bool {
        shares.contains { $0.weight > 0 && ($0.version == subject || $0.digest.matches(subject)) }
            || subject.utf8.count >= 7 && commit.hasPrefix(subject)
    }
}

extension Digest {
    /// Eight or more characters of its beginning, with or without `sha256:`.
    fileprivate func matches(_ text: String) -> Bool {
        let start = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text
        return start.utf8.count >= 8 && hex.hasPrefix(start)
    }
}
