import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle
package import Telemetry

/// What a controller is asked about itself. `nil` means that it does not answer.
package struct AdminAnswers: Sendable {
    /// What is waited for until it can work; empty when it can.
    package let missing: @Sendable () async -> [String]?
    package let metrics: @Sendable () async -> Exposition?

    package init(
        missing: @escaping @Sendable () async -> [String]?,
        metrics: @escaping @Sendable () async -> Exposition?
    ) {
        self.missing = missing
        self.metrics = metrics
    }
}

/// Answers the kubelet's probes and Prometheus: `/healthz`, `/readyz` and `/metrics`. It only
/// reads, and nothing that it shows is secret.
package struct AdminServer: Service {
    private let address: ListenAddress
    private let answers: AdminAnswers
    private let logger: Logger
    private let opened: @Sendable (ListenAddress) -> Void

    /// - Parameter opened: called with the address when it listens there.
    package init(
        _ address: ListenAddress, answers: AdminAnswers, logger: Logger,
        opened: @escaping @Sendable (ListenAddress) -> Void = { _ in }
    ) {
        self.address = address
        self.answers = answers
        self.logger = logger
        self.opened = opened
    }

    /// Serves until the task is cancelled or a graceful shutdown begins.
    ///
    /// - Throws: ``ListenFailure`` when nobody can listen there.
    package func run() async throws {
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(
                address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { [address, opened] channel in
                opened(
                    ListenAddress(
                        host: address.host, port: channel.localAddress?.port ?? address.port))
            },
            logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ListenFailure(address: address, reason: error.description)
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/healthz") { _, _ in
            await answers.missing() == nil ? Self.stuck : Self.page(.ok, "ok\n")
        }
        router.get("/readyz") { _, _ in
            guard let missing = await answers.missing() else { return Self.stuck }
            return missing.isEmpty
                ? Self.page(.ok, "ok\n")
                : Self.page(
                    .serviceUnavailable,
                    "waiting for the lists of \(missing.joined(separator: ", "))\n")
        }
        router.get("/metrics") { _, _ in
            guard let page = await answers.metrics() else { return Self.stuck }
            return Self.response(.ok, Exposition.contentType, page.bytes)
        }
        return router
    }

    private static var stuck: Response {
        page(.serviceUnavailable, "the controller does not answer\n")
    }

    private static func page(_ status: HTTPResponse.Status, _ text: String) -> Response {
        response(status, "text/plain; charset=utf-8", Array(text.utf8))
    }

    private static func response(
        _ status: HTTPResponse.Status, _ type: String, _ bytes: [UInt8]
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// Nobody can listen at an address.
package struct ListenFailure: Error, CustomStringConvertible {
    let address: ListenAddress
    let reason: String

    package var description: String { "cannot listen on \(address): \(reason)" }
}
