import Documents
package import Domain

/// Reads one page of a list as its bytes arrive. Items carry `apiVersion` and `kind`, which servers
/// leave out in lists, and no `managedFields`.
package struct ListPage: Sendable {
    /// What a complete page says of itself.
    package struct End: Hashable, Sendable {
        package let resourceVersion: String
        /// Names the next page; `nil` on the last one.
        package let token: String?
    }

    private let kind: ResourceKind
    private var reader = JSONListReader()

    package init(of kind: ResourceKind) { self.kind = kind }

    /// The items that are complete now.
    package mutating func feed(_ bytes: [UInt8]) throws(ClusterError) -> [Document] {
        do {
            return try reader.feed(bytes).map(typed)
        } catch {
            throw unreadable(error)
        }
    }

    /// The page has arrived.
    package mutating func finish() throws(ClusterError) -> End {
        let list: Document
        do {
            list = try reader.finish()
        } catch {
            throw unreadable(error)
        }
        guard list["kind"]?.stringValue?.hasSuffix("List") == true,
            let version = list.at("metadata", "resourceVersion")?.stringValue, !version.isEmpty
        else { throw ClusterError(.malformed, "the answer is no list of \(kind)") }
        let token = list.at("metadata", "continue")?.stringValue
        return End(resourceVersion: version, token: token?.isEmpty == false ? token : nil)
    }

    private func unreadable(_ error: any Error) -> ClusterError {
        ClusterError(.malformed, "the list of \(kind) cannot be read: \(error)")
    }

    private func typed(_ item: Document) -> Document {
        var item = item
        if item["kind"] == nil { item["kind"] = .string(kind.kind) }
        if item["apiVersion"] == nil { item["apiVersion"] = .string(kind.apiVersion) }
        return item
    }
}
