import Domain
import Glibc

/// One run of a container, ready to be started.
struct ContainerOrder: Sendable {
    let uid: String
    let container: String
    let run: Int
    var launch: Launch
    let logPath: String
    let memoryLimit: Int64?
    /// Where the container may leave its last words.
    let messagePath: String
    /// Without such a file the end of the log is taken, if the run failed.
    let takesLogAsMessage: Bool

    /// Bytes of a termination message.
    private static let messageLimit = 4096

    /// What a container runtime says when a container's process cannot be started.
    static func complaint(_ reason: String) -> String {
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
            + "runc create failed: unable to start container process: \(reason): unknown"
    }

    /// Finds the program and checks the folder, so that an error has a name.
    mutating func resolve() throws(StartFailure) {
        guard let program = launch.command.first, !program.isEmpty else {
            throw .create("no command specified")
        }
        guard Folders.isFolder(launch.workingDir) else {
            throw .create(
                Self.complaint(
                    "chdir to cwd (\"\(launch.workingDir)\") set in config.json failed: no such "
                        + "file or directory"))
        }
        if program.contains("/") {
            let path = program.hasPrefix("/") ? program : "\(launch.workingDir)/\(program)"
            guard Folders.exists(path), !Folders.isFolder(path) else {
                throw .create(
                    Self.complaint(
                        "exec: \"\(program)\": stat \(program): no such file or directory")
                )
            }
            guard access(path, X_OK) == 0 else {
                throw .create(Self.complaint("exec: \"\(program)\": permission denied"))
            }
            launch.command[0] = path
            return
        }
        for folder in (launch.value(of: "PATH") ?? "").split(separator: ":") {
            let path = "\(folder)/\(program)"
            if access(path, X_OK) == 0, !Folders.isFolder(path) {
                launch.command[0] = path
                return
            }
        }
        throw .create(
            Self.complaint("exec: \"\(program)\": executable file not found in $PATH"))
    }

    /// The last words of a run that has ended.
    func lastWords(failed: Bool) -> String {
        if let bytes = try? Folders.read(messagePath, limit: Self.messageLimit), !bytes.isEmpty {
            return String(decoding: bytes, as: UTF8.self)
        }
        guard failed, takesLogAsMessage else { return "" }
        let lines = LogFile(path: logPath).lines(tail: 80).map(\.text)
        let text = lines.joined(separator: "\n")
        return String(decoding: Array(text.utf8).suffix(2048), as: UTF8.self)
    }
}
