import API
import Domain
import Testing

@testable import Presentation

@Suite struct HandRequestTests {
    private func refusal(_ request: HandRequest, _ release: ModelRelease) -> String? {
        do throws(HandRequest.Refusal) {
            _ = try request.annotation(for: release, token: 5)
            return nil
        } catch { return error.description }
    }

    @Test func approveNamesTheDigestAndTheStep() throws {
        let annotation = try HandRequest.approve.annotation(for: Samples.waiting, token: 5)
        #expect(annotation.name == "slipway.dev/approve")
        #expect(annotation.value == "\(Samples.digest(Samples.new).hex)/2@5")
        #expect(annotation.meaning == "step 2 of 4 to 7 (75 %), 8 (25 %)")
    }

    @Test func thereMustBeAPauseToApprove() {
        #expect(
            refusal(.approve, Samples.reverted)
                == "no rollout is under way: nothing to approve")
        var baking = Samples.waiting
        baking.status.step?.waitsFor = "the bake"
        #expect(
            refusal(.approve, baking) == "nothing to approve: step 2 of 4 waits for the bake")
    }

    @Test func promoteNeedsARollout() throws {
        let annotation = try HandRequest.promote.annotation(for: Samples.waiting, token: 5)
        #expect(annotation.value == "\(Samples.digest(Samples.new).hex)@5")
        #expect(
            refusal(.promote, Samples.reverted)
                == "no rollout is under way: nothing to promote")
    }

    @Test func retryTakesNameDigestOrTheOnlyOne() throws {
        let digest = Samples.digest(Samples.new)
        for subject in [nil, "8", digest.tag, "sha256:\(digest.hex)"] {
            let annotation = try HandRequest.retry(subject)
                .annotation(for: Samples.reverted, token: 5)
            #expect(annotation.value == "\(digest.hex)@5")
        }
        #expect(
            refusal(.retry("9"), Samples.reverted)
                == "9 is not refused; refused are: 8 (\(digest.tag))")
        #expect(
            refusal(.retry(nil), Samples.waiting)
                == "no version is refused: nothing to try again")
    }

    @Test func retryAsksWhichWhereMoreAreRefused() {
        var release = Samples.reverted
        var other = release.status.quarantine[0]
        other.version = "9"
        other.digest = Samples.digest(Samples.old)
        release.status.quarantine.append(other)
        #expect(refusal(.retry(nil), release)?.hasPrefix("say which version") == true)
    }

    @Test func rollbackInARolloutGoesBackToItsBase() throws {
        let annotation = try HandRequest.rollback(nil).annotation(for: Samples.waiting, token: 5)
        #expect(annotation.value == "\(Samples.digest(Samples.old).hex)@5")
        #expect(annotation.meaning == "7 (100 %)")
    }

    @Test(arguments: ["6", "c0ffee0", "NAME"])
    func rollbackFindsAVersionOrACommit(subject: String) throws {
        let six = DeclaredVersion(name: "6", uri: "s3://models/fraud/6", weight: 100)
        var release = Samples.reverted
        release.status.history.append(
            HistoryEntry(
                verdict: .promoted, intent: 0, shares: [Samples.share(six, 100)],
                commit: "c0ffee0011223344", author: "", evidence: "",
                startedAt: Samples.ago(.hours(999)), endedAt: Samples.ago(.hours(998))))
        let target = subject == "NAME" ? Samples.digest(six).short : subject
        for subject in [target, nil] {
            let annotation = try HandRequest.rollback(subject)
                .annotation(for: release, token: 5)
            #expect(annotation.value == "\(Samples.digest(six).hex)@5")
        }
    }

    @Test func rollbackSaysWhatIsKnown() {
        #expect(
            refusal(.rollback("5"), Samples.reverted)
                == "5 is not proven; proven are: 7 (100 %) of a1b2c3d")
        #expect(refusal(.rollback("7"), Samples.reverted)?.hasSuffix("serves already") == true)
        #expect(
            refusal(.rollback("8"), Samples.reverted)
                == "version 8 is refused (Restarts); slipway retry lifts that")
        #expect(refusal(.rollback(nil), Samples.reverted) == "nothing proven to go back to")
    }

    @Test func pauseAndResumeAreOneAnnotation() throws {
        let paused = Samples.release(annotations: [(Names.pause, "true")])
        #expect(try HandRequest.pause.annotation(for: paused, token: 5).value == "true")
        #expect(try HandRequest.resume.annotation(for: paused, token: 5).value == nil)
        #expect(refusal(.resume, Samples.waiting) == "it is not paused by hand")
        var suspended = Samples.waiting
        suspended.spec.suspend = true
        #expect(refusal(.resume, suspended)?.contains("spec.suspend") == true)
    }
}
