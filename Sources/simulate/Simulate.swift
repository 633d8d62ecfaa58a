import ArgumentParser
import Domain
import Glibc
import Simulation

/// What is played.
enum Mode: String, ExpressibleByArgument, CaseIterable {
    case swarm, liveness, systematic, hands, sources, mutants
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
            middle of rollouts), sources (files that come, go and break) or mutants (known \
            bugs that the checks must see).
            """)
    var mode = Mode.swarm

    @Option(help: "In a proving build: the known bug to put back.")
    var mutant: String?

    @Option(help: "With --mode mutants: the table of runs that see them, instead of fresh seeds.")
    var known: String?

    @Flag(help: "With --mode mutants: what the controller's own asserts stop, and nothing else.")
    var asserts = false

    @Option(help: "Of the systematic cases only each n-th, beginning with the seed.")
    var every = 1

    @Option(help: "How many releases a run has.")
    var releases = 1

    @Option(help: "Play the schedule in a file, as a report prints it.")
    var schedule: String?

    @Option(help: "File to write the trace of the last run to.")
    var trace: String?

    @Flag(help: "Print a broken schedule as it was drawn.")
    var whole = false

    func validate() throws {
        if let mutant, Mutant(name: mutant) == nil {
            throw ValidationError(
                "--mutant must be one of \(Mutant.allCases.map(\.name).joined(separator: ", "))")
        }
        if mutant != nil || mode == .mutants, !isProving {
            throw ValidationError("this build has no mutants: build it with SLIPWAY_PROVING=1")
        }
        guard runs ?? 1 > 0, seed.addingReportingOverflow(UInt64(runs ?? 1)).overflow == false
        else { throw ValidationError("--runs must be more than 0") }
        guard seconds ?? 1 > 0 else { throw ValidationError("--seconds must be more than 0") }
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
        #if PROVING
        mutate(mutant)
        #endif
        if mode == .hands { return try Power.play(.hands, from: seed, runs: runs ?? 1) }
        if mode == .sources { return try Power.play(.sources, from: seed, runs: runs ?? 1) }
        let start = ContinuousClock.now
        var tally = Tally()
        if mode == .systematic {
            try playSystematically(&tally)
        } else if let schedule {
            tally.add(try play(try Files.schedule(schedule), "--schedule \(schedule)"))
        } else {
            var options = Schedule.Options()
            options.releases = releases
            options.isLiveness = mode == .liveness
            let count = UInt64(runs ?? (seconds == nil ? 1 : Int.max / 2))
            for number in 0..<count {
                if let seconds, start.duration(to: .now) >= .seconds(seconds) { break }
                let drawn = Schedule(drawnFrom: seed &+ number, options)
                let size =
                    (mode == .swarm ? "" : " --mode \(mode.rawValue)")
                    + (releases == 1 ? "" : " --releases \(releases)")
                tally.add(try play(drawn, "--seed \(seed &+ number)\(size)"))
            }
        }
        print(tally.summary(start.duration(to: .now)))
        Power.printMarks()
        if tally.broken > 0 { throw ExitCode(1) }
    }

    private func playSystematically(_ tally: inout Tally) throws {
        var results = tally
        var last: [String] = []
        for (name, schedule) in Systematic.stories {
            for fault in Systematic.Fault.allCases {
                Systematic.play(
                    name, schedule, fault, every: every, first: Int(seed % UInt64(every))
                ) { one, run in
                    results.add(run)
                    report(run, "\(one)")
                    last = run.world.trace
                }
            }
            Systematic.playLate(name, schedule) { one, run in
                results.add(run)
                report(run, one)
            }
        }
        tally = results
        if let trace { try Files.write(last, to: trace) }
    }

    private func report(_ run: ScheduledRun, _ what: String) {
        guard !run.world.violations.isEmpty else { return }
        print("broken: \(what)")
        print(run.world.violations.prefix(8).map { "  \($0)" }.joined(separator: "\n"))
    }

    private func play(_ schedule: Schedule, _ again: String) throws -> ScheduledRun {
        var run = ScheduledRun(schedule)
        run.play()
        if let trace { try Files.write(run.world.trace, to: trace) }
        guard let first = run.world.violations.first else { return run }
        print("broken: simulate \(again)")
        print(run.world.violations.prefix(8).map { "  \($0)" }.joined(separator: "\n"))
        if whole {
            print(schedule)
        } else {
            var shrinking = Shrinking(schedule, rule: Shrinking.rule(of: first))
            shrinking.shrink()
            print("a smaller schedule that breaks it (\(shrinking.tries) were played):")
            print(shrinking.schedule)
        }
        return run
    }
}
