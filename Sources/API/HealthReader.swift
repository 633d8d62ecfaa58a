package import Domain

/// Reads `spec.health`.
struct HealthReader {
    /// Probes must carry their cases.
    let resolved: Bool

    func read(_ spec: ObjectReader) -> HealthPolicy {
        var policy = HealthPolicy()
        guard
            let health = spec.object(
                "health",
                known: ["unready", "restarts", "progressDeadline", "probes"]
            )
        else { return policy }
        if let unready = health.object("unready", known: ["max", "for"]) {
            policy.unreadyMax = unready.integer("max", in: Limits.unreadyMax) ?? policy.unreadyMax
            policy.unreadyFor = unready.span("for", in: Limits.unreadyFor) ?? policy.unreadyFor
        }
        if let restarts = health.object("restarts", known: ["max"]) {
            policy.restartsMax =
                restarts.integer("max", in: Limits.restartsMax) ?? policy.restartsMax
        }
        policy.progressDeadline =
            health.span("progressDeadline", in: Limits.progressDeadline) ?? policy.progressDeadline
        let entries = health.list("probes", count: Limits.probes) ?? []
        policy.probes = entries.compactMap { probe($0.value, at: $0.path, health.problems) }
        let bytes = policy.probes.flatMap(\.cases).reduce(0) {
            $0 + $1.request.canonicalJSON().count + $1.expect.canonicalJSON().count
        }
        if bytes > Limits.caseBytes {
            health.fail(
                "probes",
                "the cases are \(bytes) bytes of JSON, at most \(Limits.caseBytes) are allowed"
            )
        }
        return policy
    }

    private func probe(_ value: Document, at path: FieldPath, _ problems: Problems)
        -> GoldenProbe?
    {
        guard
            let reader = ObjectReader(
                value,
                at: path,
                problems,
                known: ["golden", "cases", "every", "timeout"]
            )
        else { return nil }
        if !reader.has("cases") {
            if resolved {
                problems.add(path, "needs `cases`; only a file in Git may name `golden` alone")
            } else if !reader.has("golden") {
                problems.add(path, "needs `golden`, a file of requests and answers, or `cases`")
            }
        }
        var probe = GoldenProbe()
        probe.golden = reader.string(
            "golden",
            limit: Limits.goldenPath
        ) {
            // `./` means the folder of the file that names it.
            Formats.repositoryPath($0.hasPrefix("./") ? String($0.dropFirst(2)) : $0)
        }
        probe.cases = (reader.list("cases", count: Limits.cases) ?? []).compactMap {
            GoldenCase.read($0.value, at: $0.path, problems)
        }
        probe.every = reader.span("every", in: Limits.probeEvery) ?? probe.every
        probe.timeout = reader.span("timeout", in: Limits.probeTimeout) ?? probe.timeout
        return probe
    }
}

extension GoldenCase {
    static func read(_ value: Document, at path: FieldPath, _ problems: Problems) -> GoldenCase? {
        guard
            let reader = ObjectReader(
                value,
                at: path,
                problems,
                known: ["path", "request", "expect", "tolerance"]
            )
        else { return nil }
        reader.require("request", "the body to send")
        reader.require("expect", "what the answer must contain")
        for key in ["request", "expect"] {
            guard let body = reader.value(key) else { continue }
            if !PodTemplateRules.depth(body, atMost: Limits.templateDepth) {
                reader.fail(key, "is nested deeper than \(Limits.templateDepth) levels")
            }
        }
        var tolerance = 0.0
        if let value = reader.value("tolerance") {
            if let number = value.doubleValue, number.isFinite, number >= 0 {
                tolerance = number
            } else {
                reader.fail("tolerance", "must be a number, 0 or more")
            }
        }
        let asked = reader.string("path", limit: Limits.path, check: Formats.httpPath)
        guard let request = reader.value("request"), let expect = reader.value("expect") else {
            return nil
        }
        return GoldenCase(path: asked, request: request, expect: expect, tolerance: tolerance)
    }

    /// Reads one line of a golden file: `{"request": …, "expect": …}`, with `path` and
    /// `tolerance` where wanted.
    package static func decode(_ document: Document) -> DecodeResult<GoldenCase> {
        let problems = Problems()
        return problems.result(read(document, at: .root, problems))
    }
}
