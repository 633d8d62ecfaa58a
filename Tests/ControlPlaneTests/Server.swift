import Documents
import Domain
import Testing

@testable import ControlPlane

/// The front over a store of its own, for requests as a client would send them.
struct Server {
    static let merge = "application/merge-patch+json"
    static let apply = "application/apply-patch+yaml"
    static let json = "application/json"

    var store: Store
    private let now = Timestamp(milliseconds: 1_767_225_600_000)

    init(definitions: [Document] = []) throws {
        store = Store(seed: 7, now: now)
        for definition in definitions {
            try CustomResources.install(definition, into: &store, now: now)
        }
    }

    /// Sends a request; `path` may carry a query that needs no decoding.
    mutating func send(
        _ method: String, _ path: String, _ body: String = "", type: String = Self.json,
        headers: [(name: String, value: String)] = []
    ) throws -> APIResponse {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = (parts.count == 2 ? parts[1] : "").split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: halves[0], value: halves.count == 2 ? halves[1] : "")
        }
        let request = APIRequest(
            method: method, path: parts[0], query: query,
            headers: [
                (name: "User-Agent", value: "tester/1"), (name: "Content-Type", value: type),
            ] + headers, body: Array(body.utf8))
        let answer = Front.answer(request, store: &store, now: now)
        guard case .response(let response) = answer else { throw Unexpected("a watch") }
        return response
    }

    struct Unexpected: Error {
        let what: String
        init(_ what: String) { self.what = what }
    }
}

extension APIResponse {
    var warnings: [String] { headers.filter { $0.name == "Warning" }.map(\.value) }
    var message: String { document?["message"]?.stringValue ?? "" }
    /// The fields of an error's causes.
    var fields: [String] {
        (document?.at("details", "causes")?.arrayValue ?? []).map {
            $0["field"]?.stringValue ?? ""
        }
    }
}
