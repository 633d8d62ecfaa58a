import ArgumentParser
import Domain
import Glibc
import Simulation

/// Plays runs of the whole controller in virtual time, drawn from seeds, until something breaks.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Play random runs of the controller in virtual time, with faults.",
        discussion: """
            Every run is drawn from its seed: commits, failing pods, faults of the API, of Git and \
            of the controller, and people's hands; then a calm in which everything has to settle. \
            Checks are made after every event. The same seed gives the same run.

            EXAMPLES
              simulate --runs 500
              simulate --seed 54
              simulate --seed 54 --trace trace.txt

            EXIT CODES
              0  no check was broken
              1  a check was broken; the seed and what was drawn are printed
              2  wrong usage, or the trace cannot be written
            """)

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many runs, each with the next seed.")
    var runs = 1

    @Option(help: "File to write the trace of the last run to.")
    var trace: String?

    @Option(
        help: """
            random: faults of everything; hands: people in the middle of rollouts; \
            sources: files that come, go and break; mutants: known bugs that the checks must see.
            """)
    var mode = Mode.random

    @Option(help: "In a proving build: the known bug to put back.")
    var mutant: String?

    @Option(help: "With --mode mutants: the table of runs that see them, instead of fresh seeds.")
    var known: String?

    @Flag(help: "With --mode mutants: what the controller's own asserts stop, and nothing else.")
    var asserts = false

    /// What to play.
    enum Mode: String, ExpressibleByArgument, CaseIterable { case random, hands, sources, mutants }

    func validate() throws {
        if let mutant, Mutant(name: mutant) == nil {
            throw ValidationError(
                "--mutant must be one of \(Mutant.allCases.map(\.name).joined(separator: ", "))")
        }
        if mutant != nil || mode == .mutants, !isProving {
            throw ValidationError("this build has no mutants: build it with SLIPWAY_PROVING=1")
        }
        guard runs > 0, seed.addingReportingOverflow(UInt64(runs)).overflow == false else {
            throw ValidationError("--runs must be more than 0")
        }
    }

    mutating func run() throws {
        let mutant = mutant.flatMap { Mutant(name: $0) }
        if mode == .mutants {
            return try Power(known: known, mutant: mutant, seed: seed, runs: runs, asserts: asserts)
                .run()
        }
        #if PROVING
        mutate(mutant)
        #endif
        if mode == .hands { return try Power.play(.hands, from: seed, runs: runs) }
        if mode == .sources { return try Power.play(.sources, from: seed, runs: runs) }
        let start = ContinuousClock.now
        var (steps, writes, broken, milliseconds) = (0, 0, 0, Int64(0))
        for number in 0..<UInt64(runs) {
            var run = RandomRun(seed: seed + number)
            let begin = run.world.now
            run.play()
            steps += run.world.steps
            writes += run.world.writes
            milliseconds += (run.world.now - begin).milliseconds
            if !run.world.violations.isEmpty {
                broken += 1
                print(run.report)
                print("again: simulate --seed \(run.seed) --trace trace.txt\n")
            }
            if let trace { try write(run.world.trace, to: trace) }
        }
        let seconds = max(0.001, start.duration(to: .now) / .seconds(1))
        let hours = Double(milliseconds) / 3_600_000
        print(
            "\(runs) runs, \(broken) broken; \((hours * 10).rounded() / 10) simulated hours, "
                + "\(steps) events, \(writes) writes in \(seconds.rounded()) s: "
                + "\(Int(Double(steps) / seconds)) events a second")
        Power.printMarks()
        if broken > 0 { throw ExitCode(1) }
    }

    private func write(_ lines: [String], to path: String) throws {
        guard let file = fopen(path, "w") else {
            perror(path)
            throw ExitCode(2)
        }
        defer { fclose(file) }
        for line in lines { fputs(line + "\n", file) }
    }
}
