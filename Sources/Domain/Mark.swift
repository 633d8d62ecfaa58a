/// Branches that a proof has to reach: a proving build counts them, others do not know them.
@usableFromInline package enum Mark: Int, CaseIterable, Sendable {
    /// A revert's route is decided.
    case reverted

    /// The name in reports.
    package var name: String { String(describing: self) }
}
