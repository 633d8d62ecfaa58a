import Foundation
import Glibc

extension FileHandle {
    /// A read failed.
    private struct Unreadable: Error {}

    /// What there is to read, once there is something; nothing at the end. Foundation's
    /// `availableData` ends the whole process when a signal interrupts it.
    func readSome() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(fileDescriptor, &bytes, bytes.count)
            if count >= 0 { return Array(bytes[..<count]) }
            guard errno == EINTR else { throw Unreadable() }
        }
    }
}
