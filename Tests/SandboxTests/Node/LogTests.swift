import ControlPlane
import Documents
import Domain
import Foundation
import FoundationNetworking
import Processes
import Testing

@testable import Sandbox

/// `kubectl logs`, as far as the API is concerned.
@Suite(.timeLimit(.minutes(5))) struct LogTests {
    // MARK: The file

    private static func withLog(
        limit: Int = 1 << 20, _ body: (ContainerLog, String) throws -> Void
    ) throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-log-\(UUID().uuidString)").path
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: "\(path).1")
        }
        let log = ContainerLog(path: path, limit: limit)
        try body(log, path)
        log.close(at: Timestamp(milliseconds: 0))
    }

    @Test func linesAreKeptWhole() throws {
        try Self.withLog { log, path in
            let time = Timestamp(milliseconds: 1_700_000_000_123)
            log.write(Array("one\ntw".utf8), .output, at: time)
            log.write(Array("err\n".utf8), .error, at: time)
            #expect(LogFile(path: path).lines().map(\.text) == ["one", "err"])
            log.write(Array("o\n\nlast".utf8), .output, at: time)
            log.close(at: time)
            #expect(
                LogFile(path: path).lines().map(\.text) == ["one", "err", "two", "", "last"])
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.hasPrefix("2023-11-14T22:13:20.123Z stdout F one\n"))
            #expect(text.contains(" stderr F err\n"))
        }
    }

    @Test func longLinesComeInParts() throws {
        try Self.withLog { log, path in
            let time = Timestamp(milliseconds: 0)
            let long = String(repeating: "x", count: 40_000)
            log.write(Array("first\n\(long)\nlast\n".utf8), .output, at: time)
            let lines = LogFile(path: path).lines()
            #expect(lines.map(\.isWhole) == [true, false, false, true, true])
            #expect(lines[1...3].map(\.text).joined() == long)
            #expect(LogFile.last(2, of: lines).count == 4, "the parts count as one")
            #expect(LogFile.last(1, of: lines).map(\.text) == ["last"])
            #expect(LogFile.last(0, of: lines).isEmpty)
        }
    }

    @Test func aFollowerSeesEverythingOverARotation() throws {
        try Self.withLog(limit: 32 << 10) { log, path in
            var follower = LogFollower(path: path)
            defer { follower.close() }
            var seen: [String] = []
            for number in 0..<2000 {
                log.write(Array("line \(number)\n".utf8), .output, at: .init(milliseconds: 0))
                if number % 100 == 0 { seen += follower.next().map(\.text) }
            }
            seen += follower.next().map(\.text)
            #expect(seen == (0..<2000).map { "line \($0)" })
            #expect(FileManager.default.fileExists(atPath: "\(path).1"))
        }
    }

    // MARK: The request

    private static func request(_ query: [(String, String)] = []) throws -> LogRequest {
        let request = APIRequest(
            method: "GET", path: "/api/v1/namespaces/d/pods/p/log",
            query: query.map { (name: $0.0, value: $0.1) })
        return try #require(LogRequest(request, now: Timestamp(milliseconds: 100_000)))
    }

    @Test func aRequestIsRead() throws {
        let request = try Self.request([
            ("container", "c"), ("follow", "true"), ("tailLines", "5"), ("sinceSeconds", "10"),
            ("timestamps", "true"), ("previous", "false"), ("limitBytes", "7"),
        ])
        #expect(request.container == "c")
        #expect(request.follows && request.showsTimes && !request.wantsPrevious)
        #expect(request.tail == 5)
        #expect(request.byteLimit == 7)
        #expect(request.since == Timestamp(milliseconds: 90_000))
        let other = APIRequest(method: "GET", path: "/api/v1/namespaces/d/pods/p")
        #expect(LogRequest(other, now: Timestamp(milliseconds: 0)) == nil)
    }

    private static func pod(_ yaml: String) throws -> Document {
        try #require(try YAML.parse(Array(yaml.utf8)).first?.document)
    }

    @Test func theRightRunIsChosen() throws {
        let running = try Self.pod(
            """
            spec: {containers: [{name: c}]}
            status: {containerStatuses: [{name: c, restartCount: 2, state: {running: {}}, \
            lastState: {terminated: {exitCode: 1}}}]}
            """)
        #expect(try Self.request().target(in: running).run == 2)
        #expect(try Self.request([("previous", "true")]).target(in: running).run == 1)
        let waiting = try Self.pod(
            """
            spec: {containers: [{name: c}]}
            status: {containerStatuses: [{name: c, restartCount: 2, \
            state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]}
            """)
        #expect(try Self.request().target(in: waiting).run == 2)
        #expect(try Self.request([("previous", "true")]).target(in: waiting).run == 2)
    }

    @Test(arguments: [
        (
            "containers: [{name: a}, {name: b}]", "", "",
            "a container name must be specified for pod p, choose one of: [a b]"
        ),
        ("containers: [{name: a}]", "", "x", "container x is not valid for pod p"),
        (
            "containers: [{name: a}]", "waiting: {reason: ImagePullBackOff}", "a",
            "container \"a\" in pod \"p\" is waiting to start: trying and failing to pull image"
        ),
        (
            "containers: [{name: a}]", "waiting: {reason: PodInitializing}", "",
            "container \"a\" in pod \"p\" is waiting to start: PodInitializing"
        ),
    ])
    func whatHasNoLogIsNamed(spec: String, state: String, name: String, words: String) throws {
        let pod = try Self.pod(
            """
            spec: {\(spec)}
            status: {containerStatuses: [{name: a, restartCount: 0, state: {\(state)}}]}
            """)
        let error = #expect(throws: APIStatus.self) {
            try Self.request([("container", name)]).target(in: pod)
        }
        #expect(error?.message == words)
        #expect(error?.code == 400)
    }

    // MARK: Over HTTP

    private static func get(_ machine: Machine, _ pod: String, _ query: String = "") async throws
        -> (status: Int, text: String)
    {
        let url = try #require(
            URL(
                string: "http://127.0.0.1:\(machine.port)/api/v1/namespaces/default/pods/\(pod)/log"
                    + "?\(query)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        return (
            (response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self)
        )
    }

    @Test func logsAreRead() async throws {
        try await Machine.run { machine in
            try await machine.script(
                "talk", "for i in 1 2 3; do echo line $i; done; echo bad >&2; exec sleep 1000")
            try await machine.wait("the pod has talked") {
                await machine.log("talk").contains("bad")
            }
            let all = try await Self.get(machine, "talk")
            #expect(all.status == 200)
            #expect(all.text == "line 1\nline 2\nline 3\nbad\n")
            #expect(try await Self.get(machine, "talk", "tailLines=1").text == "bad\n")
            #expect(try await Self.get(machine, "talk", "limitBytes=6").text == "line 1")
            let later = try await Self.get(machine, "talk", "sinceTime=2999-01-01T00:00:00Z")
            #expect(later.text.isEmpty)
            let times = try await Self.get(machine, "talk", "timestamps=true&tailLines=1").text
            #expect(times.hasPrefix("20") && times.hasSuffix("000000Z bad\n"), "\(times)")
            let previous = try await Self.get(machine, "talk", "previous=true")
            #expect(previous.status == 400)
            #expect(
                previous.text.contains("previous terminated container \\\"c\\\" in pod"),
                "\(previous.text)")
            #expect(try await Self.get(machine, "nobody").status == 404)
        }
    }

    @Test func aFollowedLogEndsWithItsContainer() async throws {
        try await Machine.run { machine in
            try await machine.script(
                "count", "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done",
                pod: "restartPolicy: Never")
            try await machine.wait("count", "runs") { $0["phase"] != "Pending" }
            let all = try await Self.get(machine, "count", "follow=true")
            #expect(all.text == "line 1\nline 2\nline 3\nline 4\nline 5\n")
            #expect(all.status == 200)
        }
    }

    @Test func aFollowedLogDoesNotHoldTheServer() async throws {
        try await Machine.run { machine in
            try await machine.script("open", "echo up; exec sleep 1000")
            try await machine.wait("open", "runs") { $0.isReady }
            let text = try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask { try await Self.get(machine, "open", "follow=true").text }
                try await Task.sleep(for: .milliseconds(500))
                // A request that does not end by itself is cut off, and an error here.
                await machine.server.stop()
                return try await group.next()
            }
            #expect(text == "up\n")
        }
    }
}
