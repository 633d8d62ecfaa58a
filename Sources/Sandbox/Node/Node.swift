import ControlPlane
import Documents
import Domain
import Glibc
import Logging
import Processes
import Synchronization

/// The node of a sandbox: takes pods, runs their containers as processes of this machine and
/// writes what becomes of them, as a scheduler and a kubelet do in a cluster.
///
/// ``PodWorker`` decides, ``NodeLoop`` keeps the pods, and this carries out: processes, files,
/// probes. What happens comes back through ``inbox``.
final class Node: Sendable {
    /// Which container of which pod.
    struct ContainerKey: Hashable, Sendable {
        let uid: String
        let container: String
    }

    /// A container that has a process.
    struct Running: Sendable {
        let run: Int
        let process: ChildProcess
        let launch: Launch
        let memoryLimit: Int64?
        let outOfMemory: Flag
    }

    let options: NodeOptions
    let folder: StateFolder
    let addresses: AddressBlock
    let inbox: Inbox
    let capacity: Document
    let logger: Logger
    private let containers = Mutex<[ContainerKey: Running]>([:])

    /// - Throws: if its folder or its addresses are not to be had, or its image table cannot be
    ///   read.
    init(_ options: NodeOptions, logger: Logger) throws(NodeFailure) {
        self.options = options
        self.logger = logger
        inbox = Inbox()
        capacity = NodeObject.capacity(options.capacity)
        addresses = try AddressBlock()
        if let path = options.imageTable {
            do throws(ImageTable.Failure) {
                _ = try Self.imageTable(path)
            } catch {
                throw NodeFailure(description: error.description)
            }
        }
        folder = try StateFolder(options.stateFolder)
    }

    /// Reads the image table, which may change while the node works.
    static func imageTable(_ path: String?) throws(ImageTable.Failure) -> ImageTable {
        guard let path else { return ImageTable() }
        let bytes: [UInt8]
        do throws(Folders.Failure) {
            bytes = try Folders.read(path)
        } catch {
            throw ImageTable.Failure(description: error.description)
        }
        // Processes begin in other folders than this program.
        let whole = Folders.absolute(path)
        let parent = whole.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        do throws(ImageTable.Failure) {
            return try ImageTable(yaml: bytes, folder: parent)
        } catch {
            throw ImageTable.Failure(description: "\(path): \(error)")
        }
    }

    // MARK: Life

    /// Works on the server's cluster until the task is cancelled; then no process is left.
    func run(on server: SandboxServer) async {
        await server.observe(inbox.signal)
        options.report(
            "the node \(options.name) runs pods as processes on 127.\(addresses.block).0.0/16")
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watchMemory() }
            var loop = NodeLoop(node: self, server: server)
            while !Task.isCancelled {
                let due = await loop.round(&group)
                if let due { inbox.wake(at: due, in: &group) }
                await inbox.signal.wait()
            }
            group.cancelAll()
        }
        shutDown()
    }

    /// Kills every process and waits until the last one is gone.
    private func shutDown() {
        for _ in 0..<500 {
            let left = containers.withLock { Array($0.values) }
            guard !left.isEmpty else { break }
            for container in left { container.process.killAll() }
            usleep(10_000)
        }
        ProcessTree.sweep(marker: folder.marker)
        folder.release()
    }

    // MARK: Containers

    func running(_ key: ContainerKey) -> Running? {
        containers.withLock { $0[key] }
    }

    /// Whether this run of a container has a process.
    func isRunning(_ key: ContainerKey, run: Int) -> Bool { running(key)?.run == run }

    /// Starts the process of a container; what becomes of it goes to the inbox.
    func start(_ order: ContainerOrder) {
        let key = ContainerKey(uid: order.uid, container: order.container)
        let log = ContainerLog(path: order.logPath, limit: options.logLimit)
        let outOfMemory = Flag()
        let marker = "\(folder.marker)/\(order.uid)/\(order.container)/\(order.run)"
        var variables = order.launch.variables
        variables.insert(.init(name: ProcessTree.variable, value: marker), at: 0)
        let process = ChildProcess.Order(
            command: order.launch.command, variables: variables,
            workingDir: order.launch.workingDir, marker: marker)
        containers.withLock { containers in
            // The process's thread waits for this lock before it takes the entry out.
            let child = ChildProcess.start(process) { [self] notice in
                switch notice {
                case .started:
                    let id = SHA256.hex(Array(marker.utf8))
                    inbox.put(
                        order.uid,
                        .started(
                            container: order.container, run: order.run,
                            .init(
                                containerID: "process://\(id)", imageID: order.launch.imageID)))
                case .failed(let reason):
                    remove(key, run: order.run)
                    log.close(at: WallClock.now)
                    inbox.put(
                        order.uid,
                        .startFailed(
                            container: order.container, run: order.run,
                            .create(ContainerOrder.complaint(reason))))
                case .wrote(let stream, let bytes): log.write(bytes, stream, at: WallClock.now)
                case .ended(let code):
                    log.close(at: WallClock.now)
                    remove(key, run: order.run)
                    var exit = PodInput.Exit(code: outOfMemory.value ? 137 : code)
                    exit.outOfMemory = outOfMemory.value
                    exit.message = order.lastWords(failed: exit.code != 0)
                    inbox.put(
                        order.uid, .exited(container: order.container, run: order.run, exit))
                }
            }
            containers[key] = Running(
                run: order.run, process: child, launch: order.launch,
                memoryLimit: order.memoryLimit, outOfMemory: outOfMemory)
        }
    }

    private func remove(_ key: ContainerKey, run: Int) {
        containers.withLock { if $0[key]?.run == run { $0[key] = nil } }
    }

    func signal(_ key: ContainerKey, run: Int, _ signal: PodAction.Signal) {
        guard let container = running(key), container.run == run else { return }
        switch signal {
        case .terminate: container.process.signal(SIGTERM)
        case .kill: container.process.killAll()
        }
    }

    /// Kills containers that use more memory than their limit.
    private func watchMemory() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            let limited = containers.withLock { $0.values.filter { $0.memoryLimit != nil } }
            guard !limited.isEmpty else { continue }
            let processes = ProcessTree.all()
            for container in limited {
                guard let limit = container.memoryLimit, let number = container.process.number,
                    ProcessTree.memory(of: number, in: processes) > limit,
                    ProcessTree.proportionalMemory(of: number, in: processes) > limit
                else { continue }
                container.outOfMemory.raise()
                container.process.killAll()
            }
        }
    }
}

/// What happened to pods, until the loop takes it. Bounded by what the loop asked for: each start,
/// probe and hook gives one answer.
final class Inbox: Sendable {
    struct Letter: Sendable {
        let uid: String
        let input: PodInput
    }

    /// Rung for every letter, and by whoever else wants the loop to look.
    let signal = Signal()
    private let letters = Mutex<[Letter]>([])
    /// When it will ring by itself.
    private let alarms = Mutex<Set<Timestamp>>([])

    func put(_ uid: String, _ input: PodInput) {
        letters.withLock { $0.append(Letter(uid: uid, input: input)) }
        signal.ring()
    }

    func take() -> [Letter] {
        letters.withLock { letters in
            defer { letters = [] }
            return letters
        }
    }

    /// Rings at a time, unless it rings before that anyway.
    func wake(at due: Timestamp, in group: inout DiscardingTaskGroup) {
        let isNews = alarms.withLock { alarms in
            guard !alarms.contains(where: { $0 <= due }) else { return false }
            alarms.insert(due)
            return true
        }
        guard isNews else { return }
        group.addTask { [self] in
            let span = due - WallClock.now
            try? await Task.sleep(for: .milliseconds(max(5, span.milliseconds)))
            alarms.withLock { _ = $0.remove(due) }
            signal.ring()
        }
    }
}
