import Glibc
import Synchronization

/// Addresses for pods: 127.A.0.0/16 of the loopback, where A belongs to this node alone as long
/// as it lives. Linux accepts connections to all of 127.0.0.0/8 without any set-up.
final class AddressBlock: Sendable {
    private struct State {
        var next = 1
        var used: Set<Int> = []
    }

    /// The second number of the addresses.
    let block: Int
    /// A name of the machine that is held while the block is ours, and gone when we are.
    private let claim: Int32
    private let state = Mutex(State())

    /// Takes a block that no other node of this machine has.
    init() throws(NodeFailure) {
        let first = Int(getpid()) % 200
        for offset in 0..<200 {
            let block = 40 + (first + offset) % 200
            if let claim = Self.claim(block) {
                self.block = block
                self.claim = claim
                return
            }
        }
        throw NodeFailure(description: "no addresses are left on 127.0.0.0/8")
    }

    deinit { close(claim) }

    /// Binds an abstract socket name: the kernel gives it to one process at a time.
    private static func claim(_ block: Int) -> Int32? {
        let type = Int32(SOCK_STREAM.rawValue) | 0o2000000
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array("slipway-sandbox-127.\(block)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in name.enumerated() where index + 1 < path.count {
                path[index + 1] = byte
            }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// An address that no pod has; the ones that were free for the longest time come first.
    func take() -> String? {
        state.withLock { state in
            for _ in 0..<65_536 {
                let number = state.next
                state.next = state.next >= 65_000 ? 1 : state.next + 1
                let last = number & 255
                guard last != 0, last != 255, state.used.insert(number).inserted else { continue }
                return "127.\(block).\(number >> 8).\(last)"
            }
            return nil
        }
    }

    func giveBack(_ address: String) {
        let parts = address.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 4 else { return }
        state.withLock { _ = $0.used.remove(parts[2] << 8 | parts[3]) }
    }
}
