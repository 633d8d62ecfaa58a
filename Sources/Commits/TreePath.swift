/// Rules for paths in a repository.
///
/// Nothing is ever checked out, so a name cannot lead out of the repository. But other programs
/// check the same repository out, and names end up in logs and on pages: names that would trick
/// those are refused here as well.
enum TreePath {
    /// Whether a part of a path is one that we take.
    static func isAllowed(component: some Collection<UInt8>) -> Bool {
        guard (1...255).contains(component.count) else { return false }
        let bytes = Array(component)
        if bytes == Array(".".utf8) || bytes == Array("..".utf8) { return false }
        let forbidden = bytes.contains {
            $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "/")
        }
        return !forbidden && !isRepositoryDirectory(bytes)
    }

    /// The parts of a path as people declare it: `/` at the ends and double ones are ignored.
    ///
    /// `nil` if a part is refused.
    static func components(_ path: String) -> [[UInt8]]? {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        return parts.allSatisfy { isAllowed(component: $0) } ? parts : nil
    }

    /// `.git` as file systems of Windows and macOS would read it: any case, with code points that
    /// HFS+ ignores, `git~1`, with dots, spaces or a stream name at the end.
    private static func isRepositoryDirectory(_ bytes: [UInt8]) -> Bool {
        let name = Array(
            String(decoding: bytes, as: UTF8.self).unicodeScalars
                .filter { !$0.properties.isDefaultIgnorableCodePoint }
                .map { Character($0).lowercased() }.joined().utf8
        )
        for start in [Array(".git".utf8), Array("git~1".utf8)] where name.starts(with: start) {
            let rest = name.dropFirst(start.count)
            let end = rest.first { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: " ") }
            if end == nil || end == UInt8(ascii: ":") { return true }
        }
        return false
    }
}
