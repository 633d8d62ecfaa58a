import Glibc

/// Runs workers in processes of their own, and finds out what they died of.
struct Supervisor {
    let program: String
    let corpus: String
    let findings: String
    let seed: UInt64

    /// What became of one parser.
    struct Result {
        var inputs = 0
        var ways = 0
        var findings = 0
    }

    /// A worker cannot be started or watched.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Tries a parser for a time or a number of inputs. A worker that dies is followed by another
    /// one with another seed, a few times.
    func run(_ parser: Parser, seconds: Double, inputs: Int?) throws -> Result {
        var result = Result()
        let end = ContinuousClock.now + .seconds(seconds)
        for life in 0..<UInt64(5) {
            let slot = try makeSlot()
            let left = max(0, ContinuousClock.now.duration(to: end) / .seconds(1))
            if life > 0, inputs == nil, left < 0.1 { break }
            var arguments = [
                "--parser", parser.name, "--worker", slot.path, "--seed", "\(seed &+ life)",
                "--seconds", "\(left)", "--corpus", corpus, "--findings", findings,
            ]
            if let inputs { arguments += ["--inputs", "\(max(0, inputs - result.inputs))"] }
            let status = try wait(for: try spawn(arguments, quiet: false))
            result.inputs += slot.inputs
            result.ways = max(result.ways, slot.ways)
            result.findings += slot.findings
            guard let signal = Self.signal(status) else {
                guard status == 0 else {
                    throw Failure(description: "the worker of \(parser.name) failed: \(status)")
                }
                return result
            }
            result.findings += 1
            try tell(parser, slot.input, signal)
        }
        return result
    }

    private func tell(_ parser: Parser, _ input: [UInt8], _ signal: Int32) throws {
        let slot = try makeSlot()
        // A hang costs a minute each time.
        let trials = signal == SIGALRM ? 0 : 300
        let small = Shrinker.shrink(input, trials: trials) { candidate in
            slot.input = candidate
            let arguments = ["--parser", parser.name, "--once", slot.path]
            let status = (try? spawn(arguments, quiet: true)).flatMap { try? wait(for: $0) }
            return status.flatMap(Self.signal) == signal
        }
        let path = try Files.keep(small, of: parser.name, in: findings)
        let what = signal == SIGALRM ? "no end after a minute" : "died of signal \(signal)"
        print("\(parser.name): \(what)\n  \(path)")
        fflush(nil)
    }

    private func makeSlot() throws -> Slot {
        try Slot("/tmp/slipway-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))", making: true)
    }

    // MARK: Processes

    /// The signal of which a process died.
    private static func signal(_ status: Int32) -> Int32? {
        let signal = status & 0x7F
        return signal == 0 || signal == 0x7F ? nil : signal
    }

    private func spawn(_ arguments: [String], quiet: Bool) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if quiet { posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) }
        // A picture of the stack takes long, and there may be hundreds of deaths.
        var environment = ["SWIFT_BACKTRACE=enable=no"]
        for name in ["PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR"] {
            if let value = getenv(name) { environment.append("\(name)=\(String(cString: value))") }
        }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var process = pid_t()
        let code = posix_spawn(&process, program, &actions, nil, &words, &variables)
        guard code == 0 else {
            throw Failure(
                description: "cannot start \(program): \(String(cString: strerror(code)))")
        }
        return process
    }

    private func wait(for process: pid_t) throws -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure(description: "the worker is lost") }
        }
        return status
    }
}
