import Domain

/// In which form a client wants the answer.
enum Representation: Hashable {
    case object
    case table
    case partialMetadata
    /// Aggregated discovery, with its version.
    case aggregatedDiscovery(String)
}

/// `Accept` and `Content-Type`, as far as the server looks at them.
enum MediaTypes {
    /// One media type with its parameters.
    struct MediaType: Hashable {
        var name: String
        var parameters: [String: String]

        init(_ text: some StringProtocol) {
            let parts = text.split(separator: ";").map {
                String($0).trimmingSpaces().lowercasedKey()
            }
            name = parts.first ?? ""
            parameters = [:]
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                if pair.count == 2 { parameters[pair[0]] = pair[1] }
            }
        }
    }

    /// The form of the first media type in `accept` that the server can answer with; `nil` if
    /// there is none.
    static func representation(_ accept: String?) -> Representation? {
        guard let accept, !accept.isEmpty else { return .object }
        for part in accept.split(separator: ",") {
            let type = MediaType(part)
            guard
                ["application/json", "application/yaml", "*/*", "application/*"]
                    .contains(type.name)
            else { continue }
            switch (type.parameters["as"], type.parameters["g"]) {
            case (nil, _): return .object
            case ("Table", "meta.k8s.io"): return .table
            case ("PartialObjectMetadata", "meta.k8s.io"),
                ("PartialObjectMetadataList", "meta.k8s.io"):
                return .partialMetadata
            case ("APIGroupDiscoveryList", "apidiscovery.k8s.io"):
                guard let version = type.parameters["v"], version == "v2" else { continue }
                return .aggregatedDiscovery(version)
            default: continue
            }
        }
        return nil
    }

    static let notAcceptable = APIStatus(
        code: 406, reason: "NotAcceptable",
        message: "406: Not Acceptable\n\nAvailable representations: application/json, "
            + "application/yaml, application/vnd.kubernetes.protobuf, "
            + "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        details: .init())

    static let unsupportedBody = APIStatus(
        code: 415, reason: "UnsupportedMediaType",
        message: "the body of the request was in an unknown format - accepted media types "
            + "include: application/json, application/yaml, application/vnd.kubernetes.protobuf")

    static let unsupportedPatch = APIStatus(
        code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type",
        details: .init())
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// A media type's name and the names of its parameters do not depend on case; values do.
    fileprivate func lowercasedKey() -> String {
        guard let sign = firstIndex(of: "=") else { return lowercased() }
        return self[..<sign].lowercased() + self[sign...]
    }
}
