import Domain
import Testing

@testable import Sandbox

@Suite struct WorkerProbeTests {
    private static func http(_ kind: String, _ more: String = "") -> String {
        "\(kind): {httpGet: {path: /, port: 80}, periodSeconds: 5\(more)}"
    }

    @Test func readinessNeedsEnoughAnswersInARow() throws {
        var rig = try Rig.one(
            Self.http("readinessProbe", ", successThreshold: 2, failureThreshold: 3"))
        rig.feed(.tick)
        #expect(rig.probes(.readiness) == 1, "at once")
        #expect(rig.condition("Ready")?["status"] == "False")
        rig.answer(.readiness, true)
        #expect(rig.condition("Ready")?["status"] == "False")
        rig.pass(.seconds(5))
        rig.answer(.readiness, true)
        #expect(rig.condition("Ready")?["status"] == "True")
        for round in 1...3 {
            rig.pass(.seconds(5))
            rig.answer(.readiness, false, "HTTP probe failed with statuscode: 503")
            #expect(rig.condition("Ready")?["status"] == (round < 3 ? "True" : "False"))
        }
        #expect(
            rig.events("Unhealthy").last
                == "Readiness probe failed: HTTP probe failed with statuscode: 503")
        #expect(rig.status["phase"] == "Running")
        #expect(rig.signals.isEmpty, "an unready container is not killed")
    }

    @Test func aProbeThatHasNotAnsweredIsNotAskedAgain() throws {
        var rig = try Rig.one(Self.http("readinessProbe"))
        rig.feed(.tick)
        rig.pass(.seconds(60))
        #expect(rig.probes(.readiness) == 1)
        rig.answer(.readiness, true)
        rig.pass(.seconds(1))
        #expect(rig.probes(.readiness) == 2, "late, and once")
        rig.answer(.readiness, true)
        rig.pass(.seconds(1))
        #expect(rig.probes(.readiness) == 2)
    }

    @Test func theInitialDelayIsKept() throws {
        var rig = try Rig.one(Self.http("readinessProbe", ", initialDelaySeconds: 7"))
        rig.feed(.tick)
        rig.pass(.milliseconds(6999))
        #expect(rig.probes(.readiness) == 0)
        rig.pass(.milliseconds(1))
        #expect(rig.probes(.readiness) == 1)
    }

    @Test func livenessRestarts() throws {
        var rig = try Rig.one(Self.http("livenessProbe", ", failureThreshold: 2"))
        rig.feed(.tick)
        #expect(rig.condition("Ready")?["status"] == "True")
        #expect(rig.probes(.liveness) == 0)
        rig.pass(.seconds(5))
        #expect(rig.probes(.liveness) == 1)
        rig.answer(.liveness, false)
        rig.pass(.seconds(5))
        #expect(rig.signals.isEmpty)
        rig.answer(.liveness, false)
        #expect(rig.signals == [.terminate])
        #expect(rig.events("Killing") == ["Container c failed liveness probe, will be restarted"])
        rig.pass(.seconds(29))
        #expect(rig.signals == [.terminate])
        rig.pass(.seconds(1))
        #expect(rig.signals == [.terminate, .kill], "after the grace period")
        #expect(rig.probes(.liveness) == 2, "not probed while it ends")
        rig.exit(code: 137)
        #expect(rig.container()["restartCount"] == 1)
        #expect(rig.container()["ready"] == true)
    }

    @Test func theProbesOwnGraceCounts() throws {
        var rig = try Rig.one(
            Self.http("livenessProbe", ", failureThreshold: 1, terminationGracePeriodSeconds: 3"))
        rig.feed(.tick)
        rig.pass(.seconds(5))
        rig.answer(.liveness, false)
        rig.pass(.seconds(3))
        #expect(rig.signals == [.terminate, .kill])
    }

    @Test func startupHoldsTheOthersBack() throws {
        var rig = try Rig.one(
            [
                Self.http("startupProbe", ", failureThreshold: 3"),
                Self.http("livenessProbe"), Self.http("readinessProbe"),
            ].joined(separator: "\n"))
        rig.feed(.tick)
        #expect(rig.probes(.startup) == 1)
        rig.answer(.startup, false)
        rig.pass(.seconds(5))
        #expect(rig.probes(.liveness) == 0)
        #expect(rig.container()["started"] == false)
        rig.answer(.startup, true)
        #expect(rig.container()["started"] == true)
        #expect(rig.probes(.liveness) == 0)
        #expect(rig.probes(.readiness) == 1, "at once after the startup")
        rig.answer(.readiness, true)
        #expect(rig.condition("Ready")?["status"] == "True")
        rig.pass(.seconds(60))
        #expect(rig.probes(.liveness) == 1)
        #expect(rig.probes(.startup) == 2, "never again")
    }

    @Test func aStartThatNeverEndsIsKilled() throws {
        var rig = try Rig.one(Self.http("startupProbe", ", failureThreshold: 2"))
        rig.feed(.tick)
        rig.answer(.startup, false)
        rig.pass(.seconds(5))
        rig.answer(.startup, false)
        #expect(rig.events("Killing") == ["Container c failed startup probe, will be restarted"])
        #expect(rig.signals == [.terminate])
    }

    @Test func anAnswerOfAnEarlierRunIsNotHeard() throws {
        var rig = try Rig.one(Self.http("readinessProbe"))
        rig.feed(.tick)
        rig.exit(code: 1)
        #expect(rig.container()["restartCount"] == 1)
        rig.feed(.probed(container: "c", run: 0, .readiness, .init(isSuccess: true)))
        #expect(rig.container()["ready"] == false)
        rig.feed(.probed(container: "c", run: 1, .readiness, .init(isSuccess: true)))
        #expect(rig.container()["ready"] == true)
    }
}
