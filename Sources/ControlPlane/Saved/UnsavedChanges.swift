import Domain

/// What has changed in a store since it was last kept, and what it takes to undo it.
struct UnsavedChanges: Sendable {
    /// One change of one object.
    struct Change: Sendable {
        let storage: String
        let kind: ResourceKind
        let event: StoreEvent
        /// The object that stood there.
        let former: Document?
    }

    var changes: [Change] = []
    let version: Int64
    let generator: SeededGenerator
    let registry: KindRegistry
}

extension Store {
    /// From now on changes are noted until ``noteSaved()`` is called for them.
    package mutating func notesChanges() { noteSaved() }

    /// Whether something has changed that is not kept.
    package var hasUnsavedChanges: Bool { unsaved.map { !$0.changes.isEmpty } ?? false }

    /// All that has changed is kept.
    package mutating func noteSaved() {
        unsaved = UnsavedChanges(version: version, generator: generator, registry: registry)
    }

    /// Takes back everything that is not kept: it has never happened, and its versions are given
    /// to other changes. Only for changes that nobody has seen.
    package mutating func undoUnsaved() {
        guard let unsaved else { return }
        self.unsaved = nil
        for change in unsaved.changes.reversed() {
            if let former = change.former {
                let isGone = change.event.change == .deleted
                lay(former, over: isGone ? nil : change.event.object, change.storage, change.kind)
            } else {
                lay(nil, over: change.event.object, change.storage, change.kind)
            }
            logs[change.storage]?.dropNewest()
        }
        version = unsaved.version
        generator = unsaved.generator
        registry = unsaved.registry
        noteSaved()
    }
}
