/// Where the files of a container's volumes really are.
///
/// Pods share the machine's file system, so a volume cannot appear at its `mountPath`. Instead
/// every path in the container's command, arguments, variables and working folder that is a mount
/// path, or lies below one, is replaced by the place of the volume in the pod's folder. A path
/// begins where no character of a path stands before it: `--file=/etc/model/x` and
/// `cat /etc/model/x` have one, `/opt/etc/model` has not.
struct MountPaths: Sendable, Hashable {
    struct Mount: Sendable, Hashable {
        let path: String
        let place: String
    }

    /// The longest path first, so that a mount inside another one is found.
    private(set) var mounts: [Mount] = []

    mutating func add(_ path: String, at place: String) {
        var path = path[...]
        while path.utf8.count > 1, path.last == "/" { path = path.dropLast() }
        guard path.first == "/", path.utf8.count > 1 else { return }
        mounts.append(Mount(path: String(path), place: place))
        mounts.sort { ($1.path.utf8.count, $0.path) < ($0.path.utf8.count, $1.path) }
    }

    /// The text with the places of the files in it.
    func rewrite(_ text: String) -> String {
        guard !mounts.isEmpty, text.utf8.contains(UInt8(ascii: "/")) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let isStart = index == 0 || !Self.isPart(bytes[index - 1])
            if isStart, bytes[index] == UInt8(ascii: "/"), let mount = mount(at: index, in: bytes) {
                result += mount.place.utf8
                index += mount.path.utf8.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func mount(at index: Int, in bytes: [UInt8]) -> Mount? {
        mounts.first { mount in
            let path = Array(mount.path.utf8)
            let end = index + path.count
            guard end <= bytes.count, bytes[index..<end].elementsEqual(path) else { return false }
            return end == bytes.count || bytes[end] == UInt8(ascii: "/") || !Self.isPart(bytes[end])
        }
    }

    /// A character that goes on with a path.
    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: byte >= 0x80
        }
    }
}
