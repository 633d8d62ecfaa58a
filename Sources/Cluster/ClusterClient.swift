package import Domain
import KubeWire
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
    /// The requests of this client, and of those that were made from it.
    package let requests: RequestCounter
    private let unary: CurlLoop
    private let watches: CurlLoop
    private let credentials: CredentialSource
    /// What reads and writes speak.
    private let version: HTTPRequest.Version
    /// How long a read or write may take.
    private let patience: Duration

    package init(
        _ configuration: KubeConfiguration, unary: CurlLoop, watches: CurlLoop, logger: Logger,
        patience: Duration = .seconds(15), requests: RequestCounter = RequestCounter()
    ) {
        self.init(
            configuration, unary: unary, watches: watches, logger: logger, patience: patience,
            requests: requests,
            credentials: CredentialSource(configuration.credentials, logger: logger))
    }

    /// - Parameter credentials: shared by clients, so that a plugin is not asked by each.
    init(
        _ configuration: KubeConfiguration, unary: CurlLoop, watches: CurlLoop, logger: Logger,
        patience: Duration = .seconds(15), requests: RequestCounter = RequestCounter(),
        credentials: CredentialSource, version: HTTPRequest.Version = .http2
    ) {
        self.credentials = credentials
        self.version = version
        self.patience = patience
        self.requests = requests
        self.configuration = configuration
        self.unary = unary
        self.watches = watches
        self.logger = logger
    }

    /// A client with loops of its own, to be ended with ``shutDown()``.
    package init(_ configuration: KubeConfiguration, logger: Logger) throws(TransportError) {
        self.init(
            configuration, unary: try CurlLoop(name: "kube-requests"),
            watches: try CurlLoop(
                name: "kube-watches", settings: .init(connections: 256, connectionsPerHost: 256)),
            logger: logger)
        if let warning = configuration.warning { logger.warning("\(warning)") }
    }

    /// A client of the same server for the Lease: it has a connection of its own, so that nothing
    /// else keeps a renewal waiting, and gives up after three seconds. It speaks HTTP/1.1: there a
    /// connection on which no answer came is not used again, where one of HTTP/2 would stay for
    /// as long as it takes the kernel to give it up, and the Lease would be lost with it.
    package func forLease(over loop: CurlLoop) -> ClusterClient {
        ClusterClient(
            configuration, unary: loop, watches: loop, logger: logger, patience: .seconds(3),
            requests: requests, credentials: credentials, version: .http1)
    }

    /// Ends everything under way and the loops.
    package func shutDown() async {
        await unary.shutDown()
        await watches.shutDown()
    }

    // MARK: Reads and writes

    /// Reads an object as the store has it, not a cache. `managedFields` are left out unless asked
    /// for; of an object of which only the metadata is wanted the rest stays at the server.
    package func get(
        _ key: ResourceKey, managedFields: Bool = false, metadataOnly: Bool = false
    ) async -> ReadOutcome {
        guard let request = WireRequest(reading: key, metadataOnly: metadataOnly) else {
            return .failed(WriteRefusal(.invalid, "\(key): not a name of an object"))
        }
        do throws(ExchangeFailure) {
            return try await send(request).outcome(
                ofReading: key, managedFields: managedFields, metadataOnly: metadataOnly)
        } catch {
            return .failed(WriteRefusal(.unreachable, error.message))
        }
    }

    /// Does one write. Cancelling the task leaves the outcome unknown once the request has left.
    package func perform(_ write: WriteRequest) async -> WriteOutcome {
        let seconds = min(patience, .seconds(5)).components.seconds
        guard let request = WireRequest(write, seconds: seconds) else {
            return .notApplied(WriteRefusal(.invalid, "\(write.key): not a name of an object"))
        }
        do throws(ExchangeFailure) {
            return try await send(request).outcome(of: write)
        } catch {
            return error.mayHaveBeenSent
                ? .unknown(error.message)
                : .notApplied(WriteRefusal(.unreachable, error.message))
        }
    }

    /// Creates an event (`events.k8s.io/v1`) as it is given. Events are not worth a second try.
    package func record(
        _ event: Document, namespace: String, name: String
    ) async -> WriteOutcome {
        await perform(
            .create(ResourceKey(.event, namespace: namespace, name: name), event))
    }

    // MARK: HTTP

    private func send(_ wire: WireRequest) async throws(ExchangeFailure) -> WireAnswer {
        WireAnswer(try await exchange(wire), identity: configuration.identity)
    }

    /// A read or a write.
    func exchange(_ wire: WireRequest) async throws(ExchangeFailure) -> HTTPResponse {
        var request = http(wire)
        request.deadlines = .init(total: patience)
        request.limits = .init(bodyBytes: 16 << 20)
        request.version = version
        // A write that may have arrived is decided anew, not sent again behind our back.
        request.connection = wire.method == .get ? .reused : .reusedOnce
        return try await exchange(wire, &request, unary.perform)
    }

    /// One exchange, a second time with new credentials if there are any after a 401.
    private func exchange<Response: AnsweredRequest>(
        _ wire: WireRequest, _ request: inout HTTPRequest,
        _ send: (HTTPRequest) async throws(TransportError) -> Response
    ) async throws(ExchangeFailure) -> Response {
        let shown = try await authorize(&request)
        let response = try await counted(wire, request, send)
        guard response.status == 401, await credentials.replace(shown, patience: patience) else {
            return response
        }
        logger.info("the API server refused the credentials; trying those that are there now")
        _ = try await authorize(&request)
        return try await counted(wire, request, send)
    }

    private func authorize(
        _ request: inout HTTPRequest
    ) async throws(ExchangeFailure) -> CredentialSource.Shown {
        do throws(CredentialProblem) {
            return try await credentials.authorize(&request, patience: patience)
        } catch {
            throw ExchangeFailure(error)
        }
    }

    /// Counts a request and how long it took.
    private func counted<Response: AnsweredRequest>(
        _ wire: WireRequest, _ request: HTTPRequest,
        _ send: (HTTPRequest) async throws(TransportError) -> Response
    ) async throws(ExchangeFailure) -> Response {
        let start = ContinuousClock.now
        do throws(TransportError) {
            let response = try await send(request)
            requests.note(wire, response.status, in: start.duration(to: .now))
            return response
        } catch {
            requests.note(wire, nil, in: start.duration(to: .now))
            throw ExchangeFailure(error, origin: configuration.origin)
        }
    }

    /// Begins a list or a watch; not 200 is thrown.
    func stream(
        _ wire: WireRequest, deadlines: HTTPRequest.Deadlines, bodyBytes: Int?
    ) async throws(ClusterError) -> ResponseBody {
        var request = http(wire)
        request.deadlines = deadlines
        request.limits = .init(bodyBytes: bodyBytes)
        request.version = .http1
        let response: StreamingResponse
        do throws(ExchangeFailure) {
            response = try await exchange(wire, &request, watches.stream)
        } catch {
            throw ClusterError(error)
        }
        guard response.status != 200 else { return response.body }
        let body = (try? await response.body.collect(upTo: 1 << 20)) ?? []
        throw WireAnswer(
            status: response.status, retryAfter: response.headers["Retry-After"], body: body,
            identity: configuration.identity
        ).error
    }

    private func http(_ wire: WireRequest) -> HTTPRequest {
        var request = HTTPRequest(
            HTTPRequest.Method(wire.method), configuration.server + wire.path + wire.query.text,
            headers: ["Accept": wire.accept, "User-Agent": WireRequest.fieldManager],
            body: wire.body, tls: configuration.tls, proxy: configuration.proxy?.url)
        for field in configuration.impersonation.fields {
            request.headers.add(field.name, field.value)
        }
        if let type = wire.type { request.headers.set("Content-Type", type) }
        return request
    }
}

extension HTTPRequest.Method {
    init(_ method: WireRequest.Method) {
        self =
            switch method {
            case .get: .get
            case .post: .post
            case .patch: .patch
            case .delete: .delete
            }
    }
}

extension WireAnswer {
    /// - Parameter identity: which credential the request showed.
    init(_ response: HTTPResponse, identity: String?) {
        self.init(
            status: response.status, retryAfter: response.headers["Retry-After"],
            body: response.body, identity: identity)
    }
}

/// What a server answered, whole or at its beginning.
private protocol AnsweredRequest {
    var status: Int { get }
}

extension HTTPResponse: AnsweredRequest {}
extension StreamingResponse: AnsweredRequest {}
