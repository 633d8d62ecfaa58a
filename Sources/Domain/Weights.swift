/// Shares of traffic per version that always sum to 100: the type cannot hold anything else.
///
/// Entries are ordered by digest; versions with weight 0 may stand in it (their backends stay
/// registered in the route, which makes gateways build them early).
package struct Weights: Hashable, Sendable, CustomStringConvertible {
    /// One version's share.
    package struct Share: Hashable, Sendable {
        package let digest: Digest
        /// 0...100.
        package let weight: Int

        package init(digest: Digest, weight: Int) {
            self.digest = digest
            self.weight = weight
        }
    }

    /// Ascending by digest, each digest once.
    package let shares: [Share]

    /// `nil` unless every weight is 0...100, they sum to 100 and no digest stands twice.
    package init?(_ shares: [Share]) {
        let ordered = shares.sorted { $0.digest < $1.digest }
        guard ordered.allSatisfy({ (0...100).contains($0.weight) }),
            ordered.reduce(0, { $0 + $1.weight }) == 100,
            zip(ordered, ordered.dropFirst()).allSatisfy({ $0.digest < $1.digest })
        else { return nil }
        self.shares = ordered
    }

    /// Everything to one version.
    package init(all digest: Digest) {
        shares = [Share(digest: digest, weight: 100)]
    }

    private init(checked shares: [Share]) {
        self.shares = shares
    }

    /// The share of a version; 0 where it has none.
    package func weight(of digest: Digest) -> Int {
        shares.first { $0.digest == digest }?.weight ?? 0
    }

    /// The versions that get traffic, ascending.
    package var serving: [Digest] { shares.filter { $0.weight > 0 }.map(\.digest) }

    /// All versions named, also those with 0.
    package var digests: [Digest] { shares.map(\.digest) }

    /// The same split with the shares of 0 left out.
    package var withoutZeros: Weights { Weights(checked: shares.filter { $0.weight > 0 }) }

    /// The same split with further versions registered at 0.
    package func registering(_ digests: [Digest]) -> Weights {
        var all = shares
        for digest in digests where !all.contains(where: { $0.digest == digest }) {
            all.append(Share(digest: digest, weight: 0))
        }
        return Weights(checked: all.sorted { $0.digest < $1.digest })
    }

    /// The split without some versions: their shares go to the others in proportion (largest
    /// remainder, ties to the lower digest). `nil` if nothing would be left.
    package func removing(_ gone: Set<Digest>) -> Weights? {
        let left = shares.filter { !gone.contains($0.digest) && $0.weight > 0 }
        return Weights.proportional(left.map { ($0.digest, $0.weight) }, total: 100)
            .flatMap(Weights.init)
    }

    /// The split with the shares of some versions held at what they have in another split, at
    /// most: what they do not get stays with those that would lose it, first with versions that
    /// are not held. No share is further from `inForce` than it is in this split.
    package func holding(_ held: [Digest], at inForce: Weights) -> Weights {
        var weights: [Digest: Int] = [:]
        var excess = 0
        for share in registering(inForce.digests).shares {
            let has = inForce.weight(of: share.digest)
            let gets = held.contains(share.digest) ? min(share.weight, has) : share.weight
            weights[share.digest] = gets
            excess += share.weight - gets
        }
        guard excess > 0 else { return self }
        let losers = inForce.shares.filter { $0.weight > weight(of: $0.digest) }
        for share in losers.filter({ !held.contains($0.digest) })
            + losers.filter({ held.contains($0.digest) })
        {
            let kept = min(excess, share.weight - weight(of: share.digest))
            weights[share.digest, default: 0] += kept
            excess -= kept
        }
        let named = registering(losers.map(\.digest)).digests
        return Weights(
            checked: named.map { Share(digest: $0, weight: weights[$0, default: 0]) })
    }

    /// `total` handed out in proportion to `parts` by the largest remainder; `nil` if all parts
    /// are 0.
    package static func proportional(_ parts: [(Digest, Int)], total: Int) -> [Share]? {
        let sum = parts.reduce(0) { $0 + $1.1 }
        guard sum > 0, total >= 0 else { return nil }
        var shares = parts.map { (digest: $0.0, weight: $0.1 * total / sum) }
        let rest = total - shares.reduce(0) { $0 + $1.weight }
        let byRemainder = parts.indices.sorted {
            let left = parts[$0].1 * total % sum
            let right = parts[$1].1 * total % sum
            return left != right ? left > right : parts[$0].0 < parts[$1].0
        }
        for index in byRemainder.prefix(rest) { shares[index].weight += 1 }
        return shares.map { Share(digest: $0.digest, weight: $0.weight) }
    }

    package var description: String {
        shares.map { "\($0.digest.tag): \($0.weight)" }.joined(separator: ", ")
    }
}
