import Domain
import Simulation
import Testing

/// What runs reached is counted, and held against what they need not reach.
struct CoverageTests {
    private func coverage(_ counts: [String: Int]) throws -> Coverage {
        try Coverage(text: counts.map { "\($0.value) \($0.key)" }.joined(separator: "\n"))
    }

    private var everything: [String: Int] {
        Dictionary(uniqueKeysWithValues: Coverage.aims.map { ($0, 1) })
    }

    @Test func whatIsNeitherReachedNorListedIsNamed() throws {
        var counts = everything
        counts["mark reverted"] = 0
        counts["fault call lost"] = nil
        let coverage = try coverage(counts)
        #expect(coverage.reached == Coverage.aims.count - 2)
        #expect(
            coverage.complaints(unreached: "") == [
                "not reached: mark reverted", "not reached: fault call lost",
            ])
        let list = "# why\nmark reverted: nobody fails\nfault call lost: no calls\n"
        #expect(coverage.complaints(unreached: list) == [])
    }

    @Test func aListThatSaysMoreThanIsSoIsNamed() throws {
        let list = "mark reverted: nobody fails\nmark reversed: a slip\nfault call lost:\n"
        #expect(
            try coverage(everything).complaints(unreached: list) == [
                "there is no mark reversed", "no reason why: fault call lost:",
                "reached, though \"nobody fails\": mark reverted",
                "reached, though \"\": fault call lost",
            ])
    }

    @Test func countsOfSeveralProcessesAddUp() throws {
        var sum = try coverage(["mark reverted": 2, "fault evict": 1])
        sum.add(try Coverage(text: "\(try coverage(["mark reverted": 3]))"))
        sum.add(faults: ["evict": 4])
        sum.add(.reverted, 1)
        let lines = "\(sum)".split(separator: "\n")
        #expect(lines.contains("6 mark reverted"))
        #expect(lines.contains("5 fault evict"))
        #expect(lines.count == Coverage.aims.count)
    }

    @Test(arguments: ["many mark reverted", "3"])
    func aTextThatIsNoCountIsRefused(_ text: String) {
        #expect(throws: Coverage.Problem.self) { try Coverage(text: text) }
    }

    /// A fault that runs count under a name of its own would be missed by nobody.
    @Test func everyFaultThatARunCountsIsAnAim() {
        var run = ScheduledRun(Schedule(drawnFrom: 16))
        run.play()
        let drawn = (1...200).flatMap { ScheduledRun(Schedule(drawnFrom: $0)).faults.keys }
        let unknown = Set(drawn + run.faults.keys).subtracting(Coverage.faults)
        #expect(unknown == [])
        #expect(Set(Coverage.aims).count == Coverage.aims.count)
    }
}
