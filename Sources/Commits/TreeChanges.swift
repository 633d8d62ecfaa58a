/// A file in a commit.
package struct FileEntry: Hashable, Sendable {
    /// From the root of the repository, parts separated by `/`, without one at the start.
    package var path: String
    package var blob: BlobID
    /// Bytes.
    package var size: Int
    package var isExecutable: Bool
}

/// Something under the path that is not taken in, and why.
package struct TreeProblem: Hashable, Sendable, CustomStringConvertible {
    /// Why it is not taken in.
    package enum Reason: Hashable, Sendable {
        /// A symbolic link; it is not followed.
        case link
        /// A submodule; it is not followed.
        case submodule
        /// A part of the path is `.git` in any disguise, or holds a backslash or a control
        /// character, or is longer than 255 bytes.
        case oddName
        /// The name is not UTF-8; the path shows it with the bytes replaced.
        case notUTF8
        /// Another name in the same folder differs only in upper and lower case.
        case sameName
        /// Larger than ``MirrorLimits/fileSize``: bytes.
        case tooLarge(Int)
        /// Deeper than ``MirrorLimits/depth``.
        case tooDeep
        /// Git knows no such mode.
        case unknownMode(UInt32)
    }

    package var path: String
    package var reason: Reason

    package var description: String {
        switch reason {
        case .link: "\(path): a symbolic link, links are not followed"
        case .submodule: "\(path): a submodule, submodules are not followed"
        case .oddName: "\(path): a name that is refused"
        case .notUTF8: "\(path): the name is not UTF-8"
        case .sameName: "\(path): another name differs from it only in upper and lower case"
        case .tooLarge(let size): "\(path): \(size) bytes, more than the limit"
        case .tooDeep: "\(path): too many folders in folders"
        case .unknownMode(let mode): "\(path): unknown mode \(String(mode, radix: 8))"
        }
    }
}

/// What is different between two commits under a path; lists are sorted by path.
///
/// Problems are of changed entries only. An entry that had a problem before and is gone or well
/// now is in ``removed`` or ``changed`` like any other.
package struct TreeChanges: Hashable, Sendable {
    /// Files that are new or have another content.
    package var changed: [FileEntry] = []
    /// Paths that are files no more: deleted, moved away, or a problem now.
    package var removed: [String] = []
    package var problems: [TreeProblem] = []

    package var isEmpty: Bool { changed.isEmpty && removed.isEmpty && problems.isEmpty }
}

/// All files of a commit under a path, sorted by path.
package struct TreeFiles: Hashable, Sendable {
    package var files: [FileEntry] = []
    package var problems: [TreeProblem] = []
}
