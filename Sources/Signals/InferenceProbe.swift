import Documents
package import Domain
package import Transport

/// Asks model servers: is the model loaded, and does it answer as it should?
///
/// It goes to the address it is given and nowhere else: no names, no redirects, no proxies. The
/// caller bounds how many probes run at once.
package struct InferenceProbe: Sendable {
    private let loop: CurlLoop

    /// `loop` should not be shared with the API server's traffic.
    package init(loop: CurlLoop) {
        self.loop = loop
    }

    // MARK: Open Inference Protocol, version 2

    /// Whether a model is ready (`GET /v2/models/NAME[/versions/VERSION]/ready`); the status of
    /// the answer decides, servers differ in the body.
    package func modelReady(
        _ target: ProbeTarget, model: String, version: String? = nil, deadline: TimeSpan
    ) async -> ProbeAnswer {
        await get(target, path: Self.path(model, version) + "/ready", deadline: deadline)
    }

    /// What a server says of a model (`GET /v2/models/NAME[/versions/VERSION]`): name, versions,
    /// platform, inputs, outputs.
    package func modelMetadata(
        _ target: ProbeTarget, model: String, version: String? = nil, deadline: TimeSpan
    ) async -> ProbeAnswer {
        await get(target, path: Self.path(model, version), deadline: deadline)
    }

    /// One inference (`POST /v2/models/NAME[/versions/VERSION]/infer`).
    package func infer(
        _ target: ProbeTarget, model: String, version: String? = nil, _ input: Document,
        deadline: TimeSpan
    ) async -> ProbeAnswer {
        await post(
            target, path: Self.path(model, version) + "/infer", input, deadline: deadline)
    }

    // MARK: Plain HTTP

    /// A plain GET; `path` starts with a slash and may have a query.
    package func get(
        _ target: ProbeTarget, path: String, deadline: TimeSpan
    ) async -> ProbeAnswer {
        await ask(target, .get, path, nil, deadline)
    }

    /// A POST of JSON, as for a golden inference on a server with a protocol of its own.
    package func post(
        _ target: ProbeTarget, path: String, _ body: Document, deadline: TimeSpan
    ) async -> ProbeAnswer {
        await ask(target, .post, path, JSON.write(body), deadline)
    }

    private func ask(
        _ target: ProbeTarget, _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?,
        _ deadline: TimeSpan
    ) async -> ProbeAnswer {
        guard path.hasPrefix("/") else { return .unreachable("the path must start with /") }
        let total = Duration.milliseconds(max(1, deadline.milliseconds))
        var headers: HTTPHeaders = ["Accept": "application/json, */*", "User-Agent": "slipway"]
        if body != nil { headers.set("Content-Type", "application/json") }
        // A connection of its own: that a pod takes no new ones must show.
        let request = HTTPRequest(
            method, "http://\(target)\(path)", headers: headers, body: body,
            deadlines: .init(connect: total, total: total),
            limits: .init(bodyBytes: ProbeTarget.largestAnswer), connection: .fresh)
        let start = ContinuousClock.now
        do throws(TransportError) {
            let response = try await loop.perform(request)
            let limits = JSON.Limits(bytes: ProbeTarget.largestAnswer, values: 200_000)
            let document = try? JSON.parse(response.body, limits: limits)
            return .answered(
                status: response.status, body: document, elapsed: Self.elapsed(since: start))
        } catch {
            switch error.kind {
            case .timedOut: return .timedOut(Self.elapsed(since: start))
            case .bodyTooLarge, .headersTooLarge: return .oversized
            default: return .unreachable(error.description)
            }
        }
    }

    private static func elapsed(since start: ContinuousClock.Instant) -> TimeSpan {
        .milliseconds(Int64(max(0, start.duration(to: .now) / .milliseconds(1)).rounded()))
    }

    private static func path(_ model: String, _ version: String?) -> String {
        "/v2/models/\(escaped(model))" + (version.map { "/versions/\(escaped($0))" } ?? "")
    }

    /// RFC 3986: a name is one segment, whatever it contains.
    private static func escaped(_ name: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
