import ControlPlane
import Documents
import Domain
import Foundation

/// Plays one recorded scenario against the model, in virtual time: a pause is a step of the
/// clock, and the controllers work after every request.
struct Player {
    private let scenario: Document
    private let definitions: [Document]
    private var store: Store
    private var controllers = ControllerLoop()
    private var now = Timestamp(milliseconds: 1_767_225_600_000)
    private var bindings = Bindings()
    private var watches: [OpenWatch] = []

    private let access = AccessRules(adminToken: "admin")

    private struct OpenWatch {
        var stream: WatchStream
        var events: [Document] = []
        let mode: Document?
    }

    init(_ scenario: Document, definitions: [Document], seed: UInt64 = 7) {
        self.scenario = scenario
        self.definitions = definitions
        store = Store(seed: seed, now: now)
        bindings.variables = ["ns": "conf-scenario", "rand": "rscenario"]
    }

    /// Plays all steps; throws the first difference with the step before it.
    mutating func play() throws {
        try setUp()
        for (index, step) in (scenario["steps"]?.arrayValue ?? []).enumerated() {
            do {
                try play(step)
            } catch {
                let id = step["id"]?.stringValue.map { " (\($0))" } ?? ""
                throw Stuck("step \(index + 1)\(id): \(error)")
            }
        }
    }

    private mutating func setUp() throws {
        for definition in definitions {
            let request = APIRequest(
                method: "POST", path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                headers: [("Authorization", "Bearer admin")],
                body: definition.canonicalJSON())
            guard case .response(let response) = send(request), response.status == 201 else {
                throw Stuck("a definition was refused")
            }
        }
        guard scenario["namespace"] != false else { return }
        let namespace: Document = [
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": ["name": "conf-scenario", "labels": ["conformance": "scenario"]],
        ]
        _ = send(
            APIRequest(
                method: "POST", path: "/api/v1/namespaces",
                headers: [("Authorization", "Bearer admin")], body: namespace.canonicalJSON()))
        wait(.milliseconds(500))
    }

    // MARK: The server

    private mutating func send(_ request: APIRequest) -> APIAnswer {
        let answer = Front.answer(request, store: &store, now: now, access: access)
        collect()
        return answer
    }

    /// Lets time pass, in which controllers work.
    private mutating func wait(_ span: TimeSpan) {
        now = now + span
        controllers.run(&store, now: now)
        collect()
    }

    private mutating func collect() {
        for index in watches.indices {
            for line in watches[index].stream.lines(store, now: now) { take(line, index) }
        }
    }

    private mutating func take(_ event: Document, _ index: Int) {
        let mode = watches[index].mode
        if event["type"] == "BOOKMARK" {
            if Pointer.value(event, "/object/metadata/annotations") == nil {
                guard mode == "last" else { return }
                watches[index].events.removeAll {
                    $0["type"] == "BOOKMARK"
                        && Pointer.value($0, "/object/metadata/annotations") == nil
                }
            } else if mode == nil {
                return
            }
        }
        watches[index].events.append(event)
    }

    // MARK: Steps

    private mutating func play(_ step: Document) throws {
        if let seconds = step["sleepSeconds"]?.doubleValue {
            for _ in 0..<Int(seconds * 10) { wait(.milliseconds(100)) }
        } else if let watch = step["watch"] {
            try self.watch(watch, step)
        } else if let condition = step["eventually"] {
            try eventually(condition, step)
        } else {
            let answer = send(try request(step, query: step["query"]))
            wait(.milliseconds(1))
            try judge(answer, step, &bindings)
            try save(step, Self.document(answer))
        }
    }

    private func request(_ step: Document, query: Document?) throws -> APIRequest {
        var headers: [(name: String, value: String)] = [
            ("User-Agent", "conformance/1.0"), ("Accept", "application/json"),
        ]
        var body: [UInt8] = []
        if let text = step["bodyText"]?.stringValue {
            body = Array(try bindings.substituted(text).utf8)
        } else if let document = step["body"] {
            body = try bindings.substituted(document).canonicalJSON()
        }
        if !body.isEmpty || step["bodyText"] != nil {
            headers.append(("Content-Type", "application/json"))
        }
        switch step["auth"] {
        case nil: headers.append(("Authorization", "Bearer admin"))
        case .some(let auth):
            if let token = auth["bearer"]?.stringValue {
                headers.append(("Authorization", "Bearer \(try bindings.substituted(token))"))
            }
        }
        for member in step["headers"]?.objectValue?.members ?? [] {
            headers.removeAll { $0.name.lowercased() == member.key.lowercased() }
            headers.append((member.key, try bindings.substituted(member.value.stringValue ?? "")))
        }
        let parameters = try (query?.objectValue?.members ?? []).flatMap { member in
            try (member.value.arrayValue ?? [member.value]).map {
                (name: member.key, value: try bindings.substituted($0.stringValue ?? ""))
            }
        }
        return APIRequest(
            method: step["method"]?.stringValue ?? "GET",
            path: try bindings.substituted(step["path"]?.stringValue ?? ""), query: parameters,
            headers: headers, body: body)
    }

    private static func document(_ answer: APIAnswer) -> Document? {
        guard case .response(let response) = answer else { return nil }
        return response.document
    }

    private func judge(_ answer: APIAnswer, _ step: Document, _ bindings: inout Bindings) throws {
        guard case .response(let response) = answer else { throw Stuck("a watch was opened") }
        var text: String?
        if case .text(let body) = response.body { text = body }
        var headers = response.headers
        if !response.contentType.isEmpty { headers.append(("content-type", response.contentType)) }
        try Expectation(step["expect"] ?? [:]).check(
            status: response.status, headers: headers, body: response.document, text: text,
            &bindings)
    }

    private mutating func save(_ step: Document, _ document: Document?) throws {
        for member in step["save"]?.objectValue?.members ?? [] {
            let pointer = try bindings.substituted(member.value.stringValue ?? "")
            guard let value = Pointer.value(document, pointer) else {
                throw Stuck("nothing to save at \(pointer)")
            }
            bindings.variables[member.key] = value.stringValue ?? value.canonicalJSONString()
        }
    }

    private mutating func eventually(_ condition: Document, _ step: Document) throws {
        let end = now + .seconds(condition["timeoutSeconds"]?.integerValue ?? 20)
        while true {
            let answer = send(try request(step, query: step["query"]))
            var attempt = bindings
            do {
                try check(condition, answer)
                try judge(answer, step, &attempt)
                bindings = attempt
                try save(step, Self.document(answer))
                return
            } catch {
                guard now < end else { throw error }
            }
            wait(.milliseconds(100))
        }
    }

    private func check(_ condition: Document, _ answer: APIAnswer) throws {
        guard case .response(let response) = answer else { throw Stuck("a watch was opened") }
        let status = condition["status"]?.intValue ?? 200
        guard response.status == status else {
            throw Stuck("status \(response.status), not \(status)")
        }
        for test in condition["until"]?.arrayValue ?? [] {
            let pointer = try bindings.substituted(test["pointer"]?.stringValue ?? "")
            let value = Pointer.value(response.document, pointer)
            if let equal = test["equals"], value != (try bindings.substituted(equal)) {
                throw Mismatch([pointer], equal, value)
            }
            if let exists = test["exists"]?.boolValue, exists != (value != nil) {
                throw Mismatch([pointer], "existence \(exists)", "the contrary")
            }
            if let length = test["length"]?.intValue, value?.arrayValue?.count != length {
                throw Mismatch([pointer], "\(length) elements", "\(value?.arrayValue?.count ?? -1)")
            }
        }
    }

    // MARK: Watches

    private mutating func watch(_ watch: Document, _ step: Document) throws {
        var query = watch["query"] ?? [:]
        query["watch"] = "true"
        let answer = send(try request(watch, query: query))
        guard case .watch(let subscription) = answer else {
            try judge(answer, step, &bindings)
            return
        }
        watches.append(
            OpenWatch(
                stream: WatchStream(subscription, openedAt: now), mode: watch["bookmarks"]))
        let index = watches.count - 1
        collect()
        for inner in watch["during"]?.arrayValue ?? [] { try play(inner) }
        let patience = TimeSpan.seconds(watch["timeoutSeconds"]?.integerValue ?? 15)
        let end = now + patience
        let expectation = Expectation(step["expect"] ?? [:])
        let untilClosed = watch["untilClosed"] == true
        while now < end, !watches[index].stream.isEnded,
            untilClosed || watches[index].events.count < expectation.events.count
        {
            wait(.milliseconds(100))
        }
        if untilClosed, !watches[index].stream.isEnded {
            throw Stuck("the server did not end the watch")
        }
        if !untilClosed, watch["allowExtra"] != true { wait(.milliseconds(400)) }
        let closed = watches.remove(at: index)
        var events = closed.events
        if watch["allowExtra"] == true { events = Array(events.prefix(expectation.events.count)) }
        let headers = [(name: "content-type", value: subscription.contentType)]
        try expectation.check(
            status: 200, headers: headers, body: ["events": .array(events)], text: nil, &bindings)
        try save(step, ["events": .array(events)])
    }
}
