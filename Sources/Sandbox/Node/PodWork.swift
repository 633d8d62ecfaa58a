import ControlPlane
import Domain
import Glibc
import Processes
import Synchronization

/// Carries out what a pod's worker asks for; the answers go to the node's inbox.
struct PodWork: Sendable {
    let node: Node
    let server: SandboxServer
    /// The pod as the worker saw it.
    let pod: Document
    let address: String

    private var uid: String { pod.objectUID }

    private var folder: String {
        node.folder.pod(pod.objectNamespace, pod.objectName, uid)
    }

    private var source: FieldReferences.Source {
        FieldReferences.Source(
            pod: pod, podIP: address, hostIP: NodeObject.address, nodeName: node.options.name)
    }

    /// The ConfigMaps and Secrets that the pod names, as they are now.
    private func objects() async -> ContainerSetup.Lookup {
        let keys = PodReferences.keys(of: pod)
        let found = await server.change { store, _ in
            var found: [ResourceKey: Document] = [:]
            for key in keys { found[key] = store.object(key) }
            return found
        }
        let namespace = pod.objectNamespace
        return { kind, name in found[ResourceKey(kind, namespace: namespace, name: name)] }
    }

    // MARK: Folder and volumes

    func prepare() async {
        let lookup = await objects()
        do {
            try write(lookup)
            node.inbox.put(uid, .prepared)
        } catch let error as Volumes.Failure {
            node.inbox.put(uid, .prepareFailed(error.message))
        } catch {
            node.inbox.put(uid, .prepareFailed("MountVolume.SetUp failed: \(error)"))
        }
    }

    /// Makes what is missing of the pod's volumes, and writes what is not as it shall be.
    private func write(_ lookup: @escaping ContainerSetup.Lookup) throws {
        let plan = try Volumes.plan(source, capacity: node.capacity, lookup)
        let root = "\(folder)/volumes"
        try Folders.make(root)
        try Folders.make("\(folder)/tmp")
        for name in plan.folders { try Folders.make("\(root)/\(name)", mode: 0o755) }
        for file in plan.files {
            let path = "\(root)/\(file.path)"
            guard (try? Folders.read(path, limit: file.bytes.count + 1)) != file.bytes else {
                continue
            }
            let parent = path.split(separator: "/").dropLast().joined(separator: "/")
            try Folders.make("/\(parent)", mode: 0o755)
            try Folders.write(file.bytes, to: path, mode: file.mode)
        }
    }

    /// Brings the files of a running pod up to what their ConfigMaps and Secrets say now. One that
    /// has gone leaves its files as they are.
    func refresh() async {
        let lookup = await objects()
        // The pod may have gone in the meantime, and its folder is not made again.
        guard Folders.exists("\(folder)/volumes") else { return }
        try? write(lookup)
    }

    // MARK: Starting

    func start(_ plan: ContainerPlan, run: Int) async {
        do {
            node.start(try await order(plan, run))
        } catch let failure as StartFailure {
            node.inbox.put(uid, .startFailed(container: plan.name, run: run, failure))
        } catch {
            let failure = StartFailure.create("\(error)")
            node.inbox.put(uid, .startFailed(container: plan.name, run: run, failure))
        }
    }

    private func image(_ plan: ContainerPlan) throws(StartFailure) -> ImageTable.Image {
        let table: ImageTable
        do throws(ImageTable.Failure) {
            table = try Node.imageTable(node.options.imageTable)
        } catch {
            throw .image(reason: "ErrImagePull", message: "the image table: \(error)")
        }
        if let image = table[plan.image] { return image }
        guard plan.pullPolicy != "Never" else {
            throw .image(
                reason: "ErrImageNeverPull",
                message: "Container image \"\(plan.image)\" is not present with pull policy of "
                    + "Never")
        }
        let place = node.options.imageTable.map { "in the image table \($0)" } ?? "anywhere"
        throw .image(
            reason: "ErrImagePull",
            message: "rpc error: code = NotFound desc = failed to pull and unpack image "
                + "\"\(plan.image)\": failed to resolve reference \"\(plan.image)\": not found "
                + place)
    }

    private func order(_ plan: ContainerPlan, _ run: Int) async throws -> ContainerOrder {
        let image = try image(plan)
        let lookup = await objects()
        let containers =
            (pod.at("spec", "initContainers")?.arrayValue ?? [])
            + (pod.at("spec", "containers")?.arrayValue ?? [])
        let container = containers.first { $0["name"]?.stringValue == plan.name } ?? [:]
        let home = "\(folder)/containers/\(plan.name)"
        let logs = "\(folder)/logs/\(plan.name)"
        let message = "\(folder)/messages/\(plan.name)"
        var mounts = Volumes.mounts(container, of: pod, root: "\(folder)/volumes")
        mounts.add(
            container["terminationMessagePath"]?.stringValue ?? "/dev/termination-log",
            at: message)
        let setup = ContainerSetup(
            source: source, container: container, mounts: mounts, capacity: node.capacity,
            base: base(), home: home)
        let launch = try setup.launch(image, lookup)
        for path in [home, logs, "\(folder)/messages"] { try Folders.make(path) }
        unlink(message)
        // Of the earlier runs only the last one's log is kept.
        for name in Folders.names(in: logs) {
            let number = name.split(separator: ".").first.flatMap { Int($0) } ?? run
            if number < run - 1 { Folders.remove("\(logs)/\(name)") }
        }
        var order = ContainerOrder(
            uid: uid, container: plan.name, run: run, launch: launch,
            logPath: "\(logs)/\(run).log", memoryLimit: plan.memoryLimit, messagePath: message,
            takesLogAsMessage: container["terminationMessagePolicy"]?.stringValue
                == "FallbackToLogsOnError")
        try order.resolve()
        return order
    }

    /// What every container's environment begins with. `POD_IP` is the address that its ports have
    /// to be bound to: pods share the machine's network.
    private func base() -> [ImageTable.Variable] {
        func inherited(_ name: String, _ usual: String) -> String {
            getenv(name).map { String(cString: $0) } ?? usual
        }
        return [
            .init(name: "PATH", value: inherited("PATH", "/usr/local/bin:/usr/bin:/bin")),
            .init(name: "HOME", value: inherited("HOME", "/")),
            .init(name: "TMPDIR", value: "\(folder)/tmp"),
            .init(name: "HOSTNAME", value: pod.objectName),
            .init(name: "POD_IP", value: address),
        ]
    }

    // MARK: Probes and hooks

    func probe(_ container: String, _ run: Int, _ kind: ProbeKind, _ plan: ProbePlan) async {
        let result = await ask(plan.handler, container, run, timeout: plan.timeout)
        node.inbox.put(uid, .probed(container: container, run: run, kind, result))
    }

    func hook(
        _ container: String, _ run: Int, _ hook: Hook, _ handler: Handler, _ timeout: TimeSpan
    ) async {
        let result = await ask(handler, container, run, timeout: timeout)
        node.inbox.put(
            uid,
            .hookEnded(
                container: container, run: run, hook,
                complaint: result.isSuccess ? nil : "\(hook.rawValue)Hook failed: \(result.message)"
            ))
    }

    private func ask(
        _ handler: Handler, _ container: String, _ run: Int, timeout: TimeSpan
    ) async -> PodInput.ProbeResult {
        switch handler {
        case .http(let request):
            return await ProbeRunner.ask(request, at: address, timeout: timeout)
        case .tcp(let host, let port):
            return await ProbeRunner.connect(
                host: host, port: port, at: address, timeout: timeout)
        case .exec(let command):
            return await execute(command, container, run, timeout: timeout)
        case .grpc(let port, let service):
            return await GRPCProbe.check(
                service: service, port: port, at: address, timeout: timeout)
        case .sleep(let time):
            try? await Task.sleep(for: .milliseconds(time.milliseconds))
            return PodInput.ProbeResult(isSuccess: true)
        }
    }

    /// Runs a command beside the container, with its variables and in its folder.
    private func execute(
        _ command: [String], _ container: String, _ run: Int, timeout: TimeSpan
    ) async -> PodInput.ProbeResult {
        let key = Node.ContainerKey(uid: uid, container: container)
        guard let running = node.running(key), running.run == run else {
            return ProbeRunner.failure("container is not running")
        }
        let spec =
            (pod.at("spec", "containers")?.arrayValue ?? [])
            + (pod.at("spec", "initContainers")?.arrayValue ?? [])
        let description = spec.first { $0["name"]?.stringValue == container } ?? [:]
        let mounts = Volumes.mounts(description, of: pod, root: "\(folder)/volumes")
        var launch = running.launch
        launch.command = command.map(mounts.rewrite)
        var order = ContainerOrder(
            uid: uid, container: container, run: run, launch: launch, logPath: "",
            memoryLimit: nil, messagePath: "", takesLogAsMessage: false)
        do throws(StartFailure) {
            try order.resolve()
        } catch {
            if case .create(let message) = error { return ProbeRunner.failure(message) }
            return ProbeRunner.failure("\(error)")
        }
        return await Execution(
            order.launch, marker: "\(node.folder.marker)/\(uid)/\(container)/\(run)",
            name: command.joined(separator: " ")
        ).result(timeout: timeout)
    }
}

/// The ConfigMaps and Secrets that a pod names.
enum PodReferences {
    static func keys(of pod: Document) -> [ResourceKey] {
        var keys: Set<ResourceKey> = []
        collect(pod["spec"] ?? .null, pod.objectNamespace, depth: 0, &keys)
        return keys.sorted()
    }

    private static func collect(
        _ value: Document, _ namespace: String, depth: Int, _ keys: inout Set<ResourceKey>
    ) {
        guard depth < 16 else { return }
        for element in value.arrayValue ?? [] {
            collect(element, namespace, depth: depth + 1, &keys)
        }
        for member in value.objectValue?.members ?? [] {
            let kind: ResourceKind?
            switch member.key {
            case "configMap", "configMapRef", "configMapKeyRef": kind = .configMap
            case "secret", "secretRef", "secretKeyRef": kind = .secret
            default: kind = nil
            }
            let name = member.value["name"]?.stringValue ?? member.value["secretName"]?.stringValue
            if let kind, let name {
                keys.insert(ResourceKey(kind, namespace: namespace, name: name))
            }
            collect(member.value, namespace, depth: depth + 1, &keys)
        }
    }
}

/// A command that is run once, for its exit code and the beginning of what it prints.
struct Execution: Sendable {
    private static let outputLimit = 10 << 10

    private struct State {
        var output: [UInt8] = []
        var code: Int?
        var problem: String?
    }

    private let order: ChildProcess.Order
    private let name: String

    init(_ launch: Launch, marker: String, name: String) {
        var variables = launch.variables
        variables.insert(.init(name: ProcessTree.variable, value: marker), at: 0)
        // Without a marker of its own: its end is not the container's.
        order = ChildProcess.Order(
            command: launch.command, variables: variables, workingDir: launch.workingDir)
        self.name = name
    }

    func result(timeout: TimeSpan) async -> PodInput.ProbeResult {
        let done = Signal()
        let isLate = Flag()
        let shared = Shared(done: done)
        let process = ChildProcess.start(order) { shared.take($0) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await done.wait() }
            group.addTask {
                guard (try? await Task.sleep(for: .milliseconds(timeout.milliseconds))) != nil
                else { return }
                isLate.raise()
            }
            await group.next()
            group.cancelAll()
        }
        if !done.isRung { process.killAll() }
        if isLate.value {
            return ProbeRunner.failure("command timed out: \"\(name)\" timed out after \(timeout)")
        }
        return shared.result
    }

    private final class Shared: Sendable {
        private let state = Mutex(State())
        private let done: Signal

        init(done: Signal) {
            self.done = done
        }

        func take(_ notice: ChildProcess.Notice) {
            switch notice {
            case .started: break
            case .wrote(_, let bytes):
                state.withLock { state in
                    let room = Execution.outputLimit - state.output.count
                    state.output += bytes.prefix(max(0, room))
                }
            case .failed(let problem):
                state.withLock { $0.problem = problem }
                done.ring()
            case .ended(let code):
                state.withLock { $0.code = code }
                done.ring()
            }
        }

        var result: PodInput.ProbeResult {
            state.withLock { state in
                if state.code == 0 { return PodInput.ProbeResult(isSuccess: true) }
                let output = String(decoding: state.output, as: UTF8.self)
                let words = state.problem ?? output
                let isEmpty = words.allSatisfy(\.isWhitespace)
                return ProbeRunner.failure(
                    isEmpty ? "command exited with code \(state.code ?? -1)" : words)
            }
        }
    }
}
