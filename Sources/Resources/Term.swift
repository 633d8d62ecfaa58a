import API
package import Domain

/// One leadership: its number, and the process that has it.
///
/// A term is written into every object that can carry traffic. Who sees one of its own objects with
/// a later term, or with the same number and another process, does not lead any more.
package struct Term: Hashable, Sendable, CustomStringConvertible {
    /// Grows with every leader; 1 is the first.
    package let epoch: Int64
    /// Names the process among all there ever were; empty for one that leads by the
    /// installation's word, without an election. Short, for it stands in many objects.
    package let holder: String

    package init(epoch: Int64, holder: String) {
        self.epoch = epoch
        self.holder = holder
    }

    /// Numbers above are nobody's: a hand that writes the largest integer must not end all terms.
    package static let largest: Int64 = 1 << 53

    /// The number that annotations say; `nil` without one, or with one that no leader has written.
    package static func epoch(in annotations: (String) -> String?) -> Int64? {
        guard let number = annotations(Names.epoch).flatMap({ Int64($0) }), number > 0,
            number <= largest
        else { return nil }
        return number
    }

    /// The term that annotations name.
    package init?(_ annotations: (String) -> String?) {
        guard let epoch = Self.epoch(in: annotations) else { return nil }
        self.init(epoch: epoch, holder: String((annotations(Names.leader) ?? "").prefix(64)))
    }

    /// Whether a term seen on an object says that this one is over.
    package func isOver(bySeeing other: Term) -> Bool {
        if other.epoch != epoch { return other.epoch > epoch }
        return !other.holder.isEmpty && other.holder != holder
    }

    /// `7 of 3f9a2c1b-77d0`.
    package var description: String { holder.isEmpty ? "\(epoch)" : "\(epoch) of \(holder)" }
}

/// What makes earlier deletions of a version's object void: a version's Deployment and Service are
/// written once more before the version gets traffic, in this term and for this attempt. A deletion
/// that was decided before names a resourceVersion that is no more.
package struct Seal: Hashable, Sendable {
    package let term: Term
    /// The number of the attempt that brings the version.
    package let intent: Int64

    package init(term: Term, intent: Int64) {
        self.term = term
        self.intent = intent
    }

    /// The annotations that say so.
    package var annotations: [(String, String)] {
        var annotations = [(Names.epoch, String(term.epoch)), (Names.intent, String(intent))]
        if !term.holder.isEmpty { annotations.append((Names.leader, term.holder)) }
        return annotations
    }

    /// Whether a path of an object is one of these annotations.
    package static func isPlace(_ path: FieldPath) -> Bool {
        guard path.parts.count == 3, path.parts[1] == .key("annotations"),
            case .key(let name) = path.parts[2]
        else { return false }
        return [Names.epoch, Names.intent, Names.leader].contains(name)
    }
}
