package import Domain

/// One HTTP request to the API, already taken apart.
package struct APIRequest: Sendable {
    /// `GET`, `POST`, …
    package var method: String
    /// The path without the query, percent-decoding done.
    package var path: String
    /// The query's parameters in order, decoded; a name can stand more than once.
    package var query: [(name: String, value: String)]
    /// The header fields, names in any case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The first value of a parameter; `nil` if it is missing.
    func parameter(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// The first value of a header field.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// Whether a parameter says yes, as the server reads booleans: present and not `false`, `0`.
    func flag(_ name: String) -> Bool {
        guard let value = parameter(name) else { return false }
        return value != "false" && value != "0"
    }
}

/// An answer: status, header fields and a body.
package struct APIResponse: Sendable {
    /// What the body is.
    package enum Body: Sendable {
        case text(String)
        case document(Document)
        /// A list: an object without its `items`, and the items. Kept apart so that a server can
        /// send it piece by piece.
        case list(Document, items: [Document])
        case none
    }

    package var status: Int
    package var contentType: String
    /// Further header fields.
    package var headers: [(name: String, value: String)] = []
    package var body: Body

    package init(status: Int, contentType: String = "application/json", body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// The error as an answer.
    package init(_ status: APIStatus) {
        self.init(status: status.code, body: .document(status.document))
        if let seconds = status.details?.retryAfterSeconds {
            headers.append((name: "Retry-After", value: String(seconds)))
        }
    }

    /// A plain text.
    static func text(_ status: Int, _ text: String) -> APIResponse {
        .init(status: status, contentType: "text/plain; charset=utf-8", body: .text(text))
    }

    /// What a real server says of a path that nobody serves.
    static let pageNotFound = text(404, "404 page not found\n")

    /// The body's bytes in pieces of about `size` bytes, so that a long list is never in memory
    /// twice.
    package func pieces(size: Int = 64 << 10) -> ResponsePieces {
        ResponsePieces(body, size: size)
    }

    /// The whole body as one document; `nil` for texts.
    package var document: Document? {
        switch body {
        case .document(let document): return document
        case .list(let envelope, let items):
            var list = envelope
            list["items"] = .array(items)
            return list
        case .text, .none: return nil
        }
    }
}

/// The bytes of a body, piece by piece.
package struct ResponsePieces: Sequence, IteratorProtocol, Sendable {
    private let size: Int
    private var head: [UInt8]
    private var items: ArraySlice<Document> = []
    private var tail: [UInt8] = []
    private var isFirst = true

    init(_ body: APIResponse.Body, size: Int) {
        self.size = size
        switch body {
        case .none: head = []
        case .text(let text): head = Array(text.utf8)
        case .document(let document): head = document.canonicalJSON() + [10]
        case .list(let envelope, let items):
            // The envelope's members come first, `items` last; an envelope is never empty.
            head = envelope.canonicalJSON()
            head.removeLast()
            head.append(contentsOf: ",\"items\":[".utf8)
            tail = Array("]}\n".utf8)
            self.items = items[...]
        }
    }

    package mutating func next() -> [UInt8]? {
        var piece = head
        head = []
        while piece.count < size, let item = items.popFirst() {
            if !isFirst { piece.append(UInt8(ascii: ",")) }
            isFirst = false
            item.writeCanonicalJSON(into: &piece)
        }
        if items.isEmpty {
            piece.append(contentsOf: tail)
            tail = []
        }
        return piece.isEmpty ? nil : piece
    }
}

/// What becomes of a request.
package enum APIAnswer: Sendable {
    case response(APIResponse)
    /// The connection stays open; the subscription says what to send.
    case watch(WatchSubscription)
}
