package import API
package import Documents
package import Domain

/// A release as a commit declares it.
package struct DeclaredRelease: Hashable, Sendable {
    /// Decoded, with defaults, the source's namespace filled in and golden cases resolved; its
    /// labels and annotations are the file's.
    package let release: ModelRelease
    /// `spec` as written, with the cases of golden files put in: what is applied to the cluster.
    package let spec: Document
    /// The file it stands in, as a path in the repository.
    package let file: String
    /// Which of the file's documents it is, from 0; empty ones are not counted.
    package let documentIndex: Int
    /// Its bytes in that file; see ``LocatedDocument/byteRange``.
    package let byteRange: Range<Int>
    /// Where it begins.
    package let position: Position

    package init(
        release: ModelRelease, spec: Document, file: String, documentIndex: Int,
        byteRange: Range<Int>, position: Position
    ) {
        self.release = release
        self.spec = spec
        self.file = file
        self.documentIndex = documentIndex
        self.byteRange = byteRange
        self.position = position
    }

    package var id: NamespacedName { release.id }

    /// `FILE:LINE`, to name it among others.
    var place: String { "\(file):\(position.line)" }

    /// Whether it says the same as another one in the same file, wherever in the file it stands.
    func saysTheSame(as other: DeclaredRelease) -> Bool {
        file == other.file && spec == other.spec && release.metadata == other.release.metadata
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
