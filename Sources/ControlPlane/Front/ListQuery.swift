import Domain

/// The query of a list or a watch, read and checked.
struct ListQuery {
    var options: ListOptions
    var isWatch: Bool
    var allowsBookmarks: Bool
    var sendsInitialEvents: Bool
    var timeout: TimeSpan?
    /// The version as it was written; empty if it was not.
    var versionText: String
    /// The version as a number, where there is one.
    var version: Int64?

    init(_ request: APIRequest, name: String) throws(APIStatus) {
        isWatch = request.flag("watch")
        allowsBookmarks = request.flag("allowWatchBookmarks")
        sendsInitialEvents = request.flag("sendInitialEvents")
        versionText = request.parameter("resourceVersion") ?? ""
        timeout = try Self.number(request.parameter("timeoutSeconds")).map {
            .seconds(min(max($0, 0), 86_400))
        }
        var selection = Selection()
        if let text = request.parameter("labelSelector") {
            selection.labels = try LabelSelector(parsing: text)
        }
        if let text = request.parameter("fieldSelector") {
            selection.fields = try FieldSelector(parsing: text)
        }
        if !name.isEmpty {
            selection.fields.terms.append(
                .init(field: "metadata.name", value: name, isEqual: true))
        }
        let limit = try Self.number(request.parameter("limit"))
        options = ListOptions(
            selection: selection, limit: limit.flatMap { $0 > 0 ? Int(exactly: $0) : nil })
        let match = request.parameter("resourceVersionMatch") ?? ""
        let token = request.parameter("continue") ?? ""
        let causes = problems(request, match: match, token: token)
        guard causes.isEmpty else {
            throw .invalid(kindName: "ListOptions", group: "meta.k8s.io", name: "", causes)
        }
        try readVersion(match)
        guard !token.isEmpty else { return }
        guard versionText.isEmpty || versionText == "0" else {
            throw .badRequest("specifying resource version is not allowed when using continue")
        }
        options.continuation = try ListContinuation(token: token)
    }

    private mutating func readVersion(_ match: String) throws(APIStatus) {
        guard !versionText.isEmpty else { return }
        guard let number = Int64(versionText), number >= 0 else {
            let complaint =
                "resourceVersion: Invalid value: \(Document.string(versionText).inMessage): "
                + "strconv.ParseUint: parsing \(Document.string(versionText).inMessage): "
                + "invalid syntax"
            throw isWatch
                ? .internalError(complaint)
                : .badRequest("invalid resource version: \(complaint)")
        }
        version = number
        if number == 0 {
            options.state = .any
        } else {
            options.state = match == "Exact" ? .exactly(number) : .notOlderThan(number)
        }
    }

    private func problems(
        _ request: APIRequest, match: String, token: String
    ) -> [APIStatus.Cause] {
        let field = "resourceVersionMatch"
        var causes: [APIStatus.Cause] = []
        if isWatch {
            if request.parameter("sendInitialEvents") != nil {
                if match != "NotOlderThan" {
                    causes.append(
                        .forbidden(
                            field,
                            "sendInitialEvents requires setting resourceVersionMatch to "
                                + "NotOlderThan"))
                }
                if !match.isEmpty, match != "NotOlderThan" {
                    causes.append(.notSupported(field, .string(match), ["NotOlderThan"]))
                }
            } else if !match.isEmpty {
                causes.append(
                    .forbidden(
                        field,
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents "
                            + "is provided"))
            }
            if !token.isEmpty {
                causes.append(.forbidden("continue", "continue is forbidden for watch"))
            }
            return causes
        }
        if !match.isEmpty {
            if versionText.isEmpty {
                causes.append(
                    .forbidden(
                        field,
                        "resourceVersionMatch is forbidden unless resourceVersion is provided"
                    ))
            }
            if !token.isEmpty {
                causes.append(
                    .forbidden(field, "resourceVersionMatch is forbidden when continue is provided")
                )
            }
            if match != "Exact", match != "NotOlderThan" {
                causes.append(.notSupported(field, .string(match), ["Exact", "NotOlderThan", ""]))
            }
            if match == "Exact", versionText == "0" {
                causes.append(
                    .forbidden(
                        field,
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if request.parameter("sendInitialEvents") != nil {
            causes.append(
                .forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        }
        return causes
    }

    /// A whole number of the query.
    static func number(_ text: String?) throws(APIStatus) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        guard let number = Int64(text) else {
            throw .badRequest(
                "strconv.ParseInt: parsing \(Document.string(text).inMessage): invalid syntax")
        }
        return number
    }
}
