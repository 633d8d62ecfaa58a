import Domain
import Testing

/// Only a build that is made for it can be made to misbehave.
struct ProvingTests {
    @Test func thisBuildKnowsNoMutant() {
        #expect(!isProving)
        #expect(Mutant.allCases.filter { isMutated($0) } == [])
        #expect(!areAssertsSilent)
    }

    @Test func everyMutantIsFoundByItsName() {
        #expect(Mutant.allCases.count >= 28)
        #expect(Mutant.allCases.map { Mutant(name: $0.name) } == Mutant.allCases)
        #expect(Mutant(name: "none") == nil)
    }
}
