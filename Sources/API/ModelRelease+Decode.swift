package import Domain

extension ModelRelease {
    /// Reads an object of this kind: strict on `spec`, lenient on `metadata` and `status`.
    ///
    /// - Parameter resolved: `true` for an object of the cluster, whose golden probes must carry
    ///   their cases; a file in Git may name a golden file alone.
    /// - Returns: the release with defaults filled in, or every error with its place. The place
    ///   of a missing field is where it would stand.
    package static func decode(_ object: Document, resolved: Bool = false)
        -> DecodeResult<ModelRelease>
    {
        decode(object, resolved: resolved, Problems())
    }

    static func decode(_ object: Document, resolved: Bool, _ problems: Problems)
        -> DecodeResult<ModelRelease>
    {
        guard
            let root = EnvelopeReader.open(
                object,
                kind: .modelRelease,
                checkName: { Formats.serviceLabel($0, limit: Names.releaseNameLimit) },
                problems
            )
        else { return problems.result(nil) }
        let reader = ReleaseSpecReader(problems: problems, resolved: resolved)
        let release = reader.read(root).map {
            ModelRelease(
                metadata: ObjectMetadata(of: object),
                spec: $0,
                status: ReleaseStatus(object["status"] ?? .null)
            )
        }
        if let release {
            reader.checkTags(release.declaredShares, at: root.path["spec"]["versions"])
        }
        return problems.result(release)
    }
}

/// Reads what is around the spec of both kinds.
enum EnvelopeReader {
    static func open(
        _ object: Document,
        kind: ResourceKind,
        checkName: (String) -> String?,
        _ problems: Problems
    ) -> ObjectReader? {
        guard
            let root = ObjectReader(
                object,
                at: .root,
                problems,
                known: ["apiVersion", "kind", "metadata", "spec", "status"]
            )
        else { return nil }
        for (key, wanted) in [("apiVersion", kind.apiVersion), ("kind", kind.kind)] {
            root.require(key, wanted)
            if let text = root.string(key), text != wanted {
                root.fail(key, "is `\(text)`, must be `\(wanted)`")
            }
        }
        metadata(root, checkName)
        root.require("spec")
        return root
    }

    private static func metadata(_ root: ObjectReader, _ checkName: (String) -> String?) {
        root.require("metadata", "with a name")
        guard let metadata = root.value("metadata") else { return }
        let path = root.path["metadata"]
        // Metadata has many more members than concern Slipway: all names are known.
        guard
            let reader = ObjectReader(
                metadata,
                at: path,
                root.problems,
                known: metadata.objectValue?.keys ?? []
            )
        else { return }
        reader.require("name")
        _ = reader.string("name", check: checkName)
        _ = reader.string("namespace") { Formats.label($0) }
        for key in ["labels", "annotations"] {
            guard let map = reader.value(key) else { continue }
            guard let members = map.objectValue?.members else {
                reader.fail(key, "must be an object, not a \(map.kindName)")
                continue
            }
            for member in members where member.value.stringValue == nil {
                root.problems.add(
                    path[key][bounded: member.key],
                    "must be a string; write it in quotes"
                )
            }
        }
    }
}

/// Reads `spec` of a ModelRelease.
struct ReleaseSpecReader {
    let problems: Problems
    let resolved: Bool

    static let known = [
        "runtime", "versions", "serving", "traffic", "strategy", "health", "onFailure", "suspend",
    ]
    static let later = ["gates", "analysis", "fallback"]
    static let laterRuntimes = [
        "triton", "vllm", "kserve", "tensorflow", "tfserving", "torchserve", "bentoml", "ray",
        "seldon", "sglang", "tgi", "huggingface",
    ]

    func read(_ root: ObjectReader) -> ReleaseSpec? {
        guard let spec = root.object("spec", known: Self.known, later: Self.later) else {
            return nil
        }
        spec.require("runtime", Spelling.choice(Runtime.allCases.map(\.rawValue)))
        let runtime = spec.word("runtime", as: Runtime.self, later: Self.laterRuntimes)
        let versions = versions(spec)
        let serving = serving(spec)
        let traffic = TrafficReader.read(spec)
        let strategy = StrategyReader.read(spec)
        let health = HealthReader(resolved: resolved).read(spec)
        let onFailure = onFailure(spec)
        let suspend = spec.bool("suspend")
        guard let runtime, let versions, let traffic else { return nil }
        let result = ReleaseSpec(
            runtime: runtime,
            versions: versions,
            serving: serving,
            traffic: traffic,
            strategy: strategy,
            health: health,
            onFailure: onFailure,
            suspend: suspend ?? false
        )
        checkCustom(result, at: spec.path)
        return result
    }

    // MARK: Versions

    /// `nil` if the list is missing or an entry could not be read; then no sum is judged.
    private func versions(_ spec: ObjectReader) -> [DeclaredVersion]? {
        spec.require("versions", "at least one version")
        guard let entries = spec.list("versions", count: Limits.versions) else { return nil }
        var versions: [DeclaredVersion] = []
        var weightsRead = true
        for entry in entries {
            guard
                let reader = ObjectReader(
                    entry.value,
                    at: entry.path,
                    problems,
                    known: ["name", "uri", "image", "digest", "weight"],
                    later: ["mirror"]
                )
            else {
                weightsRead = false
                continue
            }
            reader.require("name")
            let name = reader.string("name", limit: 253) {
                Formats.label($0, limit: Limits.versionName)
            }
            if !reader.has("uri"), !reader.has("image") {
                problems.add(
                    entry.path,
                    "one of `uri` and `image` is needed: where is the model?"
                )
            } else if reader.has("uri"), reader.has("image") {
                problems.add(
                    entry.path,
                    "has both `uri` and `image`; name one, where the model is"
                )
            }
            var weight = reader.integer("weight", in: 0...100)
            if weight == nil {
                if reader.has("weight") {
                    weightsRead = false
                } else if entries.count == 1 {
                    weight = 100
                } else {
                    reader.fail("weight", "is required where there are several versions")
                    weightsRead = false
                }
            }
            versions.append(
                DeclaredVersion(
                    name: name ?? "",
                    uri: reader.string("uri", limit: Limits.uri, check: Formats.artifact),
                    image: reader.string("image", limit: Limits.image, check: Formats.image),
                    pin: reader.string("digest", check: Formats.pin),
                    weight: weight ?? 0
                )
            )
        }
        if weightsRead { checkSum(versions, at: spec.path["versions"]) }
        checkNames(versions, at: spec.path["versions"])
        return versions
    }

    private func checkSum(_ versions: [DeclaredVersion], at path: FieldPath) {
        let sum = versions.reduce(0) { $0 + $1.weight }
        guard sum != 100 else { return }
        let parts = versions.enumerated().map { index, version in
            "\(version.name.isEmpty ? "#\(index + 1)" : version.name): \(version.weight)"
        }.joined(separator: ", ")
        problems.add(path, "weights sum to \(sum), must be 100 (\(parts))")
    }

    private func checkNames(_ versions: [DeclaredVersion], at path: FieldPath) {
        var seen: Set<String> = []
        for (index, version) in versions.enumerated() where !version.name.isEmpty {
            if !seen.insert(version.name).inserted {
                problems.add(path[index]["name"], "version `\(version.name)` stands twice")
            }
        }
    }

    /// Objects of a version are named by the first 8 characters of its digest.
    func checkTags(_ shares: [DeclaredShare], at path: FieldPath) {
        guard problems.errors.isEmpty else { return }
        var seen: [String: String] = [:]
        for (index, share) in shares.enumerated() {
            if let other = seen.updateValue(share.version, forKey: share.digest.tag) {
                problems.add(
                    path[index],
                    "the digests of `\(other)` and `\(share.version)` begin alike; "
                        + "give one another name"
                )
            }
        }
    }

    // MARK: Serving

    private func serving(_ spec: ObjectReader) -> Serving {
        guard
            let reader = spec.object(
                "serving",
                known: ["replicas", "template"],
                later: ["autoscaling"]
            )
        else { return Serving() }
        var serving = Serving()
        if let replicas = reader.integer("replicas", in: Limits.replicas) {
            serving.replicas = replicas
        }
        if let template = reader.value("template") {
            PodTemplateRules.check(template, at: reader.path["template"], problems)
            serving.template = template
        }
        return serving
    }

    /// `custom` knows nothing of its own: the template or the versions must bring an image.
    private func checkCustom(_ spec: ReleaseSpec, at path: FieldPath) {
        guard spec.runtime == .custom else { return }
        let place = path["serving"]["template"]
        guard let template = spec.serving.template else {
            problems.add(
                place,
                "is required with runtime `custom`: a container named `model` with its ports"
            )
            return
        }
        let containers = template.at("spec", "containers")?.arrayValue ?? []
        guard let model = containers.first(where: { $0["name"] == "model" }) else {
            problems.add(
                place["spec"]["containers"],
                "must have a container named `model` with runtime `custom`"
            )
            return
        }
        if model["image"]?.stringValue == nil, spec.versions.contains(where: { $0.image == nil }) {
            problems.add(
                place["spec"]["containers"],
                "container `model` needs an `image`, or every version one"
            )
        }
        let ports = model["ports"]?.arrayValue ?? []
        if ports.count > 1, !ports.contains(where: { $0["name"] == "http" }) {
            problems.add(
                place["spec"]["containers"],
                "one port of container `model` must have the name `http`"
            )
        }
        checkCasePaths(spec.health, at: path["health"]["probes"])
    }

    /// A preset knows where inference goes, `custom` does not.
    private func checkCasePaths(_ health: HealthPolicy, at path: FieldPath) {
        for (index, probe) in health.probes.enumerated() {
            for (number, item) in probe.cases.enumerated() where item.path == nil {
                problems.add(
                    path[index]["cases"][number]["path"],
                    "is required with runtime `custom`: the path to ask"
                )
            }
        }
    }

    private func onFailure(_ spec: ObjectReader) -> OnFailure {
        let reader = spec.object("onFailure", known: ["git"])
        let git = reader?.word("git", as: OnFailure.GitAction.self, later: ["pullRequest"])
        return git.map { OnFailure(git: $0) } ?? OnFailure()
    }
}
