package import Domain

/// Which state a list shows, and how much of it.
package struct ListOptions: Hashable, Sendable {
    /// Which state.
    package enum State: Hashable, Sendable {
        /// The newest.
        case newest
        /// Any (`resourceVersion=0`); the limit is ignored.
        case any
        /// Not older than a version.
        case notOlderThan(Int64)
        /// As it was at a version.
        case exactly(Int64)
    }

    package var selection: Selection
    package var state: State
    /// Items of a page; `nil` for all.
    package var limit: Int?
    /// The token of the page before.
    package var continuation: ListContinuation?

    package init(
        selection: Selection = .init(), state: State = .newest, limit: Int? = nil,
        continuation: ListContinuation? = nil
    ) {
        self.selection = selection
        self.state = state
        self.limit = limit
        self.continuation = continuation
    }
}

/// Where the next page of a list starts, and in which state of the store.
package struct ListContinuation: Hashable, Sendable {
    package var version: Int64
    /// The path (`NAMESPACE/NAME`) of the last object of the page before.
    package var after: String
}

/// One page of a list.
package struct ListPage: Sendable {
    package var items: [Document]
    /// The state that the list shows; a watch goes on from here.
    package var version: Int64
    /// Where the next page starts; `nil` if this is the last one.
    package var next: ListContinuation?
    /// How many items come after this page; not known with a selector.
    package var remaining: Int?
}

extension Store {
    /// Lists objects, ascending by namespace and name.
    ///
    /// - Throws: 410 for a state that is not known any more, 504 for one in the future.
    package func list(
        _ kind: ResourceKind, namespace: String = "", _ options: ListOptions = .init()
    ) throws(APIStatus) -> ListPage {
        guard let definition = registry[kind] else { throw .notFound(kind, "") }
        var shown = version
        switch options.state {
        case .newest, .any: break
        case .notOlderThan(let least):
            guard least <= version else { throw .tooLargeVersion(least, current: version) }
        case .exactly(let wanted):
            guard wanted <= version else { throw .tooLargeVersion(wanted, current: version) }
            shown = wanted
        }
        if let continuation = options.continuation { shown = continuation.version }
        guard let objects = objects(definition, namespace: namespace, at: shown) else {
            throw .expired(
                options.continuation == nil
                    ? "The resourceVersion for the provided list is too old."
                    : "The provided continue parameter is too old to display a consistent list "
                        + "result. You must start a new list without the continue parameter.")
        }
        let limit = options.state == .any ? nil : options.limit
        return page(objects[...], definition, options, version: shown, limit: limit)
    }

    private func page(
        _ objects: ArraySlice<Document>, _ definition: KindDefinition, _ options: ListOptions,
        version: Int64, limit: Int?
    ) -> ListPage {
        var rest = objects
        if let after = options.continuation?.after {
            let index = objects.firstIndex { after < Self.path(of: $0) } ?? objects.endIndex
            rest = objects[index...]
        }
        var page = ListPage(items: [], version: version)
        while let object = rest.popFirst() {
            guard options.selection.isEmpty || options.selection.matches(object, definition) else {
                continue
            }
            page.items.append(object)
            if let limit, page.items.count >= limit, !rest.isEmpty {
                page.next = ListContinuation(version: version, after: Self.path(of: object))
                page.remaining = options.selection.isEmpty ? rest.count : nil
                break
            }
        }
        return page
    }

    /// Deletes all chosen objects of a collection; returns them as they were.
    @discardableResult
    package mutating func deleteCollection(
        _ kind: ResourceKind, namespace: String, selection: Selection,
        options: DeleteOptions = .init(), _ context: WriteContext
    ) throws(APIStatus) -> [Document] {
        let chosen = try list(kind, namespace: namespace, ListOptions(selection: selection)).items
        for object in chosen {
            let key = ResourceKey(
                kind, namespace: object.objectNamespace, name: object.objectName)
            try delete(key, options: options, context)
        }
        return chosen
    }
}
