import Domain
import FoundationEssentials
import Simulation
import Testing

/// The table of runs that see mutants, which a proving build plays. What a build without mutants
/// can say of it is said here.
struct MutantTableTests {
    @Test func everyMutantStandsInTheTableOnce() throws {
        let seen = try Self.rows().map(\.shot.mutant)
        #expect(Mutant.allCases.filter { !seen.contains($0) } == [])
        #expect(Set(seen).count == seen.count)
    }

    @Test func rowsReadAsTheyAreWritten() throws {
        for row in try Self.rows() {
            let again = try MutantHunt.Row(row.line[...]) { _ in
                guard case .written(_, let schedule) = row.shot.run else { return nil }
                return try Schedule(text: schedule.description)
            }
            #expect(again == row)
        }
    }

    @Test func everyScheduleThatWasWrittenForAMutantStandsInTheTable() throws {
        let named = try Self.rows().compactMap { row -> String? in
            if case .written(let name, _) = row.shot.run { "\(name).txt" } else { nil }
        }
        let files = try? FileManager.default.contentsOfDirectory(atPath: Self.scripts + "/Mutants")
        #expect((files ?? []).sorted() == named.sorted())
    }

    @Test(arguments: [
        "holdSkipped", "holdSkipped storm 1", "holdSkipped storm one 3 weights",
        "holdSkipped storm 1 0 weights", "holdSkipped rain 1 3 weights",
        "holdDropped storm 1 3 weights", "holdSkipped schedule nowhere - weights",
    ])
    func aLineThatIsNoRowIsRefused(_ line: String) {
        #expect(throws: MutantHunt.Row.Problem.self) { try MutantHunt.Row(line[...]) { _ in nil } }
    }

    // MARK: Reading it

    private static let scripts = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Scripts").path

    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(scripts)/\(path)")), as: UTF8.self)
    }

    private static func rows() throws -> [MutantHunt.Row] {
        try text("mutants.txt").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            try MutantHunt.Row(line) { try Schedule(text: text("Mutants/\($0).txt")) }
        }
    }
}
