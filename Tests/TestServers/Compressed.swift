import Foundation

/// Small bytes that become large: zeros, compressed.
package enum Compressed {
    /// What `gzip` makes of so many bytes of zeros; about a thousandth of them.
    package static func zeros(megabytes: Int) throws -> [UInt8] {
        let command = Process()
        let output = Pipe()
        command.executableURL = URL(filePath: "/bin/sh")
        command.arguments = ["-c", "head -c \(megabytes)M /dev/zero | gzip -9"]
        command.standardInput = FileHandle.nullDevice
        command.standardOutput = output
        try command.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        command.waitUntilExit()
        guard command.terminationStatus == 0, bytes.count > 1000 else { throw Failure() }
        return bytes
    }

    private struct Failure: Error {}
}
