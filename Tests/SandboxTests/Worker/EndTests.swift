import Domain
import Testing

@testable import Sandbox

@Suite struct WorkerEndTests {
    @Test func aDeletionIsGraceful() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(30)))
        #expect(rig.events("Killing") == ["Stopping container c"])
        #expect(rig.signals == [.terminate])
        #expect(rig.condition("Ready")?["status"] == "True", "still serves")
        rig.exit(code: 0)
        #expect(rig.actions.last == .release)
        #expect(rig.status["phase"] == "Succeeded")
        #expect(rig.starts == 1)
    }

    @Test func whoIgnoresTheSignalIsKilled() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(10)))
        rig.pass(.milliseconds(9999))
        #expect(rig.signals == [.terminate])
        rig.pass(.milliseconds(1))
        #expect(rig.signals == [.terminate, .kill])
        rig.pass(.seconds(5))
        #expect(rig.signals == [.terminate, .kill, .kill], "again, should it still be there")
        rig.exit(code: 137)
        #expect(rig.status["phase"] == "Failed")
    }

    @Test func somebodyInAHurryShortensTheGrace() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(100)))
        rig.pass(.seconds(10))
        rig.feed(.delete(grace: .zero))
        rig.pass(.milliseconds(1999))
        #expect(rig.signals == [.terminate])
        rig.pass(.milliseconds(1))
        #expect(rig.signals == [.terminate, .kill], "two seconds are the least")
    }

    @Test func theHookComesBeforeTheSignal() throws {
        var rig = try Rig.one("lifecycle: {preStop: {sleep: {seconds: 3}}}")
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(10)))
        #expect(rig.signals.isEmpty)
        let hooks = rig.count { if case .hook(_, _, .preStop, _, _) = $0 { true } else { false } }
        #expect(hooks == 1)
        rig.pass(.seconds(3))
        rig.feed(.hookEnded(container: "c", run: 0, .preStop, complaint: nil))
        #expect(rig.signals == [.terminate])
        rig.pass(.seconds(7))
        #expect(rig.signals == [.terminate, .kill], "the hook's time is part of the grace")
    }

    @Test func aHookThatHangsDoesNotHoldTheEnd() throws {
        var rig = try Rig.one("lifecycle: {preStop: {exec: {command: [x]}}}")
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(10)))
        rig.pass(.seconds(10))
        #expect(rig.signals == [.terminate])
        rig.pass(.seconds(2))
        #expect(rig.signals == [.terminate, .kill])
    }

    @Test func aFailedPostStartHookRestarts() throws {
        var rig = try Rig.one("lifecycle: {postStart: {exec: {command: [x]}}}")
        rig.feed(.tick)
        #expect(rig.container()["started"] == false)
        rig.feed(.hookEnded(container: "c", run: 0, .postStart, complaint: "bad"))
        #expect(rig.events("FailedPostStartHook") == ["bad"])
        #expect(rig.signals == [.terminate])
        rig.exit(code: 143)
        rig.feed(.hookEnded(container: "c", run: 1, .postStart, complaint: nil))
        #expect(rig.container()["started"] == true)
    }

    @Test func aPodThatNeverCameUpGoesAtOnce() throws {
        var rig = try Rig.one()
        rig.failures["c"] = .image(reason: "ErrImagePull", message: "no")
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(30)))
        #expect(rig.actions.last == .release)
        #expect(
            rig.container().at("state", "terminated", "reason") == "ContainerStatusUnknown")
        #expect(rig.worker.nextDeadline == nil)
    }

    @Test func aStartUnderWayIsWaitedFor() throws {
        var rig = try Rig.one()
        rig.held = ["c"]
        rig.feed(.tick)
        rig.feed(.delete(grace: .seconds(30)))
        #expect(rig.actions.last != .release)
        rig.feed(.started(container: "c", run: 0, .init(containerID: "x", imageID: "y")))
        #expect(rig.signals == [.terminate])
        rig.exit(code: 143)
        #expect(rig.actions.last == .release)
    }

    @Test func readinessIsProbedUntilTheEnd() throws {
        var rig = try Rig.one(
            "readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1, failureThreshold: 1}")
        rig.feed(.tick)
        rig.answer(.readiness, true)
        rig.feed(.delete(grace: .seconds(30)))
        rig.pass(.seconds(1))
        rig.answer(.readiness, false)
        #expect(rig.condition("Ready")?["status"] == "False")
    }

    @Test func aRestartedNodeStartsWhatRan() throws {
        var old = try Rig.one()
        old.feed(.tick)
        old.exit(code: 1)
        var worker = PodWorker(
            PodPlan(old.pod), startedAt: old.now, timings: .init(), adopting: old.status)
        _ = worker.step(.tick, now: old.now)
        let actions = worker.step(.prepared, now: old.now)
        #expect(actions.contains(.start(container: "c", run: 2)))
        #expect(worker.containers.first?.end?.reason == "Unknown")
        #expect(worker.containers.first?.end?.code == 255)
    }
}
