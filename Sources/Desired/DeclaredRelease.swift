package import API
package import Documents
package import Domain

/// A release as a commit declares it.
///
/// There may be ten thousand of them: copies share one storage, and the spec is kept packed.
package struct DeclaredRelease: Hashable, Sendable {
    private struct Contents: Hashable {
        let release: ModelRelease
        let spec: PackedDocument
        let file: String
        let documentIndex: Int
        let byteRange: Range<Int>
        let position: Position
    }

    private indirect enum Shared: Hashable {
        case contents(Contents)
    }

    private let shared: Shared

    private var storage: Contents {
        switch shared {
        case .contents(let contents): contents
        }
    }

    package init(
        release: ModelRelease, spec: Document, file: String, documentIndex: Int,
        byteRange: Range<Int>, position: Position
    ) {
        shared = .contents(
            Contents(
                release: release, spec: PackedDocument(spec), file: file,
                documentIndex: documentIndex, byteRange: byteRange, position: position))
    }

    package var id: NamespacedName { release.id }

    /// Decoded, with defaults, the source's namespace filled in and golden cases resolved; its
    /// labels and annotations are the file's.
    package var release: ModelRelease { storage.release }

    /// `spec` as written, with the cases of golden files put in: what is applied to the cluster.
    /// It is unpacked each time.
    package var spec: Document { storage.spec.document }

    /// The same, packed: to be compared and kept.
    package var packedSpec: PackedDocument { storage.spec }

    /// The file it stands in, as a path in the repository.
    package var file: String { storage.file }

    /// Which of the file's documents it is, from 0; empty ones are not counted.
    package var documentIndex: Int { storage.documentIndex }

    /// Its bytes in that file; see ``LocatedDocument/byteRange``.
    package var byteRange: Range<Int> { storage.byteRange }

    /// Where it begins.
    package var position: Position { storage.position }

    /// `FILE:LINE`, to name it among others.
    var place: String { "\(file):\(position.line)" }

    /// Whether it says the same as another one in the same file, wherever in the file it stands.
    func saysTheSame(as other: DeclaredRelease) -> Bool {
        file == other.file && storage.spec == other.storage.spec
            && release.metadata == other.release.metadata
    }
}

/// A file of a commit.
package struct DesiredFile: Hashable, Sendable {
    /// Its path in the repository.
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// What a file says.
package struct ParsedFile: Hashable, Sendable {
    package let path: String
    /// In the order of the file; those without errors only.
    package let releases: [DeclaredRelease]
    /// In the order of the file.
    package let problems: [Problem]
    /// Other files that it was read with (golden files), ascending, also such that do not exist:
    /// when one of them changes this file must be read again.
    package let dependencies: [String]

    package init(
        path: String, releases: [DeclaredRelease] = [], problems: [Problem] = [],
        dependencies: [String] = []
    ) {
        self.path = path
        self.releases = releases
        self.problems = problems
        self.dependencies = dependencies
    }

    /// Something in it could not be taken over.
    package var hasErrors: Bool { problems.contains { $0.severity == .error } }
}
