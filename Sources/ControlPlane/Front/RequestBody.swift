import Documents
import Domain

/// The body of a request as a document, with the words a real server has for what it cannot read.
enum RequestBody {
    /// The real server's limit for a body.
    static let sizeLimit = 3 << 20

    /// What a body says, and the paths of keys that stand twice in it (the last one counts).
    struct Content {
        var document: Document
        var repeated: [String] = []
    }

    /// The object of a POST.
    static func object(
        _ request: APIRequest, _ kind: ResourceKind
    ) throws(APIStatus) -> Document {
        try content(request, kind).document
    }

    /// The object of a POST or PUT.
    static func content(
        _ request: APIRequest, _ kind: ResourceKind
    ) throws(APIStatus) -> Content {
        try checkSize(request)
        let type = MediaTypes.MediaType(request.header("content-type") ?? "application/json")
        switch type.name {
        case "application/json": break
        case "application/yaml": return try apply(request)
        case Protobuf.mediaType: return Content(document: try protobuf(request.body, kind))
        default: throw MediaTypes.unsupportedBody
        }
        let content: Content
        do {
            content = try json(request.body)
        } catch {
            throw unrecognized(kind, words(error, request.body), preview(request.body))
        }
        let document = content.document
        guard case .object = document else {
            let hex = request.body.prefix(16).map { hexByte($0) }.joined()
            throw unrecognized(
                kind,
                "json: cannot unmarshal \(goName(document)) into Go value of type struct { "
                    + "APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                    + "Kind string \"json:\\\"kind,omitempty\\\"\" }", hex)
        }
        return content
    }

    private static func protobuf(
        _ body: [UInt8], _ kind: ResourceKind
    ) throws(APIStatus) -> Document {
        do {
            return try Protobuf.object(body, of: kind)
        } catch {
            throw .badRequest(error.reason)
        }
    }

    /// JSON with what a strict reader would not take; a body is read twice only if there is some.
    private static func json(_ bytes: [UInt8]) throws(JSON.ParseError) -> Content {
        if let document = try? JSON.parse(bytes, limits: limits, duplicates: .refused) {
            return Content(document: document)
        }
        let document = try JSON.parse(bytes, limits: limits)
        return Content(document: document, repeated: RepeatedKeys(in: bytes).paths)
    }

    /// The patch of a PATCH.
    static func patch(_ request: APIRequest) throws(APIStatus) -> Content {
        try checkSize(request)
        do {
            return try json(request.body)
        } catch {
            throw .badRequest("error decoding patch: \(words(error, request.body))")
        }
    }

    /// The intent of an apply: YAML, of which JSON is a part. YAML whose keys stand twice is
    /// refused whatever the request says of such keys.
    static func apply(_ request: APIRequest) throws(APIStatus) -> Content {
        try checkSize(request)
        if let content = try? json(request.body) { return content }
        do {
            return Content(document: try yaml(request.body))
        } catch {
            // The real server counts lines from 0 and leaves out what it was reading.
            let reason = error.reason.prefix { $0 != "(" }.split(separator: " ")
            throw .badRequest(
                "error decoding YAML: error converting YAML to JSON: yaml: "
                    + "line \(max(1, error.position.line - 1)): \(reason.joined(separator: " "))")
        }
    }

    /// The first document of a YAML text.
    private static func yaml(_ bytes: [UInt8]) throws(YAML.ParseError) -> Document {
        let limits = YAML.Limits(bytes: sizeLimit, scalar: sizeLimit, documents: 1)
        return try YAML.parse(bytes, limits: limits).first?.document ?? .null
    }

    /// Options in the body of a DELETE; an empty body has none.
    static func options(_ request: APIRequest) throws(APIStatus) -> Document {
        try checkSize(request)
        guard !request.body.isEmpty else { return [:] }
        let type = MediaTypes.MediaType(request.header("content-type") ?? "application/json")
        if type.name == Protobuf.mediaType {
            let options = ResourceKind(
                group: "meta.k8s.io", version: "v1", kind: "DeleteOptions", plural: "")
            return try protobuf(request.body, options)
        }
        do {
            return try JSON.parse(request.body, limits: limits)
        } catch {
            throw .badRequest(
                "couldn't get version/kind; json parse error: "
                    + words(error, request.body))
        }
    }

    static let limits = JSON.Limits(bytes: sizeLimit, depth: 128, values: 1_000_000)

    private static func checkSize(_ request: APIRequest) throws(APIStatus) {
        guard request.body.count > sizeLimit else { return }
        throw tooLarge
    }

    static let tooLarge = APIStatus(
        code: 413, reason: "RequestEntityTooLarge",
        message: "Request entity too large: limit is \(sizeLimit)")

    private static func unrecognized(
        _ kind: ResourceKind, _ why: String, _ preview: String
    ) -> APIStatus {
        .badRequest(
            "the object provided is unrecognized (must be of type \(kind.kind)): couldn't get "
                + "version/kind; json parse error: \(why) (\(preview))")
    }

    private static func words(_ error: JSON.ParseError, _ body: [UInt8]) -> String {
        error.offset >= body.count ? "unexpected end of JSON input" : error.reason
    }

    private static func preview(_ body: [UInt8]) -> String {
        guard !body.isEmpty else { return "<empty>" }
        let text = String(decoding: body.prefix(30), as: UTF8.self)
        return body.count > 30 ? "\(text) ..." : text
    }

    private static func hexByte(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// Go's word for a kind of value.
    private static func goName(_ document: Document) -> String {
        switch document {
        case .null: "null"
        case .bool: "bool"
        case .integer, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
