import Documents
import Domain
import Signals
import TestServers
import Testing
import Transport

@Suite(.timeLimit(.minutes(1)))
struct InferenceProbeTests {
    private let probe: InferenceProbe

    init() throws {
        probe = InferenceProbe(loop: try CurlLoop(name: "probes"))
    }

    private func target(_ server: ScriptedServer) throws -> ProbeTarget {
        try #require(ProbeTarget(address: "127.0.0.1", port: server.port))
    }

    @Test(arguments: [200, 400, 404, 503])
    func theStatusSaysWhetherAModelIsReady(_ status: Int) async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(status, #"{"ready":true}"#)
            return .keep
        }
        let answer = await probe.modelReady(
            try target(server), model: "fraud", version: "7", deadline: .seconds(5))
        guard case .answered(let found, let body, let elapsed) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(found == status)
        #expect(body == ["ready": true])
        #expect(elapsed < .seconds(5))
        #expect(answer.isSuccess == (status == 200))
        #expect(server.requests.map(\.target) == ["/v2/models/fraud/versions/7/ready"])
        #expect(server.requests.map(\.method) == ["GET"])
    }

    @Test func namesStayInTheirSegment() async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(200, #"{"name":"x","versions":["7"]}"#)
            return .keep
        }
        let answer = await probe.modelMetadata(
            try target(server), model: "../a b?c#d%2f", deadline: .seconds(5))
        #expect(answer.isSuccess)
        #expect(server.requests.map(\.target) == ["/v2/models/..%2Fa%20b%3Fc%23d%252f"])
    }

    @Test func sendsTheGoldenRequest() async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(200, #"{"outputs":[{"data":[0.25]}]}"#)
            return .keep
        }
        let input: Document = ["inputs": [["name": "x", "shape": [1], "data": [1.5]]]]
        let answers = [
            await probe.infer(
                try target(server), model: "fraud", input, deadline: .seconds(5)),
            await probe.post(
                try target(server), path: "/predict?v=1", input, deadline: .seconds(5)),
        ]
        for answer in answers {
            guard case .answered(200, let body?, _) = answer else {
                Issue.record("\(answer)")
                continue
            }
            #expect(body["outputs"]?[0]?["data"]?[0]?.doubleValue == 0.25)
        }
        #expect(
            server.requests.map { "\($0.method) \($0.target)" }
                == ["POST /v2/models/fraud/infer", "POST /predict?v=1"])
        for request in server.requests {
            #expect(request.headers["content-type"] == "application/json")
            #expect(try JSON.parse(request.body) == input)
        }
        #expect(server.connectionCount == 2)
    }

    @Test func whatIsNotJSONIsStillAnAnswer() async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(200, "OK", type: "text/plain")
            return .keep
        }
        let answer = await probe.get(try target(server), path: "/healthz", deadline: .seconds(5))
        guard case .answered(200, nil, _) = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func faultsAreToldApart() async throws {
        let server = try ScriptedServer { request, peer in
            switch request.path {
            case "/silent": _ = peer.waitForClose()
            case "/drip":
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while peer.send("x") { peer.wait(milliseconds: 20) }
            case "/large": peer.answer(200, String(repeating: "x", count: (1 << 20) + 1))
            case "/chunked":
                peer.startChunked()
                while peer.chunk(String(repeating: "x", count: 10_000)) {}
            case "/reset": peer.reset()
            case "/redirect": peer.answer(302, "", headers: ["Location: http://127.0.0.1:1/"])
            default: break
            }
            return .close
        }
        let target = try target(server)
        for path in ["/silent", "/drip"] {
            guard
                case .timedOut(let after) = await probe.get(
                    target, path: path, deadline: .milliseconds(200))
            else {
                Issue.record("\(path)")
                continue
            }
            #expect(after >= .milliseconds(190))
        }
        for path in ["/large", "/chunked"] {
            #expect(await probe.get(target, path: path, deadline: .seconds(5)) == .oversized)
        }
        for path in ["/reset", "/close", "no-slash", "/a b"] {
            guard case .unreachable = await probe.get(target, path: path, deadline: .seconds(5))
            else {
                Issue.record("\(path)")
                continue
            }
        }
        guard
            case .answered(302, _, _) = await probe.get(
                target, path: "/redirect", deadline: .seconds(5))
        else {
            Issue.record("redirect")
            return
        }
    }

    @Test func nobodyThere() async throws {
        // A port that was just given back: nobody listens on it.
        let server = try ScriptedServer { _, _ in .close }
        let target = try target(server)
        server.stop()
        var answer = await probe.get(target, path: "/", deadline: .seconds(2))
        for _ in 0..<50 {
            if case .unreachable = answer { break }
            answer = await probe.get(target, path: "/", deadline: .seconds(2))
        }
        guard case .unreachable = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(arguments: [
        "localhost", "example.com", "", "127.0.0.1.example.com", "127.1", "0x7f.0.0.1",
        "2130706433", "127.0.0.1@evil", "127.0.0.1/x", "127.0.0.1:80", "[::1]", "0.0.0.0",
        "169.254.169.254", "224.0.0.1", "255.255.255.255", "::", "::ffff:169.254.169.254",
        "::127.0.0.1", "64:ff9b::a9fe:a9fe", "fe80::1", "fe80::1%eth0", "ff02::1",
        "fd00:ec2::254", "127.0.0.1\r\nX: y", "127.0.0.1 ", "127.0.0.1\0", "fd00::1\0]",
    ])
    func onlyAddressesOfHostsAreAsked(_ address: String) {
        #expect(ProbeTarget(address: address, port: 80) == nil)
    }

    @Test func addressesOfPodsAreAccepted() {
        for address in ["127.0.0.1", "127.3.2.1", "10.1.2.3", "192.168.0.9", "100.64.0.1"] {
            #expect(ProbeTarget(address: address, port: 80)?.description == "\(address):80")
        }
        for address in ["::1", "fd00::1", "2001:db8::5"] {
            #expect(ProbeTarget(address: address, port: 80)?.description == "[\(address)]:80")
        }
        #expect(ProbeTarget(address: "10.0.0.1", port: 0) == nil)
        #expect(ProbeTarget(address: "10.0.0.1", port: 65536) == nil)
    }
}
