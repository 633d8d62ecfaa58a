package import API
package import Domain

extension [DeclaredShare] {
    /// `7:75,8:25`: what has traffic, in the order declared; a single version by its name alone.
    package var short: String {
        let serving = filter { $0.weight > 0 }
        if serving.count == 1, let only = serving.first { return only.version }
        return serving.map { "\($0.version):\($0.weight)" }.joined(separator: ",")
    }

    /// `7 (75 %), 8 (25 %)`, for sentences.
    package var sentence: String {
        filter { $0.weight > 0 }.map { "\($0.version) (\($0.weight) %)" }.joined(separator: ", ")
    }
}

extension ReleaseStatus {
    /// The live versions that have traffic, declared ones first in their order, then the others.
    package var serving: [DeclaredShare] {
        let live = versions.filter { $0.weight > 0 }
            .map { DeclaredShare(digest: $0.digest, version: $0.version, weight: $0.weight) }
        let order = declared.map(\.digest)
        return order.flatMap { digest in live.filter { $0.digest == digest } }
            + live.filter { !order.contains($0.digest) }
    }

    /// The entry that says why a digest is refused.
    package func refusal(of digest: Digest) -> QuarantineEntry? {
        quarantine.first { $0.digest == digest }
    }
}

/// The first seven characters of a commit, as Git prints it.
package func shortCommit(_ commit: String) -> String { String(commit.prefix(7)) }
