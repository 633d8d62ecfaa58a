import Documents
import Domain
import Resources

/// An answer of the API server that is not success.
struct ServerFailure: Hashable, Sendable {
    /// One entry of `details.causes`.
    struct Cause: Hashable, Sendable {
        let reason: String
        let message: String
        let field: String
    }

    let status: Int
    /// False if the body is no Kubernetes Status: something else answered.
    let isStatus: Bool
    let reason: String
    let message: String
    /// The object that the Status is about.
    let name: String?
    let causes: [Cause]
    let retryAfter: TimeSpan?

    init(_ answer: WireAnswer) {
        let document = (try? JSON.parse(answer.body, limits: JSON.Limits(bytes: 1 << 20))) ?? .null
        self.init(
            status: answer.status, document: document,
            retryAfter: Self.seconds(answer.retryAfter), identity: answer.identity)
    }

    /// The Status in an `ERROR` event of a watch.
    init(event document: Document) {
        self.init(status: document["code"]?.intValue ?? 500, document: document, retryAfter: nil)
    }

    private init(
        status: Int, document: Document, retryAfter: TimeSpan?, identity: String? = nil
    ) {
        self.status = status
        isStatus = document["kind"]?.stringValue == "Status"
        let details = document["details"]
        reason = isStatus ? document["reason"]?.stringValue ?? "" : ""
        name = details?["name"]?.stringValue
        causes = (details?["causes"]?.arrayValue ?? []).prefix(100).map { cause in
            Cause(
                reason: cause["reason"]?.stringValue ?? "",
                message: cause["message"]?.stringValue ?? "",
                field: cause["field"]?.stringValue ?? "")
        }
        let said = isStatus ? document["message"]?.stringValue ?? "" : ""
        let shown =
            said.isEmpty ? "HTTP \(status)\(isStatus ? "" : ", not from a Kubernetes API")" : said
        // The server says no more than "Unauthorized", also to whom it once knew.
        let advice = status == 401 ? identity.map { "; it does not accept \($0)" } : nil
        message = shown + (advice ?? "")
        let suggested = details?["retryAfterSeconds"]?.intValue.flatMap { Self.seconds($0) }
        self.retryAfter = retryAfter ?? suggested
    }

    /// Whole seconds, at most an hour; dates are not used by API servers.
    private static func seconds(_ text: String?) -> TimeSpan? {
        text.flatMap { Int($0) }.flatMap { seconds($0) }
    }

    private static func seconds(_ value: Int) -> TimeSpan? {
        value >= 0 ? .seconds(Int64(min(value, 3600))) : nil
    }
}

extension ServerFailure {
    /// What became of a write that was answered in this way.
    func outcome(of request: WriteRequest) -> WriteOutcome {
        switch status {
        case 400, 405, 406, 413, 414, 415: return refused(.invalid)
        case 401, 403: return refused(.forbidden)
        // Only a Status that names something is about an object; a path that nobody serves is
        // answered with 404 too.
        case 404: return isStatus && name != nil ? refused(.notFound) : unknownKind(request)
        case 409: return conflict
        case 422: return preconditionFailed(request) ? refused(.conflict) : refused(.invalid)
        case 429: return refused(.tooManyRequests)
        case 500..<600: return broken(request)
        default: return .unknown(message)
        }
    }

    /// What became of a read.
    func read(_ key: ResourceKey) -> ReadOutcome {
        switch status {
        case 404 where isStatus && reason == "NotFound" && name == key.name: .notFound
        case 404: .failed(refusal(.notFound, "\(key.kind) is not served: \(message)"))
        case 401, 403: .failed(refusal(.forbidden))
        case 429: .failed(refusal(.tooManyRequests))
        case 500..<600 where retryAfter != nil: .failed(refusal(.tooManyRequests))
        case 400, 422: .failed(refusal(.invalid))
        default: .failed(refusal(.unreachable))
        }
    }

    private func refusal(_ kind: WriteRefusal.Kind, _ text: String? = nil) -> WriteRefusal {
        WriteRefusal(kind, text ?? message, retryAfter: retryAfter)
    }

    private func refused(_ kind: WriteRefusal.Kind) -> WriteOutcome { .notApplied(refusal(kind)) }

    private func unknownKind(_ request: WriteRequest) -> WriteOutcome {
        .notApplied(refusal(.notFound, "\(request.key.kind) is not served: \(message)"))
    }

    /// 409 has three meanings.
    private var conflict: WriteOutcome {
        if reason == "AlreadyExists" { return refused(.alreadyExists) }
        let owned = causes.filter { $0.reason == "FieldManagerConflict" }
        guard !owned.isEmpty else { return refused(.conflict) }
        return .notApplied(
            WriteRefusal(
                .fieldConflict, message, retryAfter: retryAfter,
                causes: owned.map { "\($0.field): \($0.message)" }))
    }

    /// A failed `test` of a JSON Patch has no causes and names no object, a result that is not
    /// valid has both. An apply with the uid of another object says that the uid cannot change.
    private func preconditionFailed(_ request: WriteRequest) -> Bool {
        if case .jsonPatch = request, reason == "Invalid" {
            let isRejected = message.contains("server rejected our request due to an error in our")
            if isRejected || (causes.isEmpty && name == nil) { return true }
        }
        return causes.contains { $0.field == "metadata.uid" }
    }

    /// A server that starts, stops or is full says when to come again and has done nothing. One
    /// that waited in vain for its store or for another server may have done it.
    private func broken(_ request: WriteRequest) -> WriteOutcome {
        if case .apply = request, status == 500, isStatus, reason.isEmpty,
            message.hasPrefix("failed to create typed patch object")
        {
            return refused(.invalid)
        }
        let timedOut = reason == "ServerTimeout" || reason == "Timeout"
        guard status != 502, status != 504, !timedOut, retryAfter != nil else {
            return .unknown(message)
        }
        return refused(.tooManyRequests)
    }
}
