import API
import Domain
import Resources
import Simulation
import Testing

/// The server of drawn runs over HTTP enforces the roles of an installation.
struct RoleTests {
    @Test func aBadVersionIsRevertedWithTheRolesOfAnInstallation() throws {
        var story = Story(rights: Right.Part.allCases)
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(20)))
        story.merge(("2", 100))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        story.world.run(for: .minutes(2))
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    @Test(arguments: [Right.Part.releases, .autoscalers, .nodes])
    func aRoleThatIsMissingIsFound(_ part: Right.Part) {
        var story = Story(rights: Right.Part.allCases.filter { $0 != part })
        story.merge(("1", 100))
        story.world.run(for: .minutes(5))
        #expect(story.world.violations.contains { $0.contains("least rights") })
    }
}
