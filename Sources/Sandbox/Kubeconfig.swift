import Glibc

/// The file with which `kubectl` and Slipway find the sandbox.
package enum Kubeconfig {
    /// Why the file could not be written.
    package struct Failure: Error, CustomStringConvertible {
        package let path: String
        package let reason: String
        package var description: String { "cannot write \(path): \(reason)" }
    }

    /// The file's text for a server on a port of this machine.
    ///
    /// - Parameter token: the bearer token, if the server asks for one; letters and digits.
    package static func text(port: Int, token: String? = nil) -> String {
        let user = token.map { "{token: \"\($0)\"}" } ?? "{}"
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - name: sandbox
              cluster:
                server: http://127.0.0.1:\(port)
            users:
            - name: sandbox
              user: \(user)
            contexts:
            - name: sandbox
              context:
                cluster: sandbox
                user: sandbox
                namespace: default
            current-context: sandbox

            """
    }

    /// Writes the file, readable for its owner alone. It appears whole or not at all.
    static func write(port: Int, token: String? = nil, to path: String) throws(Failure) {
        let temporary = "\(path).new"
        let bytes = Array(text(port: port, token: token).utf8)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else {
                let error = failure(path)
                close(descriptor)
                throw error
            }
            written += count
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(path: path, reason: String(cString: strerror(errno)))
    }
}
