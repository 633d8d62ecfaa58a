import Foundation

/// Small bytes that become large: zeros, compressed.
package enum Compressed {
    /// What `gzip` makes of so many bytes of zeros; about a thousandth of them.
    package static func zeros(megabytes: Int) throws -> [UInt8] {
        let ended = try Command(
            ["/bin/sh", "-c", "head -c \(megabytes)M /dev/zero | gzip -9"]
        ).runHere()
        guard ended.code == 0, ended.output.count > 1000 else { throw Failure() }
        return ended.output
    }

    private struct Failure: Error {}
}
