import Domain
import Testing

@testable import Sandbox

@Suite struct PodWorkerTests {
    // MARK: Coming up

    @Test func aPodComesUp() throws {
        var rig = try Rig.one()
        #expect(rig.status["phase"] == "Pending")
        #expect(rig.waitingReason == "ContainerCreating")
        #expect(rig.status["podIP"] == nil)
        rig.feed(.tick)
        #expect(rig.status["phase"] == "Running")
        #expect(rig.status["podIP"] == "127.9.0.1")
        #expect(rig.status["podIPs"]?[0]?["ip"] == "127.9.0.1")
        #expect(rig.container()["ready"] == true)
        #expect(rig.container()["started"] == true)
        #expect(rig.container()["imageID"] == "i@sha256:0")
        for type in [
            "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
        ] {
            #expect(rig.condition(type)?["status"] == "True", "\(type)")
        }
        #expect(
            rig.events("Pulled") == [
                "Container image \"i\" already present on machine and can be accessed by the pod"
            ])
        #expect(rig.events("Created") == ["Container created"])
        #expect(rig.events("Started") == ["Container started"])
    }

    @Test func aConditionKeepsItsTimeUntilItChanges() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        var pod = rig.pod
        pod["status"] = rig.status
        let before = rig.condition("Ready")?["lastTransitionTime"]
        let later = rig.now + .seconds(60)
        let place = PodStatus.Place(hostIP: "127.0.0.1", podIP: "127.9.0.1")
        #expect(PodStatus.render(rig.worker, place, of: pod, now: later) == pod["status"])
        rig.exit(code: 1)
        rig.exit(code: 1)
        let after = PodStatus.render(rig.worker, place, of: pod, now: later)
        let ready = after["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
        #expect(ready?["status"] == "False")
        #expect(ready?["lastTransitionTime"] != before)
        #expect(ready?["message"] == "containers with unready status: [c]")
        #expect(ready?["reason"] == "ContainersNotReady")
    }

    /// A later time would look like readiness that was lost.
    @Test func aPodThatWasNeverReadyIsSoSinceItsStart() throws {
        let rig = try Rig.one()
        let place = PodStatus.Place(hostIP: "127.0.0.1", podIP: "127.9.0.1")
        let late = PodStatus.render(rig.worker, place, of: rig.pod, now: rig.now + .seconds(5))
        let conditions = late["conditions"]?.arrayValue ?? []
        let ready = conditions.first { $0["type"] == "Ready" }
        let scheduled = conditions.first { $0["type"] == "PodScheduled" }
        #expect(ready?["status"] == "False")
        #expect(ready?["lastTransitionTime"] == late["startTime"])
        #expect(scheduled?["status"] == "True")
        #expect(scheduled?["lastTransitionTime"] != late["startTime"])
    }

    @Test func volumesThatCannotBeMadeAreTriedAgain() throws {
        var rig = try Rig.one()
        _ = rig.worker.step(.tick, now: rig.now)
        rig.actions += rig.worker.step(.prepareFailed("no such thing"), now: rig.now)
        #expect(rig.events("FailedMount") == ["no such thing"])
        #expect(rig.waitingReason == "ContainerCreating")
        #expect(rig.condition("PodReadyToStartContainers")?["status"] == "False")
        rig.pass(.milliseconds(400))
        #expect(rig.starts == 0)
        rig.pass(.milliseconds(200))
        #expect(rig.status["phase"] == "Running")
    }

    @Test func readinessGatesAreWaitedFor() throws {
        var rig = try Rig.one(pod: "readinessGates: [{conditionType: x/y}]")
        rig.feed(.tick)
        #expect(rig.condition("ContainersReady")?["status"] == "True")
        #expect(rig.condition("Ready")?["reason"] == "ReadinessGatesNotReady")
        var pod = rig.pod
        pod.set(["status", "conditions"], to: [["type": "x/y", "status": "True"]])
        let place = PodStatus.Place(hostIP: "127.0.0.1", podIP: "127.9.0.1")
        let status = PodStatus.render(rig.worker, place, of: pod, now: rig.now)
        let conditions = status["conditions"]?.arrayValue ?? []
        #expect(conditions.first { $0["type"] == "Ready" }?["status"] == "True")
        #expect(conditions.contains { $0["type"] == "x/y" })
    }

    // MARK: Restarts

    @Test func restartsBackOffDoublesAndIsCapped() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        rig.exit(code: 1)
        // The first restart comes at once.
        #expect(rig.container()["restartCount"] == 1)
        #expect(rig.container().at("lastState", "terminated", "reason") == "Error")
        for delay in [10, 20, 40, 80, 160, 300, 300] as [Int64] {
            rig.exit(code: 1)
            #expect(rig.waitingReason == "CrashLoopBackOff")
            let text = BackOff.text(.seconds(delay))
            #expect(
                rig.container().at("state", "waiting", "message")?.stringValue
                    == "back-off \(text) restarting failed container=c pod=p_default(u-1)")
            let before = rig.starts
            rig.pass(.seconds(delay) - .milliseconds(1))
            #expect(rig.starts == before, "not before \(delay) s")
            rig.pass(.milliseconds(1))
            #expect(rig.starts == before + 1, "after \(delay) s")
        }
        #expect(rig.container()["restartCount"] == 8)
        #expect(
            rig.events("BackOff").first
                == "Back-off restarting failed container c in pod p_default(u-1)")
    }

    @Test func aLongCalmForgetsTheBackOff() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        rig.exit(code: 1)
        rig.exit(code: 1)
        rig.pass(.seconds(10))
        #expect(rig.container()["restartCount"] == 2)
        rig.pass(.minutes(10) + .seconds(1))
        rig.exit(code: 1)
        #expect(rig.container()["restartCount"] == 3, "at once")
        rig.exit(code: 1)
        #expect(
            rig.container().at("state", "waiting", "message")?.stringValue?
                .hasPrefix("back-off 10s") == true)
    }

    @Test(arguments: [
        ("Never", 0, "Succeeded"), ("Never", 3, "Failed"), ("OnFailure", 0, "Succeeded"),
    ])
    func aPodThatIsNotRestartedEnds(policy: String, code: Int, phase: String) throws {
        var rig = try Rig.one(pod: "restartPolicy: \(policy)")
        rig.feed(.tick)
        rig.exit(code: code)
        #expect(rig.status["phase"]?.stringValue == phase)
        #expect(rig.actions.last == .release)
        #expect(rig.container().at("state", "terminated", "exitCode")?.intValue == code)
        #expect(rig.condition("Ready")?["status"] == "False")
        #expect(
            rig.condition("Ready")?["reason"]?.stringValue
                == (phase == "Failed" ? "PodFailed" : "PodCompleted"))
        #expect(rig.worker.nextDeadline == nil)
    }

    @Test func onFailureRestartsAFailure() throws {
        var rig = try Rig.one(pod: "restartPolicy: OnFailure")
        rig.feed(.tick)
        rig.exit(code: 3)
        #expect(rig.container()["restartCount"] == 1)
        rig.exit(code: 0)
        #expect(rig.status["phase"] == "Succeeded")
    }

    @Test func tooMuchMemoryIsNamed() throws {
        var rig = try Rig.one(pod: "restartPolicy: Never")
        rig.feed(.tick)
        rig.exit(code: 137, outOfMemory: true)
        #expect(rig.container().at("state", "terminated", "reason") == "OOMKilled")
        #expect(rig.container().at("state", "terminated", "exitCode") == 137)
    }

    @Test func anotherImageRestartsTheContainer() throws {
        var rig = try Rig.one()
        rig.feed(.tick)
        let new = ContainerPlan(["name": "c", "image": "other"], .main)
        rig.feed(.imageChanged(new))
        #expect(rig.events("Killing") == ["Container c definition changed, will be restarted"])
        rig.exit(code: 0)
        #expect(rig.container()["image"] == "other")
        #expect(rig.container()["restartCount"] == 1)
    }

    // MARK: What keeps a container from starting

    @Test func anUnknownImageBacksOff() throws {
        var rig = try Rig.one()
        rig.failures["c"] = .image(reason: "ErrImagePull", message: "not found")
        rig.feed(.tick)
        #expect(rig.waitingReason == "ErrImagePull")
        #expect(rig.events("Pulling") == ["Pulling image \"i\""])
        #expect(
            rig.events("Failed") == [
                "Failed to pull image \"i\": not found", "Error: ErrImagePull",
            ]
        )
        rig.pass(.seconds(1))
        #expect(rig.waitingReason == "ImagePullBackOff")
        #expect(
            rig.container().at("state", "waiting", "message")
                == "Back-off pulling image \"i\": ErrImagePull: not found")
        #expect(rig.events("BackOff") == ["Back-off pulling image \"i\""])
        #expect(rig.status["phase"] == "Pending")
        rig.pass(.seconds(8))
        #expect(rig.starts == 1)
        rig.pass(.seconds(1))
        #expect(rig.starts == 2)
        rig.pass(.seconds(19))
        #expect(rig.starts == 2)
        rig.failures = [:]
        rig.pass(.seconds(1))
        #expect(rig.status["phase"] == "Running")
        #expect(rig.container()["restartCount"] == 0)
    }

    @Test func aMissingConfigMapIsTriedAgain() throws {
        var rig = try Rig.one()
        rig.failures["c"] = .config("configmap \"x\" not found")
        rig.feed(.tick)
        #expect(rig.waitingReason == "CreateContainerConfigError")
        #expect(rig.events("Failed") == ["Error: configmap \"x\" not found"])
        rig.failures = [:]
        rig.pass(.seconds(10))
        #expect(rig.status["phase"] == "Running")
    }

    @Test func aCommandThatDoesNotExistCountsAsARun() throws {
        var rig = try Rig.one()
        rig.failures["c"] = .create("exec: no")
        rig.feed(.tick)
        #expect(rig.waitingReason == "RunContainerError")
        #expect(rig.container().at("lastState", "terminated", "exitCode") == 128)
        #expect(rig.container().at("lastState", "terminated", "reason") == "StartError")
        rig.pass(.seconds(10))
        #expect(rig.starts == 2)
        #expect(rig.container()["restartCount"] == 1)
    }

    // MARK: Init containers and sidecars

    private static let initial = """
        spec:
          initContainers:
          - {name: a, image: i}
          - {name: b, image: i}
          containers:
          - {name: c, image: i}
        """

    @Test func initContainersRunInOrder() throws {
        var rig = try Rig(Self.initial)
        rig.feed(.tick)
        #expect(rig.starts == 1)
        #expect(rig.waitingReason == "PodInitializing")
        #expect(rig.condition("Initialized")?["reason"] == "ContainersNotInitialized")
        #expect(
            rig.condition("Initialized")?["message"]
                == "containers with incomplete status: [a b]")
        rig.exit("a", code: 0)
        #expect(rig.state("b")?.isRunning == true)
        #expect(rig.state("c")?.isRunning == false)
        rig.exit("b", code: 0)
        #expect(rig.status["phase"] == "Running")
        #expect(rig.container("initContainerStatuses")["ready"] == true)
        #expect(
            rig.container("initContainerStatuses").at("state", "terminated", "reason")
                == "Completed")
    }

    @Test func aFailedInitContainerIsRepeatedOrEndsThePod() throws {
        var rig = try Rig(Self.initial)
        rig.feed(.tick)
        rig.exit("a", code: 1)
        #expect(rig.state("a")?.restarts == 1)
        rig.exit("a", code: 1)
        #expect(
            rig.container("initContainerStatuses").at("state", "waiting", "reason")
                == "CrashLoopBackOff")
        var last = try Rig(
            Self.initial.replacing("spec:", with: "spec:\n  restartPolicy: Never"))
        last.feed(.tick)
        last.exit("a", code: 1)
        #expect(last.status["phase"] == "Failed")
        #expect(last.actions.last == .release)
        #expect(last.starts == 1)
    }

    @Test func aSidecarStartsFirstAndEndsLast() throws {
        var rig = try Rig(
            """
            spec:
              initContainers:
              - {name: s, image: i, restartPolicy: Always}
              containers:
              - {name: c, image: i}
            """)
        rig.held = ["c"]
        rig.feed(.tick)
        #expect(rig.state("s")?.isRunning == true)
        rig.held = []
        rig.feed(
            .started(container: "c", run: 0, .init(containerID: "process://0", imageID: "i")))
        #expect(rig.condition("Ready")?["status"] == "True")
        rig.feed(.delete(grace: .seconds(30)))
        #expect(rig.events("Killing") == ["Stopping container c"])
        rig.exit("c", code: 0)
        #expect(rig.events("Killing") == ["Stopping container c", "Stopping container s"])
        rig.exit("s", code: 143)
        #expect(rig.actions.last == .release)
        #expect(rig.status["phase"] == "Succeeded")
    }
}
