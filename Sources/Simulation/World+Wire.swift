import ControlPlane
import Documents
import Domain
import KubeWire
import Resources

/// Calls as bytes: through the HTTP side of the API server and through the reading that the real
/// client does, with nothing left out but the connection.
extension World {
    /// A write as the client sends it and as it reads the answer.
    mutating func exchange(_ write: WriteRequest) -> WriteOutcome {
        guard let request = WireRequest(write) else {
            return .notApplied(.init(.invalid, "\(write.key): not a name of an object"))
        }
        let answer = Self.answer(request, &store, credential, now)
        checkRights(answer, on: write.key.kind)
        return answer.outcome(of: write)
    }

    mutating func exchange(
        reading key: ResourceKey, metadataOnly: Bool = false
    ) -> ReadOutcome {
        guard let request = WireRequest(reading: key, metadataOnly: metadataOnly) else {
            return .failed(.init(.invalid, "\(key): not a name of an object"))
        }
        let answer = Self.answer(request, &store, credential, now)
        checkRights(answer, on: key.kind)
        return answer.outcome(ofReading: key, metadataOnly: metadataOnly)
    }

    /// What a process hears that asks for the metadata of an object.
    mutating func metadata(of key: ResourceKey, _ life: Int) -> ReadOutcome {
        let isLost = apiIsAway || goesOtherwise()
        if let index = process(of: life) { noteRead(key, failed: isLost, index) }
        if isLost { return .failed(.init(.unreachable, "connection refused")) }
        if speaksHTTP { return exchange(reading: key, metadataOnly: true) }
        guard let object = store.object(key) else { return .notFound }
        return .found(["metadata": object["metadata"] ?? [:]])
    }

    private static func answer(
        _ request: WireRequest, _ store: inout Store, _ credential: String?, _ now: Timestamp
    ) -> WireAnswer {
        switch Front.answer(APIRequest(request, credential), store: &store, now: now) {
        case .response(let response): WireAnswer(response)
        case .watch: WireAnswer(status: 200, retryAfter: nil, body: [])
        }
    }

    /// Lists a kind, page after page.
    func list(
        _ selection: ObjectSelection, _ version: ListVersion, of store: Store
    ) throws(ClusterError) -> (items: [Document], version: String) {
        var store = store
        var items: [Document] = []
        var token: String?
        while true {
            let request = try WireRequest(
                listing: selection, version: version, limit: Self.pageSize, token: token)
            let answer = Self.answer(request, &store, credential, now)
            guard answer.status == 200 else { throw answer.error }
            var page = ListPage(of: selection.kind)
            items += try page.feed(answer.body)
            let end = try page.finish()
            guard let next = end.token else { return (items, end.resourceVersion) }
            token = next
        }
    }

    /// Few enough that lists have several pages.
    private static var pageSize: Int { 3 }

    /// Begins a watch.
    func watch(
        _ selection: ObjectSelection, from version: String
    ) throws(ClusterError) -> WatchSubscription {
        let request = try WireRequest(watching: selection, from: version, seconds: 300)
        var store = store
        switch Front.answer(APIRequest(request, credential), store: &store, now: now) {
        case .watch(let subscription): return subscription
        case .response(let response): throw WireAnswer(response).error
        }
    }
}

extension CallFaults.WriteFate {
    /// What a server, or a balancer before it, says of a call that meets this fate; `nil` where it
    /// answers as it does. The same words as where nothing is read: "unknown" has no other cause.
    func answer(number: Int) -> WireAnswer? {
        switch self {
        case .done, .twice: nil
        case .refused:
            Self.status(429, "TooManyRequests", "too many requests", retryAfter: "1")
        case .forbidden: Self.status(403, "Forbidden", "the role was taken away")
        case .conflict: Self.status(409, "Conflict", "the object has been modified")
        case .lost, .unanswered:
            number % 2 == 0
                ? Self.status(500, "InternalError", "the connection broke")
                : Self.status(504, "Timeout", "the connection broke")
        case .late: Self.status(504, "Timeout", "timed out")
        }
    }

    private static func status(
        _ code: Int, _ reason: String, _ message: String, retryAfter: String? = nil
    ) -> WireAnswer {
        let body: Document = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(message), "reason": .string(reason),
            "code": .integer(Int64(code)),
        ]
        return WireAnswer(status: code, retryAfter: retryAfter, body: JSON.write(body))
    }
}

extension APIRequest {
    /// The request as a server takes it apart.
    init(_ request: WireRequest, _ credential: String?) {
        var headers = [(name: "Accept", value: request.accept)]
        if let credential {
            headers.append((name: "Authorization", value: "Bearer \(credential)"))
        }
        if let type = request.type { headers.append((name: "Content-Type", value: type)) }
        self.init(
            method: request.method.rawValue, path: request.path,
            query: request.query.parameters.map { (name: $0.name, value: $0.value) },
            headers: headers, body: request.body ?? [])
    }
}

extension WireAnswer {
    init(_ response: APIResponse) {
        self.init(
            status: response.status,
            retryAfter: response.headers.first { $0.name == "Retry-After" }?.value,
            body: response.pieces().reduce(into: []) { $0 += $1 })
    }
}
