import Glibc

/// `/proc` is not there.
private struct CannotCount: Error {}

/// How many threads of this process carry a name.
func threadCount(named name: String) throws -> Int {
    guard let directory = opendir("/proc/self/task") else { throw CannotCount() }
    defer { closedir(directory) }
    var count = 0
    while let entry = readdir(directory) {
        let task = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let file = fopen("/proc/self/task/\(task)/comm", "r") else { continue }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, 64, file) != nil else { continue }
        let text = String(
            decoding: line.prefix { $0 != 10 && $0 != 0 }.map { UInt8($0) },
            as: UTF8.self
        )
        if text == name { count += 1 }
    }
    return count
}
