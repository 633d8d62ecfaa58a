import ArgumentParser
import Domain
import Glibc
import Simulation

/// The power of the checks: mutants are let loose, and every one has to be seen.
struct Power {
    /// The table of runs that are known to see a mutant, by path; `nil` hunts with fresh seeds.
    let known: String?
    /// The mutant to look at; `nil` for all.
    let mutant: Mutant?
    let seed: UInt64
    let runs: Int
    /// Ask what the engine's own asserts stop, not what the checks of the world see.
    let asserts: Bool

    /// Plays runs of one kind as they are; throws if a check was broken.
    ///
    /// - Parameter counts: the file that takes what they reached.
    static func play(
        _ kind: MutantHunt.Kind, from seed: UInt64, runs: Int, counts: String?
    ) throws {
        var broken = 0
        var faults: [String: Int] = [:]
        for number in 0..<UInt64(runs) {
            let result = MutantHunt.Run.drawn(kind, seed: seed + number).play()
            faults.merge(result.faults) { $0 + $1 }
            guard !result.violations.isEmpty else { continue }
            broken += 1
            print(result.report + "\n")
        }
        print("\(runs) runs, \(broken) broken")
        printMarks()
        if let counts { try Reach.count(faults, in: counts) }
        if broken > 0 { throw ExitCode(1) }
    }

    /// Names the branches that no run has reached so far; only a proving build knows.
    static func printMarks() {
        #if PROVING
        let missed = hits.filter { $0.count == 0 }.map(\.mark.name)
        print("\(hits.count - missed.count) of \(hits.count) marks reached")
        if !missed.isEmpty { print("never reached: \(missed.joined(separator: ", "))") }
        #endif
    }

    #if PROVING
    /// Prints a line for each run of the table or for each mutant that is hunted; throws if one was
    /// not seen.
    func run() throws {
        if let known { try replay(known) } else { try hunt() }
    }

    private func hunt() throws {
        var survivors: [String] = []
        let hunted = mutant.map { [$0] } ?? Mutant.allCases
        for mutant in hunted {
            if let kill = MutantHunt.hunt(mutant, from: seed, atMost: runs, asserts: asserts) {
                say("\(kill.row.line)\n# \(kill.violation)")
            } else {
                survivors.append(mutant.name)
                say("# \(mutant.name) is not seen")
            }
        }
        say("\(hunted.count - survivors.count) of \(hunted.count) mutants seen")
        if !survivors.isEmpty { throw ExitCode(1) }
    }

    /// Plays the runs of a table. A mutant that stands in it and is not seen any more is a failure,
    /// and so is a run that finds something by itself: it says nothing about a mutant.
    private func replay(_ path: String) throws {
        let rows = try rows(path).filter { mutant == nil || $0.shot.mutant == mutant }
        var bad = 0
        var clean: [MutantHunt.Run: Bool] = [:]
        for row in rows {
            let run = row.shot.run
            let isClean = clean[run] ?? run.play().violations.isEmpty
            clean[run] = isClean
            let name = "\(row.shot.mutant.name): \(run)"
            if !isClean {
                bad += 1
                say("\(name) BREAKS A CHECK BY ITSELF")
            } else if let violation = MutantHunt.fire(row.shot, asserts: asserts) {
                let check = MutantHunt.check(of: violation)
                let before = check == row.check ? "" : " (\(row.check) in the table)"
                say("\(name), seen by: \(check)\(before)")
            } else {
                bad += 1
                say("\(name) SEES NOTHING any more, by the table: \(row.check)")
            }
        }
        let seen = Set(rows.map(\.shot.mutant)).count
        say("\(rows.count) runs, \(bad) blind; \(seen) of \(Mutant.allCases.count) mutants")
        if bad > 0 || rows.isEmpty { throw ExitCode(1) }
    }

    /// The rows of a table; schedules that it names are files in the folder `Mutants` beside it.
    private func rows(_ path: String) throws -> [MutantHunt.Row] {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let lines = try Files.text(path).split(separator: "\n").filter { !$0.hasPrefix("#") }
        do {
            return try lines.map { line in
                try MutantHunt.Row(line) { try Files.schedule("\(folder)Mutants/\($0).txt") }
            }
        } catch let problem as MutantHunt.Row.Problem {
            throw ValidationError("\(path): \(problem)")
        }
    }

    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }
    #else
    func run() throws {
        throw ValidationError("there are no mutants in this build: SLIPWAY_PROVING=1 makes one")
    }
    #endif
}
