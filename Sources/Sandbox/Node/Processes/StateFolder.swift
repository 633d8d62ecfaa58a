import Domain
import Glibc
import Processes
import Synchronization

/// The folder of a node: logs and volumes of its pods, and what keeps processes from outliving
/// it.
///
/// Every process of a pod dies with this program, since the kernel is told so; what such a process
/// has started itself would live on. So a guard process waits for the end of this program, killed
/// or not, and kills whatever carries its marker. If the guard is killed too, the next node on the
/// folder does it.
final class StateFolder: Sendable {
    let path: String
    /// The first part of the marker of all processes that nodes on this folder ever start.
    let id: String
    /// The first parts of the marker of this node's processes: another node on the folder, later,
    /// has another one, so that the guard of the one before does not touch its processes.
    let marker: String
    private let isTemporary: Bool
    private let lock: Int32
    private let life = Mutex<Int32>(-1)

    /// Takes the folder, or a new temporary one, and kills what an earlier node left behind.
    ///
    /// - Throws: if the folder cannot be written or another node has it.
    init(_ asked: String?) throws(NodeFailure) {
        do throws(Folders.Failure) {
            if let asked {
                path = Folders.absolute(asked)
                isTemporary = false
                try Folders.make(path)
            } else {
                path = try Folders.makeTemporary("slipway-sandbox")
                isTemporary = true
            }
            try Folders.make("\(path)/pods")
            lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard lock >= 0 else { throw Folders.Failure("\(path)/lock") }
        } catch {
            throw NodeFailure(description: "the node's folder cannot be used: \(error)")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw NodeFailure(description: "another sandbox works on \(path)")
        }
        let run = Self.randomName()
        let known = try? Folders.read("\(path)/id", limit: 64)
        if let known, known.count == 16 {
            id = String(decoding: known, as: UTF8.self)
        } else {
            id = Self.randomName()
            do throws(Folders.Failure) {
                try Folders.write(Array(id.utf8), to: "\(path)/id")
            } catch {
                close(lock)
                throw NodeFailure(description: "the node's folder cannot be used: \(error)")
            }
        }
        marker = "\(id)/\(run)"
        ProcessTree.sweep(marker: id)
        startGuard()
    }

    /// Sixteen hexadecimal digits.
    private static func randomName() -> String {
        let text = String(UInt64.random(in: UInt64.min...UInt64.max), radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }

    // MARK: The guard

    private static let script = """
        trap '' HUP INT TERM
        cat >/dev/null
        for round in 1 2 3 4 5; do
            found=$(grep -lsz "^$1=$2/" /proc/[0-9]*/environ | cut -d/ -f3)
            [ -z "$found" ] || kill -KILL $found 2>/dev/null
            sleep 0.1
        done
        [ -z "$3" ] || rm -rf -- "$3"
        """

    /// Starts a process that reads a pipe of this program: the pipe ends when the program does.
    private func startGuard() {
        guard let pipe = GlibcExtras.pipe() else { return }
        life.withLock { $0 = pipe.write }
        let environment = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let order = ChildProcess.Order(
            command: [
                "/bin/sh", "-c", Self.script, "slipway-sandbox-guard", ProcessTree.variable, marker,
                isTemporary ? path : "",
            ], variables: [.init(name: "PATH", value: environment)], workingDir: "/",
            input: pipe.read, outlivesParent: true)
        ChildProcess.start(order) { notice in
            switch notice {
            case .started, .failed: close(pipe.read)
            case .wrote, .ended: break
            }
        }
    }

    /// Lets go of the folder; a temporary one is removed. To be called when no process is left.
    func release() {
        let pipe = life.withLock { pipe in
            defer { pipe = -1 }
            return pipe
        }
        if pipe >= 0 { close(pipe) }
        if isTemporary { Folders.remove(path) }
        // A child that is just being started may hold the descriptor for a moment.
        flock(lock, LOCK_UN)
        close(lock)
    }

    // MARK: Places

    /// The folder of a pod.
    func pod(_ namespace: String, _ name: String, _ uid: String) -> String {
        "\(path)/pods/\(namespace)_\(name)_\(uid)"
    }

    /// The log of one run of a container.
    func log(pod: String, container: String, run: Int) -> String {
        "\(pod)/logs/\(container)/\(run).log"
    }

    /// Removes the folders of pods that are not there any more.
    func removePods(except uids: Set<String>) {
        for name in Folders.names(in: "\(path)/pods") {
            let uid = name.split(separator: "_").last.map(String.init) ?? ""
            if !uids.contains(uid) { Folders.remove("\(path)/pods/\(name)") }
        }
    }
}
