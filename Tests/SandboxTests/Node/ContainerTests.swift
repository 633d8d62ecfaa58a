import ControlPlane
import Domain
import Foundation
import Testing

@testable import Sandbox

/// What becomes of containers whose processes are well or badly behaved.
@Suite(.timeLimit(.minutes(5))) struct ContainerTests {
    // MARK: Set-up

    @Test func aContainerSeesItsVariablesAndVolumes() async throws {
        try await Machine.run { machine in
            try await machine.create(
                """
                kind: ConfigMap
                metadata: {name: settings}
                data: {mode: fast, "model.json": "{}"}
                ---
                kind: Secret
                metadata: {name: key}
                data: {token: c2VjcmV0}
                """)
            try await machine.script(
                "s",
                """
                echo "$MODE $TOKEN $WHO $POD_IP $HOSTNAME"
                ls /etc/model; cat /etc/secret/token; echo; cat /scratch/from-init
                exec sleep 1000
                """,
                container: """
                    env:
                    - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
                    - {name: TOKEN, valueFrom: {secretKeyRef: {name: key, key: token}}}
                    - {name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                    volumeMounts:
                    - {name: model, mountPath: /etc/model}
                    - {name: secret, mountPath: /etc/secret}
                    - {name: scratch, mountPath: /scratch}
                    """,
                pod: """
                    volumes:
                    - {name: model, configMap: {name: settings}}
                    - {name: secret, secret: {secretName: key}}
                    - {name: scratch, emptyDir: {}}
                    initContainers:
                    - name: first
                      image: sh
                      args: [-c, "echo hello > /scratch/from-init"]
                      volumeMounts: [{name: scratch, mountPath: /scratch}]
                    """)
            let status = try await machine.wait("s", "runs") { $0.isReady }
            let address = status["podIP"]?.stringValue ?? ""
            try await machine.wait("the log is written") {
                await machine.log("s").contains("hello")
            }
            let log = await machine.log("s")
            #expect(
                log == "fast secret s \(address) s\nmode\nmodel.json\nsecret\nhello", "\(log)")
            let initial = status["initContainerStatuses"]?[0]
            #expect(initial?.at("state", "terminated", "reason") == "Completed")
        }
    }

    @Test func whatIsMissingIsWaitedFor() async throws {
        try await Machine.run { machine in
            try await machine.create(
                """
                metadata: {name: image}
                spec: {containers: [{name: c, image: "nobody/knows:1"}]}
                ---
                metadata: {name: config}
                spec:
                  containers:
                  - {name: c, image: sleeper, envFrom: [{configMapRef: {name: later}}]}
                ---
                metadata: {name: volume}
                spec:
                  volumes: [{name: v, configMap: {name: later}}]
                  containers: [{name: c, image: sleeper}]
                ---
                metadata: {name: program}
                spec: {containers: [{name: c, image: sh, command: [no-such-program]}]}
                ---
                metadata: {name: folder}
                spec: {containers: [{name: c, image: sh, workingDir: /no/such/folder}]}
                ---
                metadata: {name: odd}
                spec:
                  volumes: [{name: v, nfs: {server: s, path: /p}}]
                  containers: [{name: c, image: sleeper}]
                """)
            try await machine.wait("image", "backs off") { $0.waiting == "ImagePullBackOff" }
            try await machine.wait("config", "waits") {
                $0.waiting == "CreateContainerConfigError"
            }
            let failed = try await machine.wait("program", "crashes") {
                $0.waiting == "RunContainerError" && $0.restarts >= 1
            }
            let message = failed.firstContainer.at("state", "waiting", "message")?.stringValue
            #expect(
                message?.hasSuffix(
                    "exec: \"no-such-program\": executable file not found in $PATH: unknown")
                    == true, "\(message ?? "")")
            #expect(failed.firstContainer.at("lastState", "terminated", "exitCode") == 128)
            try await machine.wait("folder", "fails") { $0.waiting == "RunContainerError" }
            try await machine.wait("volume", "waits") { $0.waiting == "ContainerCreating" }
            try await machine.wait("an event about the volume") {
                await machine.events("volume").contains {
                    $0.contains("configmap \"later\" not found")
                }
            }
            try await machine.wait("an event about the odd volume") {
                await machine.events("odd").contains { $0.contains("volumes of type nfs") }
            }
            try await machine.create(
                "kind: ConfigMap\nmetadata: {name: later}\ndata: {A: b}")
            try await machine.wait("config", "comes up") { $0.isReady }
            try await machine.wait("volume", "comes up") { $0.isReady }
            #expect(await machine.pod("config")?["status"]?.restarts == 0)
        }
    }

    @Test func filesFollowTheirConfigMap() async throws {
        try await Machine.run { machine in
            try await machine.create("kind: ConfigMap\nmetadata: {name: m}\ndata: {a: one}")
            try await machine.script(
                "p",
                "cat /etc/m/a; echo; until grep -q two /etc/m/a; do sleep 0.05; done; echo seen",
                container: "volumeMounts: [{name: v, mountPath: /etc/m}]",
                pod: "restartPolicy: Never\nvolumes: [{name: v, configMap: {name: m}}]")
            try await machine.wait("the first content") { await machine.log("p") == "one" }
            try await machine.server.change { store, now in
                _ = try store.update(
                    ResourceKey(.configMap, namespace: "default", name: "m"),
                    WriteContext(now: now, manager: "test")
                ) {
                    var new = $0
                    new["data"] = ["a": "two"]
                    return new
                }
            }
            try await machine.wait("p", "ends") { $0["phase"] == "Succeeded" }
            #expect(await machine.log("p") == "one\nseen")
        }
    }

    // MARK: Ends

    @Test func aCrashLoopBacksOff() async throws {
        try await Machine.run { machine in
            try await machine.script("crash", "echo run; exit 3")
            let status = try await machine.wait("crash", "backs off") {
                $0.waiting == "CrashLoopBackOff" && $0.restarts >= 2
            }
            let last = status.firstContainer.at("lastState", "terminated")
            #expect(last?["exitCode"] == 3)
            #expect(last?["reason"] == "Error")
            #expect(status["phase"] == "Running")
            #expect(!status.isReady)
            #expect(await machine.log("crash", run: status.restarts) == "run")
        }
    }

    @Test func aJobEndsAndItsLastWordsAreKept() async throws {
        try await Machine.run { machine in
            try await machine.script(
                "done", "echo all well > /dev/termination-log", pod: "restartPolicy: Never")
            try await machine.script(
                "bad", "echo oh no; exit 7",
                container: "terminationMessagePolicy: FallbackToLogsOnError",
                pod: "restartPolicy: Never")
            let done = try await machine.wait("done", "ends") { $0["phase"] == "Succeeded" }
            #expect(
                done.firstContainer.at("state", "terminated", "message") == "all well\n")
            let bad = try await machine.wait("bad", "ends") { $0["phase"] == "Failed" }
            #expect(bad.firstContainer.at("state", "terminated", "message") == "oh no")
            #expect(bad.firstContainer.at("state", "terminated", "exitCode") == 7)
            try await machine.delete("bad")
            #expect(await machine.pod("bad") == nil, "nothing runs any more")
        }
    }

    @Test func tooMuchMemoryIsKilled() async throws {
        try await Machine.run { machine in
            try await machine.script(
                "big", "python3 -c 'x = bytearray(200 << 20); import time; time.sleep(60)'; true",
                container: "resources: {limits: {memory: 64Mi}}", pod: "restartPolicy: Never")
            let status = try await machine.wait("big", "is killed") { $0["phase"] == "Failed" }
            let end = status.firstContainer.at("state", "terminated")
            #expect(end?["reason"] == "OOMKilled")
            #expect(end?["exitCode"] == 137)
        }
    }

    @Test func whoIgnoresTheSignalIsKilledWithItsChildren() async throws {
        let mark = "slipway-test-\(UUID().uuidString)"
        try await Machine.run { machine in
            // A child that leaves the session, one that leaves nothing but the group, and one more.
            try await machine.script(
                "stubborn",
                """
                trap '' TERM
                setsid sh -c 'trap "" TERM HUP; sleep 900; true' \(mark) </dev/null >/dev/null 2>&1 &
                sh -c 'trap "" TERM; sleep 901; true' \(mark) &
                echo up
                while true; do sleep 1; done # \(mark)
                """)
            try await machine.wait("stubborn", "runs") { $0.isReady }
            try await machine.wait("its children run") {
                Machine.processes(with: mark).count >= 3
            }
            let start = ContinuousClock.now
            try await machine.delete("stubborn", grace: 1)
            try await machine.waitUntilGone("stubborn")
            #expect(ContinuousClock.now - start > .milliseconds(900), "it had its time")
            #expect(Machine.processes(with: mark).isEmpty)
        }
    }

    @Test func theHookRunsBeforeTheEnd() async throws {
        try await Machine.run { machine in
            let note = "\(machine.folder)/note"
            try await machine.script(
                "hook",
                """
                trap 'echo "term" >> \(note); exit 0' TERM
                echo up
                while true; do sleep 0.05; done
                """,
                container:
                    "lifecycle: {preStop: {exec: {command: [sh, -c, 'echo hook > \(note)']}}}"
            )
            try await machine.wait("hook listens") { await machine.log("hook") == "up" }
            try await machine.delete("hook", grace: 10)
            try await machine.waitUntilGone("hook")
            #expect(try String(contentsOfFile: note, encoding: .utf8) == "hook\nterm\n")
        }
    }

    // MARK: Output

    @Test func aFloodOfOutputIsBounded() async throws {
        try await Machine.run({ $0.logLimit = 100_000 }) { machine in
            try await machine.script(
                "flood", "i=0; while [ $i -lt 200000 ]; do echo \"line $i\"; i=$((i+1)); done",
                pod: "restartPolicy: Never")
            try await machine.wait("flood", "ends", seconds: 60) { $0["phase"] == "Succeeded" }
            let uid = await machine.pod("flood")?.objectUID ?? ""
            let folder = "\(machine.folder)/state/pods/default_flood_\(uid)/logs/c"
            let sizes = try FileManager.default.contentsOfDirectory(atPath: folder).map {
                try FileManager.default.attributesOfItem(atPath: "\(folder)/\($0)")[.size]
                    as? Int ?? 0
            }
            #expect(sizes.count == 2)
            #expect(sizes.reduce(0, +) < 250_000)
            let lines = LogFile(path: "\(folder)/0.log").lines(tail: 2).map(\.text)
            #expect(lines == ["line 199998", "line 199999"])
        }
    }

    @Test func whoClosesItsOutputLivesOn() async throws {
        try await Machine.run { machine in
            try await machine.script("quiet", "exec >&- 2>&-; exec sleep 1000")
            try await machine.wait("quiet", "runs") { $0.isReady }
            try await Task.sleep(for: .milliseconds(500))
            #expect(await machine.pod("quiet")?["status"]?.restarts == 0)
            #expect(await machine.pod("quiet")?["status"]?.isReady == true)
        }
    }

    // MARK: Probes

    @Test func livenessRestartsAndReadinessDoesNot() async throws {
        try await Machine.run { machine in
            try await machine.create(
                """
                metadata: {name: live}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: c
                    image: sh
                    args: [-c, "touch ok; exec sleep 1000"]
                    startupProbe: {exec: {command: [test, -e, ok]}, periodSeconds: 1, \
                failureThreshold: 60}
                    livenessProbe: {exec: {command: [test, -e, ok]}, periodSeconds: 1, \
                timeoutSeconds: 10, failureThreshold: 1}
                ---
                metadata: {name: ready}
                spec:
                  containers:
                  - name: c
                    image: web
                    readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1, \
                timeoutSeconds: 10, failureThreshold: 1}
                """)
            try await machine.wait("live", "runs") { $0.isReady }
            try await machine.wait("ready", "ready") { $0.isReady }
            func home(_ pod: String) async -> String {
                "\(machine.folder)/state/pods/default_\(pod)_"
                    + "\(await machine.pod(pod)?.objectUID ?? "")/containers/c"
            }
            try await Task.sleep(for: .seconds(2))
            #expect(await machine.pod("live")?["status"]?.restarts == 0)
            try FileManager.default.removeItem(atPath: "\(await home("live"))/ok")
            try await machine.wait("live", "is restarted") { $0.restarts == 1 && $0.isReady }
            let status = "\(await home("ready"))/status"
            try Data("503".utf8).write(to: URL(fileURLWithPath: status))
            let unready = try await machine.wait("ready", "is not ready") { !$0.isReady }
            #expect(unready.restarts == 0)
            let events = await machine.events("ready")
            #expect(
                events.contains(
                    "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503"))
            try FileManager.default.removeItem(atPath: status)
            try await machine.wait("ready", "is ready again") { $0.isReady && $0.restarts == 0 }
        }
    }

    @Test func healthOverGRPCIsAsked() async throws {
        try await Machine.run { machine in
            // Answers the frames of a real server: settings, headers, the message, trailers.
            let server = """
                import os, socket
                listener = socket.create_server((os.environ["POD_IP"], 9000))
                def frame(kind, flags, stream, payload):
                    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) \\
                        + stream.to_bytes(4, "big") + payload
                while True:
                    peer, _ = listener.accept()
                    data = b""
                    while b"kube-probe" not in data or len(data) < 150: data += peer.recv(4096)
                    assert data.startswith(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")
                    status = 1 if data.endswith(b"good") else 2
                    peer.sendall(frame(4, 0, 0, b"") + frame(1, 4, 1, b"\\x88")
                        + frame(0, 0, 1, b"\\0\\0\\0\\0\\2\\x08" + bytes([status]))
                        + frame(1, 5, 1, b"\\x40\\x0bgrpc-status\\x010"))
                    peer.close()
                """
            try Data(server.utf8).write(to: URL(fileURLWithPath: "\(machine.folder)/grpc.py"))
            for service in ["good", "bad"] {
                try await machine.script(
                    service, "exec python3 \(machine.folder)/grpc.py",
                    container: """
                        ports: [{name: grpc, containerPort: 9000}]
                        readinessProbe: {grpc: {port: 9000, service: \(service)}, periodSeconds: 1}
                        """)
            }
            try await machine.wait("good", "ready") { $0.isReady }
            try await machine.wait("the other one is asked") {
                await machine.events("bad").contains {
                    $0.hasSuffix("service unhealthy (responded with \"NOT_SERVING\")")
                }
            }
            #expect(await machine.pod("bad")?["status"]?.isReady == false)
        }
    }

    // MARK: Many

    @Test func manyPodsRunAtOnce() async throws {
        try await Machine.run { machine in
            let count = 40
            for number in 0..<count {
                try await machine.create(
                    """
                    metadata: {name: many-\(number)}
                    spec:
                      terminationGracePeriodSeconds: 2
                      containers:
                      - {name: a, image: sleeper}
                      - {name: b, image: sleeper}
                    """)
            }
            try await machine.wait("all are ready", seconds: 60) {
                let pods = await machine.server.store.objects(.pod)
                return pods.count { $0["status"]?.isReady == true } == count
            }
            let pods = await machine.server.store.objects(.pod)
            let addresses = Set(pods.compactMap { $0.at("status", "podIP")?.stringValue })
            #expect(addresses.count == count)
            for number in 0..<count { try await machine.delete("many-\(number)") }
            try await machine.wait("all are gone", seconds: 60) {
                await machine.server.store.objects(.pod).isEmpty
            }
        }
    }

    @Test func whatDoesNotFitWaits() async throws {
        try await Machine.run({ $0.capacity = ["cpu": "2", "memory": "1Gi", "pods": "10"] }) {
            machine in
            for name in ["first", "second"] {
                try await machine.create(
                    """
                    metadata: {name: \(name)}
                    spec:
                      terminationGracePeriodSeconds: 0
                      containers: [{name: c, image: sleeper, resources: {requests: {cpu: 1500m}}}]
                    ---
                    metadata: {name: gpu-\(name)}
                    spec:
                      containers:
                      - {name: c, image: sleeper, resources: {limits: {nvidia.com/gpu: 1}}}
                    """)
            }
            try await machine.wait("first", "runs") { $0.isReady }
            let waiting = try await machine.wait("second", "waits") {
                $0["conditions"]?[0]?["reason"] == "Unschedulable"
            }
            #expect(
                waiting["conditions"]?[0]?["message"]?.stringValue
                    == "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
                    + "preemption: 0/1 nodes are available: 1 No preemption victims found for "
                    + "incoming pod."
            )
            try await machine.wait("gpu-first", "waits") {
                $0["conditions"]?[0]?["message"]?.stringValue?.contains(
                    "1 Insufficient nvidia.com/gpu.") == true
            }
            try await machine.delete("first")
            try await machine.wait("second", "runs") { $0.isReady }
        }
    }

    @Test func probesSayWhatIsWrong() async throws {
        let refused = await ProbeRunner.ask(
            .init(scheme: "HTTP", host: "", port: 9, path: "/x", headers: []), at: "127.1.2.3",
            timeout: .seconds(1))
        #expect(
            refused.message
                == "Get \"http://127.1.2.3:9/x\": dial tcp 127.1.2.3:9: connect: connection refused"
        )
        let socket = await ProbeRunner.connect(
            host: "", port: 9, at: "127.1.2.3", timeout: .seconds(1))
        #expect(socket.message == "dial tcp 127.1.2.3:9: connect: connection refused")
        let nameless = await ProbeRunner.connect(
            host: "", port: nil, at: "127.1.2.3", timeout: .seconds(1))
        #expect(!nameless.isSuccess)
        let header = await ProbeRunner.ask(
            .init(
                scheme: "HTTP", host: "", port: 9, path: "/",
                headers: [.init(name: "A", value: "b\r\nX: y")]), at: "127.1.2.3",
            timeout: .seconds(1))
        #expect(header.message.hasSuffix("invalid header"))
    }
}
