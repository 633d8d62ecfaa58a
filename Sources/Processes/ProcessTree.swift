package import Glibc

/// Finds processes by what `/proc` says of them.
///
/// Whatever a container starts inherits the variable ``variable`` with a marker
/// `FOLDER/NODE/POD/CONTAINER/RUN`; so it is found even after it has left its process group and its
/// session, and by another sandbox that cleans up after one that was killed.
package enum ProcessTree {
    /// The variable that all processes of a sandbox carry.
    package static let variable = "SLIPWAY_SANDBOX"

    /// What `/proc/PID/stat` says of a process.
    package struct Process: Sendable {
        package let number: pid_t
        package let parent: pid_t
        package let session: pid_t
        package let isZombie: Bool
        /// Resident memory in bytes.
        package let memory: Int64
    }

    /// All processes that can be seen.
    package static func all() -> [Process] {
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return numbers().compactMap { number in
            guard let bytes = contents("/proc/\(number)/stat", limit: 4096) else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            // The name stands in parentheses and may hold anything.
            guard let end = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 21, let parent = pid_t(fields[1]),
                let session = pid_t(fields[3]), let pages = Int64(fields[21])
            else { return nil }
            return Process(
                number: number, parent: parent, session: session,
                isZombie: fields[0] == "Z" || fields[0] == "X",
                memory: pages.multipliedReportingOverflow(by: page).partialValue)
        }
    }

    /// Kills everything in a session and everything that carries the marker, until nothing does.
    package static func sweep(session: pid_t? = nil, marker: String) {
        for _ in 0..<10 {
            let found = all().filter { process in
                guard process.number != getpid(), !process.isZombie else { return false }
                if let session, process.session == session { return true }
                return !marker.isEmpty && carries(process.number, marker)
            }
            guard !found.isEmpty else { return }
            for process in found { kill(process.number, SIGKILL) }
            usleep(2000)
        }
    }

    /// Whether a process carries the marker or one that begins with it and a slash.
    private static func carries(_ process: pid_t, _ marker: String) -> Bool {
        guard let bytes = contents("/proc/\(process)/environ", limit: 1 << 20) else {
            return false
        }
        let wanted = Array("\(variable)=\(marker)".utf8)
        return bytes.withUnsafeBytes { all in
            // Entry by entry with the C library: this runs for every process of the machine.
            var rest = all[...]
            while rest.count >= wanted.count,
                let start = UnsafeRawBufferPointer(rebasing: rest)
                    .baseAddress
            {
                if memcmp(start, wanted, wanted.count) == 0 {
                    let next = rest.dropFirst(wanted.count).first ?? 0
                    if next == 0 || next == UInt8(ascii: "/") { return true }
                }
                guard let end = memchr(start, 0, rest.count) else { return false }
                rest = rest.dropFirst(start.distance(to: UnsafeRawPointer(end)) + 1)
            }
            return false
        }
    }

    /// The memory of a process and everything below it or in its session.
    package static func memory(of root: pid_t, in processes: [Process]) -> Int64 {
        members(of: root, in: processes).reduce(0) { $0 + max(0, $1.memory) }
    }

    /// The memory that is really used: pages that several processes share are counted once.
    package static func proportionalMemory(of root: pid_t, in processes: [Process]) -> Int64 {
        members(of: root, in: processes).reduce(0) { sum, process in
            let path = "/proc/\(process.number)/smaps_rollup"
            guard let bytes = contents(path, limit: 8192) else { return sum + process.memory }
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first {
                $0.hasPrefix("Pss:")
            }
            let words = line?.split(separator: " ") ?? []
            guard words.count > 1, let kilobytes = Int64(words[1]) else {
                return sum + process.memory
            }
            return sum + kilobytes * 1024
        }
    }

    private static func members(of root: pid_t, in processes: [Process]) -> [Process] {
        var known: Set<pid_t> = [root]
        var found: [Process] = []
        var rest = processes
        while true {
            let next = rest.filter {
                known.contains($0.number) || known.contains($0.parent) || $0.session == root
            }
            guard !next.isEmpty else { return found }
            found += next
            known.formUnion(next.map(\.number))
            rest.removeAll { known.contains($0.number) }
        }
    }

    // MARK: Files of /proc

    private static func numbers() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var numbers: [pid_t] = []
        while let entry = readdir(folder) {
            let number = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { pid_t(String(cString: $0)) }
            }
            if let number { numbers.append(number) }
        }
        return numbers
    }

    private static func contents(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let piece = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, count in
                count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
            }
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }
}
