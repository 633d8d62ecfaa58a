import ArgumentParser
import Domain
import Simulation

/// What all runs of a suite have reached together.
enum Reach {
    /// Adds what this process has reached to a file.
    static func count(_ faults: [String: Int], in path: String) throws {
        var coverage = try read(path)
        coverage.add(faults: faults)
        #if PROVING
        for (mark, count) in hits { coverage.add(mark, count) }
        #endif
        let lines = "\(coverage)".split(separator: "\n").map(String.init)
        try Files.write(lines, to: path)
    }

    /// Says what the runs counted in a file have not reached; throws if that is not listed with a
    /// reason in another file, or if that list says more than is so.
    static func check(_ counts: String, unreached: String) throws {
        let coverage = try read(counts)
        let complaints = coverage.complaints(unreached: try Files.text(unreached))
        print("\(coverage)", terminator: "")
        print("\(coverage.reached) of \(Coverage.aims.count) marks and kinds of faults reached")
        for complaint in complaints { print("  \(complaint)") }
        if !complaints.isEmpty { throw ExitCode(1) }
    }

    private static func read(_ path: String) throws -> Coverage {
        do {
            return try Coverage(text: try Files.text(path))
        } catch let problem as Coverage.Problem {
            throw ValidationError("\(path): \(problem)")
        }
    }
}
