package import Domain

extension ReleaseSource {
    /// Reads an object of this kind: strict on `spec`, lenient on `metadata` and `status`.
    /// Answers the source with defaults filled in, or every error with its place.
    package static func decode(_ object: Document) -> DecodeResult<ReleaseSource> {
        decode(object, Problems())
    }

    static func decode(_ object: Document, _ problems: Problems) -> DecodeResult<ReleaseSource> {
        guard
            let root = EnvelopeReader.open(
                object, kind: .releaseSource, checkName: { Formats.label($0) }, problems),
            let spec = root.object(
                "spec",
                known: [
                    "url", "branch", "path", "interval", "prune", "writeBack", "serviceAccounts",
                    "suspend",
                ],
                later: ["secretRef", "verify", "webhook"]
            )
        else { return problems.result(nil) }
        spec.require("url", "https://…")
        let defaults = SourceSpec(url: "")
        let source = SourceSpec(
            url: spec.string("url", limit: Limits.url, check: urlProblem) ?? "",
            branch: spec.string("branch", limit: Limits.branch, check: Formats.branch)
                ?? defaults.branch,
            path: folder(spec),
            interval: spec.span("interval", in: Limits.interval) ?? defaults.interval,
            prune: spec.bool("prune") ?? defaults.prune,
            writeBack: writeBack(spec),
            serviceAccounts: serviceAccounts(spec),
            suspend: spec.bool("suspend") ?? defaults.suspend
        )
        if source.writeBack.stateBranch == source.branch {
            problems.add(
                spec.path["writeBack"]["stateBranch"],
                "is the branch that is followed; the record needs one of its own"
            )
        }
        return problems.result(
            ReleaseSource(
                metadata: ObjectMetadata(of: object),
                spec: source,
                status: SourceStatus(object["status"] ?? .null)
            )
        )
    }

    /// The empty text means the whole tree, so it is no error here.
    private static func folder(_ spec: ObjectReader) -> String {
        spec.value("path") == ""
            ? "" : spec.string("path", limit: Limits.path, check: Formats.repositoryPath) ?? ""
    }

    private static func writeBack(_ spec: ObjectReader) -> WriteBack {
        var result = WriteBack()
        guard
            let reader = spec.object(
                "writeBack",
                known: ["enabled", "stateBranch", "authorName", "authorEmail"]
            )
        else { return result }
        result.enabled = reader.bool("enabled") ?? result.enabled
        result.stateBranch =
            reader.string("stateBranch", limit: Limits.branch, check: Formats.branch)
            ?? result.stateBranch
        result.authorName =
            reader.string("authorName", limit: Limits.author, check: Formats.author)
            ?? result.authorName
        result.authorEmail =
            reader.string("authorEmail", limit: Limits.author, check: Formats.author)
            ?? result.authorEmail
        return result
    }

    private static func serviceAccounts(_ spec: ObjectReader) -> [String] {
        var names: [String] = []
        for (value, path) in spec.list("serviceAccounts", count: Limits.serviceAccounts) ?? [] {
            guard let name = value.stringValue else {
                spec.problems.add(path, "must be the name of a service account, a string")
                continue
            }
            if let problem = Formats.subdomain(name) {
                spec.problems.add(path, problem)
            } else if names.contains(name) {
                spec.problems.add(path, "`\(name.prefix(64))` stands twice")
            } else {
                names.append(name)
            }
        }
        return names
    }

    /// The text of the URL is never part of the answer: it may hold a password.
    private static func urlProblem(_ text: String) -> String? {
        guard Formats.isPrintable(text) else {
            return "must not contain spaces or control characters"
        }
        if text.hasPrefix("/") {
            return text.split(separator: "/").contains("..") ? "must not contain `..`" : nil
        }
        guard let url = SplitURL(text) else {
            return "must be https://…, or an absolute path where local repositories are allowed"
        }
        if url.hasUserInfo {
            return "must not contain credentials: put credentials in secretRef, "
                + "which is not supported by this version of Slipway"
        }
        switch url.scheme {
        case "https": return url.host.isEmpty ? "lacks a host" : nil
        case "http":
            return url.isLoopback
                ? nil : "http:// is allowed to this machine only (127.0.0.1); use https://"
        case "ssh", "git+ssh": return "ssh:// is not supported by this version of Slipway"
        default: return "must be https://…, not \(url.scheme.prefix(16))://"
        }
    }
}
