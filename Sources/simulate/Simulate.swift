import ArgumentParser
import Domain
import Glibc
import Simulation
import Synchronization

/// What is played.
enum Mode: String, ExpressibleByArgument, CaseIterable {
    case swarm, liveness, systematic, hands, sources, mutants, coverage
}

/// Plays the whole controller in virtual time, with faults, until something breaks.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Play runs of the controller in virtual time, with faults.",
        discussion: """
            A run is a schedule: how long things take, how pods behave, what people commit and \
            change, which calls, watches, processes, nodes and proxies fail and when. Then all \
            faults end and everything has to settle. Checks are made after every event against \
            what really is. The same seed gives the same run. A schedule that breaks a check is \
            cut down to a small one and printed.

            EXAMPLES
              simulate --runs 500
              simulate --seconds 180 --seed 20260401
              simulate --seed 54 --trace trace.txt
              simulate --schedule failing.txt

            EXIT CODES
              0  no check was broken
              1  a check was broken; the schedule is printed
              2  wrong usage, or a file cannot be read or written
            """)

    @Option(help: "How many runs are played at the same time (by default one a processor).")
    var jobs: Int?

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many runs, each with the next seed.")
    var runs: Int?

    @Option(help: "Play on until so many seconds have passed.")
    var seconds: Int?

    @Option(
        help: """
            What is played: swarm (drawn from seeds), liveness (the same, and one fault stays for \
            ever), systematic (each fault at each place of each story), hands (people in the \
            middle of rollouts), sources (files that come, go and break), mutants (known bugs that \
            the checks must see) or coverage (nothing: what --counts has counted is held against \
            --unreached).
            """)
    var mode = Mode.swarm

    @Option(help: "In a proving build: the known bug to put back.")
    var mutant: String?

    @Option(help: "With --mode mutants: the table of runs that see them, instead of fresh seeds.")
    var known: String?

    @Flag(help: "With --mode mutants: what the controller's own asserts stop, and nothing else.")
    var asserts = false

    @Option(help: "A file that is there; adds what was reached: marks and kinds of faults.")
    var counts: String?

    @Option(help: "With --mode coverage: what runs need not reach, with reasons.")
    var unreached: String?

    @Option(help: "Of the systematic cases only each n-th, beginning with the seed.")
    var every = 1

    @Option(help: "How many releases a run has.")
    var releases = 1

    @Option(parsing: .upToNextOption, help: "Play schedules in files, as a report prints them.")
    var schedule: [String] = []

    @Option(help: "File to write the trace of the last run to.")
    var trace: String?

    @Flag(help: "Print a broken schedule as it was drawn.")
    var whole = false

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            let text = fullMessage(for: error)
            // `--help` comes as an error that means success.
            guard exitCode(for: error) != .success else { return print(text) }
            Files.complain(text)
            Glibc.exit(2)
        }
    }

    func validate() throws {
        if let mutant, Mutant(name: mutant) == nil {
            throw ValidationError(
                "--mutant must be one of \(Mutant.allCases.map(\.name).joined(separator: ", "))")
        }
        if mutant != nil || mode == .mutants, !isProving {
            throw ValidationError("this build has no mutants: build it with SLIPWAY_PROVING=1")
        }
        if mode == .coverage, counts == nil || unreached == nil {
            throw ValidationError("--mode coverage needs --counts and --unreached")
        }
        guard runs ?? 1 > 0, seed.addingReportingOverflow(UInt64(runs ?? 1)).overflow == false
        else { throw ValidationError("--runs must be more than 0") }
        guard seconds ?? 1 > 0 else { throw ValidationError("--seconds must be more than 0") }
        guard (1...1024).contains(jobs ?? 1) else {
            throw ValidationError("--jobs must be 1 to 1024")
        }
        guard every > 0 else { throw ValidationError("--every must be more than 0") }
        guard (1...1000).contains(releases) else {
            throw ValidationError("--releases must be 1 to 1000")
        }
    }

    mutating func run() throws {
        let mutant = mutant.flatMap { Mutant(name: $0) }
        if mode == .mutants {
            let power = Power(
                known: known, mutant: mutant, seed: seed, runs: runs ?? 40, asserts: asserts)
            return try power.run()
        }
        if mode == .coverage, let counts, let unreached {
            return try Reach.check(counts, unreached: unreached)
        }
        #if PROVING
        mutate(mutant)
        #endif
        if let kind: MutantHunt.Kind = mode == .hands ? .hands : mode == .sources ? .sources : nil {
            return try Power.play(kind, from: seed, runs: runs ?? 1, counts: counts)
        }
        let start = ContinuousClock.now
        let workers = Workers(count: jobs ?? Workers.processors)
        let tally = try mode == .systematic ? playSystematically(workers) : playDrawn(workers)
        print(tally.summary(start.duration(to: .now), workers: workers.count))
        Power.printMarks()
        if let counts { try Reach.count(tally.faults, in: counts) }
        if tally.broken > 0 { throw ExitCode(1) }
    }

    /// What came of one run or of a few that belong together.
    private struct Outcome: Sendable {
        var tally = Tally()
        /// What to tell of broken checks; empty if there are none.
        var report = ""
        var trace: [String] = []

        mutating func add(_ run: ScheduledRun, _ what: @autoclosure () -> String) {
            tally.add(run)
            trace = run.world.trace
            guard !run.world.violations.isEmpty else { return }
            report += "broken: \(what())\n"
            for line in run.world.violations.prefix(8) { report += "  \(line)\n" }
        }
    }

    private func play(
        _ runs: Int, _ workers: Workers, while goesOn: @Sendable () -> Bool = { true },
        _ one: @Sendable (Int) throws -> Outcome
    ) throws -> Tally {
        let whole = Mutex(Tally())
        let trace = trace
        try workers.play(runs, while: goesOn, one) { outcome in
            whole.withLock { $0.add(outcome.tally) }
            if !outcome.report.isEmpty { print(outcome.report, terminator: "") }
            if let trace { try Files.write(outcome.trace, to: trace) }
        }
        return whole.withLock { $0 }
    }

    private func playSystematically(_ workers: Workers) throws -> Tally {
        let stories = Systematic.stories
        let faults = Systematic.Fault.allCases
        let every = every
        let first = Int(seed % UInt64(every))
        // Each story with each fault, then with late views.
        let parts = faults.count + 1
        return try play(stories.count * parts, workers) { number in
            let (name, schedule) = stories[number / parts]
            var outcome = Outcome()
            if number % parts < faults.count {
                Systematic.play(
                    name, schedule, faults[number % parts], every: every, first: first
                ) { one, run in outcome.add(run, "\(one)") }
            } else {
                Systematic.playLate(name, schedule) { one, run in outcome.add(run, one) }
            }
            return outcome
        }
    }

    private func playDrawn(_ workers: Workers) throws -> Tally {
        let whole = whole
        if !schedule.isEmpty {
            let given = try schedule.map { (file: $0, schedule: try Files.schedule($0)) }
            return try play(given.count, workers) { number in
                let (file, schedule) = given[number]
                return Self.play(schedule, "--schedule \(file)", whole: whole)
            }
        }
        var options = Schedule.Options()
        options.releases = releases
        options.isLiveness = mode == .liveness
        let size =
            (mode == .swarm ? "" : " --mode \(mode.rawValue)")
            + (releases == 1 ? "" : " --releases \(releases)")
        let start = ContinuousClock.now
        let (drawn, first, limit) = (options, seed, seconds)
        return try play(
            runs ?? (seconds == nil ? 1 : Int.max / 2), workers,
            while: { limit.map { start.duration(to: .now) < .seconds($0) } ?? true },
            { number in
                let seed = first &+ UInt64(number)
                return Self.play(
                    Schedule(drawnFrom: seed, drawn), "--seed \(seed)\(size)", whole: whole)
            })
    }

    private static func play(_ schedule: Schedule, _ again: String, whole: Bool) -> Outcome {
        var run = ScheduledRun(schedule)
        run.play()
        var outcome = Outcome()
        outcome.add(run, "simulate \(again)")
        guard let first = run.world.violations.first else { return outcome }
        if whole {
            outcome.report += "\(schedule)\n"
        } else {
            var shrinking = Shrinking(schedule, rule: Shrinking.rule(of: first))
            shrinking.shrink()
            outcome.report +=
                "a smaller schedule that breaks it (\(shrinking.tries) were played):\n"
                + "\(shrinking.schedule)\n"
        }
        return outcome
    }
}
