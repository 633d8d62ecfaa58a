import Documents
package import Domain
package import Logging
package import Resources
package import Transport

/// Talks to one API server.
///
/// Reads and writes share a loop, lists and watches have one of their own, so that a slow reader
/// of a watch never holds up a write.
package struct ClusterClient: Sendable {
    package let configuration: KubeConfiguration
    let logger: Logger
    private let unary: CurlLoop
    private let watches: CurlLoop
    private let tokens: TokenSource
    private let isTLS: Bool
    /// How long a read or write may take.
    private let patience: Duration

    /// The name under which Slipway owns fields.
    package static let fieldManager = "slipway"

    package init(
        _ configuration: KubeConfiguration, unary: CurlLoop, watches: CurlLoop, logger: Logger,
        patience: Duration = .seconds(15)
    ) {
        self.patience = patience
        self.configuration = configuration
        self.unary = unary
        self.watches = watches
        self.logger = logger
        tokens = TokenSource(configuration.credentials)
        isTLS = configuration.server.hasPrefix("https:")
    }

    /// A client with loops of its own, to be ended with ``shutDown()``.
    package init(_ configuration: KubeConfiguration, logger: Logger) throws(TransportError) {
        self.init(
            configuration, unary: try CurlLoop(name: "kube-requests"),
            watches: try CurlLoop(
                name: "kube-watches", settings: .init(connections: 256, connectionsPerHost: 256)),
            logger: logger)
    }

    /// A client of the same server for the Lease: it has a connection of its own, so that nothing
    /// else keeps a renewal waiting, and gives up after three seconds.
    package func forLease(over loop: CurlLoop) -> ClusterClient {
        ClusterClient(
            configuration, unary: loop, watches: loop, logger: logger, patience: .seconds(3))
    }

    /// Ends everything under way and the loops.
    package func shutDown() async {
        await unary.shutDown()
        await watches.shutDown()
    }

    // MARK: Reads and writes

    /// Reads an object as the store has it, not a cache. `managedFields` are left out unless asked
    /// for.
    package func get(_ key: ResourceKey, managedFields: Bool = false) async -> ReadOutcome {
        guard let path = Self.path(key) else {
            return .failed(WriteRefusal(.invalid, "\(key): not a name of an object"))
        }
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await send(.get, path)
        } catch {
            return .failed(WriteRefusal(.unreachable, error.description))
        }
        guard response.status == 200 else {
            return ServerFailure(response).read(key)
        }
        let skipped: [JSON.Skip] = managedFields ? [] : [.managedFields]
        guard let object = try? JSON.parse(response.body, skipping: skipped),
            object.at("metadata", "name")?.stringValue == key.name
        else {
            return .failed(WriteRefusal(.unreachable, "\(key): the answer is not the object"))
        }
        return .found(object)
    }

    /// Does one write. Cancelling the task leaves the outcome unknown once the request has left.
    package func perform(_ write: WriteRequest) async -> WriteOutcome {
        guard let call = WriteCall(write, timeout: min(patience, .seconds(5))) else {
            return .notApplied(WriteRefusal(.invalid, "\(write.key): not a name of an object"))
        }
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await send(
                call.method, call.path, query: call.query, type: call.type, body: call.body)
        } catch {
            return error.mayHaveBeenSent
                ? .unknown(error.description)
                : .notApplied(WriteRefusal(.unreachable, error.description))
        }
        guard (200..<300).contains(response.status) else {
            return ServerFailure(response).outcome(of: write)
        }
        // Somebody else's page, or half an answer, is no proof.
        guard let object = try? JSON.parse(response.body, skipping: [.managedFields]),
            object["kind"]?.stringValue != nil
        else { return .unknown("\(write.key): the answer to the write is not an object") }
        return .applied(object)
    }

    /// Creates an event (`events.k8s.io/v1`) as it is given. Events are not worth a second try.
    package func record(
        _ event: Document, namespace: String, name: String
    ) async -> WriteOutcome {
        await perform(
            .create(ResourceKey(.event, namespace: namespace, name: name), event))
    }

    // MARK: HTTP

    /// One exchange, a second time with new credentials if there are any after a 401.
    private func send(
        _ method: HTTPRequest.Method, _ path: String, query: Query = Query(), type: String? = nil,
        body: [UInt8]? = nil
    ) async throws(TransportError) -> HTTPResponse {
        var request = HTTPRequest(
            method, configuration.server + path + query.text,
            headers: ["Accept": "application/json", "User-Agent": Self.fieldManager], body: body,
            deadlines: .init(total: patience), limits: .init(bodyBytes: 16 << 20),
            tls: configuration.tls, version: isTLS ? .http2 : .http1,
            // A write that may have arrived is decided anew, not sent again behind our back.
            connection: method == .get ? .reused : .reusedOnce)
        if let type { request.headers.set("Content-Type", type) }
        let token = authorize(&request)
        let response = try await unary.perform(request)
        guard response.status == 401, tokens.replace(token) else { return response }
        logger.info("the API server refused the token; trying the one that is there now")
        _ = authorize(&request)
        return try await unary.perform(request)
    }

    /// Begins a list or a watch; not 200 is thrown.
    func stream(
        _ path: String, _ query: Query, deadlines: HTTPRequest.Deadlines, bodyBytes: Int?
    ) async throws(ClusterError) -> ResponseBody {
        var request = HTTPRequest(
            .get, configuration.server + path + query.text,
            headers: ["Accept": "application/json", "User-Agent": Self.fieldManager],
            deadlines: deadlines, limits: .init(bodyBytes: bodyBytes), tls: configuration.tls,
            version: .http1)
        let response: StreamingResponse
        do throws(TransportError) {
            let token = authorize(&request)
            var first = try await watches.stream(request)
            if first.status == 401, tokens.replace(token) {
                logger.info("the API server refused the token; trying the one that is there now")
                _ = authorize(&request)
                first = try await watches.stream(request)
            }
            response = first
        } catch {
            throw ClusterError(error)
        }
        guard response.status != 200 else { return response.body }
        let body = (try? await response.body.collect(upTo: 1 << 20)) ?? []
        throw ClusterError(
            ServerFailure(status: response.status, headers: response.headers, body: body))
    }

    private func authorize(_ request: inout HTTPRequest) -> String? {
        let token = tokens.current()
        if let token { request.headers.set("Authorization", "Bearer \(token)") }
        return token
    }

    /// The path of an object; `nil` if a name could be read as something else.
    static func path(_ key: ResourceKey) -> String? {
        isSegment(key.name) && (key.namespace.isEmpty || isSegment(key.namespace)) ? key.path : nil
    }

    static func isSegment(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 253 && name != "." && name != ".."
            && name.utf8.allSatisfy { Query.isUnreserved($0) || $0 == UInt8(ascii: ":") }
    }
}

extension ServerFailure {
    init(_ response: HTTPResponse) {
        self.init(status: response.status, headers: response.headers, body: response.body)
    }
}
