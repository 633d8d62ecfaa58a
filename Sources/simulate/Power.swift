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
    static func play(_ kind: MutantHunt.Kind, from seed: UInt64, runs: Int) throws {
        var broken = 0
        for number in 0..<UInt64(runs) {
            let result = kind.play(seed: seed + number)
            guard !result.violations.isEmpty else { continue }
            broken += 1
            print(result.report + "\n")
        }
        print("\(runs) runs, \(broken) broken")
        printMarks()
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
    /// Prints a line for each mutant; throws if one was not seen.
    func run() throws {
        if let known { try replay(known) } else { try hunt() }
    }

    private func hunt() throws {
        var survivors: [String] = []
        for mutant in mutant.map({ [$0] }) ?? Mutant.allCases {
            if let kill = MutantHunt.hunt(
                mutant, from: seed, atMost: runs, asserts: asserts)
            {
                let shot = kill.shot
                say(
                    "\(mutant.name) \(shot.kind.rawValue) \(shot.seed) runs=\(kill.runs) "
                        + kill.check)
            } else {
                survivors.append(mutant.name)
                say("\(mutant.name) survives")
            }
        }
        try end(mutant == nil ? Mutant.allCases.count : 1, survivors)
    }

    private func replay(_ path: String) throws {
        let lines = try read(path).split(separator: "\n").filter { !$0.hasPrefix("#") }
        var survivors = Mutant.allCases.map(\.name)
        for line in lines {
            guard let shot = MutantHunt.Shot(line) else {
                throw ValidationError("\(path): not MUTANT KIND SEED: \(line)")
            }
            if let mutant, shot.mutant != mutant { continue }
            if let check = MutantHunt.fire(shot, asserts: asserts) {
                survivors.removeAll { $0 == shot.mutant.name }
                say("\(shot.mutant.name) \(shot.kind.rawValue) \(shot.seed) \(check)")
            } else {
                say("\(shot.mutant.name) survives \(shot.kind.rawValue) \(shot.seed)")
            }
        }
        if let mutant { survivors.removeAll { $0 != mutant.name } }
        try end(mutant == nil ? Mutant.allCases.count : 1, survivors)
    }

    private func end(_ count: Int, _ survivors: [String]) throws {
        say("\(count - survivors.count) of \(count) mutants seen")
        guard survivors.isEmpty else {
            say("not seen: \(survivors.joined(separator: ", "))")
            throw ExitCode(1)
        }
    }

    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else {
            perror(path)
            throw ExitCode(2)
        }
        defer { fclose(file) }
        var text = ""
        while let line = readLine(of: file) { text += line }
        return text
    }

    private func readLine(of file: UnsafeMutablePointer<FILE>) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    #else
    func run() throws {
        throw ValidationError("there are no mutants in this build: SLIPWAY_PROVING=1 makes one")
    }
    #endif
}
