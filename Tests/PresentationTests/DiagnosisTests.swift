import API
import Domain
import Testing

@testable import Presentation

/// What `slipway doctor` makes of what it sees.
struct DiagnosisTests {
    private let release = NamespacedName(namespace: "risk", name: "fraud")
    private let gateway = NamespacedName(namespace: "edge", name: "public")

    @Test(arguments: [
        ("v1.30.0", Finding.Result.good), ("v1.36.2+k3s1", .good), ("v1.33.1-gke.100", .good),
        ("v1.29.9", .bad), ("v1.37.0", .doubtful), ("v2.0.0", .doubtful), ("", .doubtful),
        ("v1.x", .doubtful),
    ])
    func theServersVersionIsComparedWithWhatSlipwayIsMadeFor(
        _ version: String, _ result: Finding.Result
    ) {
        let finding = Diagnosis.server(version: version)
        #expect(finding.result == result)
        #expect(finding.advice.isEmpty == (result == .good))
    }

    @Test(arguments: [(0, true), (5, true), (-5, true), (6, false), (-90, false)])
    func clocksMayDifferByFiveSeconds(_ seconds: Int64, _ isGood: Bool) {
        let finding = Diagnosis.clock(ahead: .seconds(seconds))
        #expect((finding.result == .good) == isGood)
    }

    @Test func theDirectionOfTheClockIsSaid() {
        #expect(Diagnosis.clock(ahead: .seconds(90)).text == "the API server's is 1m30s ahead")
        #expect(Diagnosis.clock(ahead: .seconds(-90)).text == "the API server's is 1m30s behind")
    }

    @Test func aMissingKindSaysWhereItComesFrom() {
        let ours = Diagnosis.kind(.modelRelease, isNeeded: true, .missing)
        #expect(ours.result == .bad && ours.advice == "kubectl apply -f Manifests/crds")
        let route = Diagnosis.kind(.httpRoute, isNeeded: true, .missing)
        #expect(route.advice.contains("install the Gateway API"))
        let nodes = Diagnosis.kind(.node, isNeeded: false, .unseen("nodes is forbidden"))
        #expect(nodes.result == .doubtful && nodes.text == "nodes is forbidden")
        #expect(nodes.advice == "give the right to get, list and watch nodes")
        #expect(Diagnosis.kind(.pod, isNeeded: true, .unseen("no")).result == .bad)
    }

    @Test func aRightThatIsMissingSaysWhatItIsFor() {
        let needed = Diagnosis.right(
            "pods", missing: ["list", "watch"], isNeeded: true, purpose: "Sees readiness.")
        #expect(needed.result == .bad && needed.text == "you may not list, watch")
        #expect(needed.advice.hasPrefix("the controller needs it. Sees readiness. "))
        let optional = Diagnosis.right(
            "nodes", missing: ["get"], isNeeded: false, purpose: "Tells failures apart.")
        #expect(optional.result == .doubtful)
    }

    @Test func definitionsAreComparedByTheirSchema() throws {
        let own = try #require(APIDefinitions.all.first?.definition)
        var stored = own
        stored.set(["metadata", "uid"], to: "u")
        stored.set(["spec", "conversion"], to: ["strategy": "None"])
        #expect(Diagnosis.definition(own, stored: stored).result == .good)
        #expect(Diagnosis.definition(own, stored: nil).result == .doubtful)
        let other = try #require(APIDefinitions.all.last?.definition)
        let finding = Diagnosis.definition(own, stored: other)
        #expect(finding.result == .doubtful)
        #expect(finding.advice == "kubectl apply -f Manifests/crds")
    }

    @Test func aGatewayHasToBeThereAndProgrammed() {
        func finding(
            _ sight: Diagnosis.Sight, _ programmed: Condition.Status = .unknown,
            _ message: String = ""
        ) -> Finding {
            Diagnosis.gateway(
                gateway, namedBy: release, sight, programmed: programmed, message: message)
        }
        #expect(finding(.there, .yes).result == .good)
        #expect(finding(.there, .no, "no address").text == "not programmed: no address")
        #expect(finding(.there).text == "not programmed, and nobody says why")
        #expect(finding(.missing).text == "risk/fraud names it, and there is none")
        #expect(finding(.missing).result == .bad)
        #expect(finding(.unseen("forbidden")).result == .doubtful)
    }

    @Test func aSourceIsWellWhenItsCommitIsInForce() {
        let id = NamespacedName(namespace: "risk", name: "models")
        var status = SourceStatus(observedCommit: "0123456789", releases: 3)
        #expect(Diagnosis.source(id, status).result == .doubtful)
        status.conditions = [
            Condition(
                type: "Ready", status: .no, reason: "GitUnreachable", message: "",
                observedGeneration: 1, lastTransition: Timestamp(milliseconds: 0))
        ]
        #expect(Diagnosis.source(id, status).result == .bad)
        #expect(Diagnosis.source(id, status).text == "GitUnreachable")
        status.conditions[0].message = "no such host"
        #expect(Diagnosis.source(id, status).text == "no such host")
        status.conditions[0].status = .yes
        let good = Diagnosis.source(id, status)
        #expect(good.result == .good)
        #expect(good.text == "3 releases of commit 0123456 are in force")
    }

    @Test(arguments: ReleaseStatus.Phase.allCases)
    func whatDoesNotServeWhatIsDeclaredIsSaid(_ phase: ReleaseStatus.Phase) {
        let finding = Diagnosis.release(release, ReleaseStatus(phase: phase, message: "because"))
        let expected: Finding.Result =
            switch phase {
            case .healthy, .progressing, .paused, .pending: .good
            case .reverting, .reverted, .rejected: .doubtful
            case .degraded: .bad
            }
        #expect(finding.result == expected)
        #expect(finding.text == "\(phase.rawValue): because")
        #expect((finding.advice == "slipway describe fraud -n risk") == (expected != .good))
    }

    @Test func aWriteThatIsHeldBackComesFirst() {
        var status = ReleaseStatus(phase: .healthy)
        status.conditions = [
            Condition(
                type: "InvariantViolated", status: .yes, reason: "WriteRefused",
                message: "weights sum to 90", observedGeneration: 1,
                lastTransition: Timestamp(milliseconds: 0))
        ]
        let finding = Diagnosis.release(release, status)
        #expect(finding.result == .bad && finding.text.contains("weights sum to 90"))
    }

    @Test func theLeaderHasToRenewItsLease() {
        func finding(_ holder: String?, _ silence: TimeSpan?) -> Finding {
            Diagnosis.leader(release, holder: holder, silence: silence, duration: .seconds(15))
        }
        #expect(finding("a_1", .seconds(15)).text == "a_1, renewed 15s ago")
        // The holder's clock may be ahead.
        #expect(finding("a_1", .seconds(-2)).text == "a_1, renewed 0s ago")
        #expect(finding("a_1", .seconds(16)).result == .bad)
        #expect(finding("a_1", nil).result == .bad)
        #expect(finding("", .zero).text == "nobody has the Lease risk/fraud")
        #expect(finding(nil, nil).result == .doubtful)
    }

    @Test func aFindingIsALineAndWhatToDoBelow() {
        let finding = Finding("clock", .doubtful, "late", advice: "set it")
        #expect(finding.text(.plain) == "warning: clock: late\n    set it\n")
        #expect(
            finding.document == [
                "subject": "clock", "result": "warning", "text": "late", "advice": "set it",
            ])
        #expect(Finding("clock", .good, "fine").text(.plain) == "ok: clock: fine\n")
    }
}
