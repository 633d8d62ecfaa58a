import Documents
import Domain
import Glibc

/// The folder of Envoy's sockets and of the file that it starts with. Its path is short, as
/// sockets ask for, and it goes with the sandbox.
struct GatewayFolder: Sendable {
    let path: String

    private static let parent = "/tmp"
    private static let prefix = "slipway-gateway-"

    /// - Throws: if it cannot be made.
    init() throws(GatewayFailure) {
        Self.sweep()
        var template = Array("\(Self.parent)/\(Self.prefix)\(getpid())-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else {
            throw GatewayFailure(
                description: "no folder in \(Self.parent): \(String(cString: strerror(errno)))")
        }
        path = made
    }

    var discoverySocket: String { "\(path)/discovery.sock" }
    var adminSocket: String { "\(path)/admin.sock" }
    private var bootstrap: String { "\(path)/envoy.json" }

    /// Writes the file that Envoy starts with.
    func writeBootstrap(node: String) throws(GatewayFailure) -> String {
        let document = EnvoyParts.bootstrap(
            node: node, discoverySocket: discoverySocket, adminSocket: adminSocket)
        let bytes = JSON.write(document)
        let descriptor = open(bootstrap, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw failure() }
        return bootstrap
    }

    private func failure() -> GatewayFailure {
        GatewayFailure(
            description: "cannot write \(bootstrap): \(String(cString: strerror(errno)))")
    }

    func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        for name in Folders.names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// Removes the folders of sandboxes that were killed.
    private static func sweep() {
        for name in Folders.names(in: parent) where name.hasPrefix(prefix) {
            let number = name.dropFirst(prefix.count).prefix { $0 != "-" }
            guard let process = pid_t(number), process > 0, kill(process, 0) != 0, errno == ESRCH
            else { continue }
            remove("\(parent)/\(name)")
        }
    }
}
