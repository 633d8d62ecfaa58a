import Dispatch
package import Glibc
import Synchronization

/// A process of this machine with everything it starts, in a session of its own.
///
/// One thread belongs to it: it starts the process, reads what it writes, waits for its end, and
/// kills what it leaves behind. The kernel kills the process when that thread ends, so it never
/// outlives this program.
package final class ChildProcess: Sendable {
    /// One variable of an environment.
    package struct Variable: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What is started.
    package struct Order: Sendable {
        /// The program's path first.
        package var command: [String]
        package var variables: [Variable]
        package var workingDir: String
        /// What finds its descendants: see ``ProcessTree``. Empty if nothing shall be swept.
        package var marker = ""
        /// What it reads; otherwise nothing.
        package var input: Int32?
        /// It lives on when this program ends.
        package var outlivesParent = false

        package init(
            command: [String], variables: [Variable], workingDir: String,
            marker: String = "", input: Int32? = nil, outlivesParent: Bool = false
        ) {
            self.command = command
            self.variables = variables
            self.workingDir = workingDir
            self.marker = marker
            self.input = input
            self.outlivesParent = outlivesParent
        }
    }

    /// Where it writes.
    package enum Stream: Sendable {
        case output
        case error
    }

    /// What there is to say of it.
    package enum Notice: Sendable {
        /// It runs under this number.
        case started(pid_t)
        /// It could not be started.
        case failed(String)
        case wrote(Stream, [UInt8])
        /// It and everything it started is gone; 128 and the number for an end by a signal.
        case ended(code: Int)
    }

    private enum Life {
        case unborn
        case running(pid_t)
        case gone
    }

    private let order: Order
    private let notify: @Sendable (Notice) -> Void
    private let life = Mutex(Life.unborn)

    /// - Parameter notify: called on the process's own thread, in order. It may block: then the
    ///   process does too when it writes.
    private init(_ order: Order, _ notify: @escaping @Sendable (Notice) -> Void) {
        self.order = order
        self.notify = notify
    }

    /// Starts it; the first notice says whether that went well.
    @discardableResult
    package static func start(
        _ order: Order, notify: @escaping @Sendable (Notice) -> Void
    ) -> ChildProcess {
        let child = ChildProcess(order, notify)
        // Dispatch and the C library both bring the type: its initializer cannot be named.
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, 512 << 10)
        let box = Unmanaged.passRetained(child)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<ChildProcess>.fromOpaque(context).takeRetainedValue().main()
                return nil
            }, box.toOpaque())
        if code != 0 {
            box.release()
            // Never on the caller's thread, which may hold what the receiver needs.
            DispatchQueue.global().async {
                notify(.failed("no thread: \(String(cString: strerror(code)))"))
            }
        }
        return child
    }

    /// Sends a signal to the process alone. Nothing happens if it is gone.
    package func signal(_ number: Int32) {
        life.withLock { life in
            if case .running(let process) = life { kill(process, number) }
        }
    }

    /// Kills it with its process group; what has left the group is swept up after its end.
    package func killAll() {
        life.withLock { life in
            guard case .running(let process) = life else { return }
            kill(-process, SIGKILL)
            kill(process, SIGKILL)
        }
    }

    /// Its number while it lives.
    package var number: pid_t? {
        life.withLock { life in
            if case .running(let process) = life { process } else { nil }
        }
    }

    // MARK: The thread

    private func main() {
        guard let output = GlibcExtras.pipe() else { return notify(.failed("no pipe")) }
        guard let error = GlibcExtras.pipe() else {
            close(output.read)
            close(output.write)
            return notify(.failed("no pipe"))
        }
        let (process, problem) = Self.spawn(order, output.write, error.write)
        close(output.write)
        close(error.write)
        defer {
            close(output.read)
            close(error.read)
        }
        guard let process else { return notify(.failed(problem)) }
        life.withLock { $0 = .running(process) }
        notify(.started(process))
        let code = attend(process, output.read, error.read)
        notify(.ended(code: code))
    }

    /// Reads until the process has ended and what it left behind is gone and read.
    private func attend(_ process: pid_t, _ output: Int32, _ error: Int32) -> Int {
        let descriptor = GlibcExtras.processDescriptor(process)
        defer { if let descriptor { close(descriptor) } }
        var polled = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: error, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        var code: Int?
        var patience = 0
        while true {
            if code != nil, polled[0].fd < 0, polled[1].fd < 0 { break }
            let wait: Int32 = code != nil ? 50 : descriptor != nil ? -1 : 20
            let count = poll(&polled, 3, wait)
            guard count >= 0 else { continue }
            if code == nil, descriptor == nil || polled[2].revents != 0 {
                code = reap(process)
                if code != nil {
                    polled[2].fd = -1
                    ProcessTree.sweep(session: process, marker: order.marker)
                }
            }
            var hasRead = false
            for index in 0..<2 where polled[index].revents != 0 && polled[index].fd >= 0 {
                if read(polled[index].fd, index == 0 ? .output : .error) {
                    hasRead = true
                } else {
                    polled[index].fd = -1
                }
            }
            if code != nil {
                // Somebody who was not found holds the pipe: it is not waited for, nor is
                // everything read that it writes.
                patience += hasRead ? 1 : 20
                if patience > 200 { break }
            }
        }
        return code ?? 0
    }

    /// Takes what is there; `false` at the end.
    private func read(_ descriptor: Int32, _ stream: Stream) -> Bool {
        let bytes = [UInt8](unsafeUninitializedCapacity: 32 << 10) { buffer, count in
            var result = 0
            repeat {
                result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while result < 0 && errno == EINTR
            count = max(0, result)
        }
        guard !bytes.isEmpty else { return false }
        notify(.wrote(stream, bytes))
        return true
    }

    /// The exit code if it has ended; from then on its number may be somebody else's.
    private func reap(_ process: pid_t) -> Int? {
        life.withLock { life -> Int? in
            var status: Int32 = 0
            let result = waitpid(process, &status, WNOHANG)
            guard result == process || (result < 0 && errno == ECHILD) else { return nil }
            // The group is killed while its number is certainly still ours.
            kill(-process, SIGKILL)
            life = .gone
            guard result == process else { return 255 }
            let signal = status & 0x7F
            return Int(signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
        }
    }

    // MARK: Starting

    private static let launcher = "/usr/bin/setpriv"

    private static func spawn(
        _ order: Order, _ output: Int32, _ error: Int32
    ) -> (pid_t?, problem: String) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input = order.input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, error, 2)
        guard GlibcExtras.addFolder(&actions, order.workingDir) else {
            return (nil, "this system cannot start a process in another folder")
        }
        GlibcExtras.closeFrom(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Nothing that this program ignores or blocks is ignored or blocked there.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes,
            GlibcExtras.spawnInNewSession | Int16(POSIX_SPAWN_SETSIGMASK)
                | Int16(POSIX_SPAWN_SETSIGDEF))

        var line = order.command
        if !order.outlivesParent, access(launcher, X_OK) == 0 {
            line = [launcher, "--pdeathsig", "KILL", "--"] + line
        }
        guard let program = line.first else { return (nil, "no command") }
        var process: pid_t = 0
        let code = withCStrings(line) { arguments in
            withCStrings(order.variables.map { "\($0.name)=\($0.value)" }) { variables in
                posix_spawn(&process, program, &actions, &attributes, arguments, variables)
            }
        }
        guard code == 0 else { return (nil, String(cString: strerror(code))) }
        return (process, "")
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                var empty: UnsafeMutablePointer<CChar>?
                return body(&empty)
            }
            return body(base)
        }
    }
}
