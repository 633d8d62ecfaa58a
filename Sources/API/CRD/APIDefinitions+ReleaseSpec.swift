import Domain

extension APIDefinitions {
    static var releaseSpec: Schema {
        .object(
            "What should serve. Fields of later versions of Slipway are refused, not ignored.",
            required: ["runtime", "versions", "traffic"],
            rules: [
                .init(
                    "self.runtime != 'custom' || (has(self.serving) && has(self.serving.template))",
                    "runtime custom needs serving.template with a container named model",
                    editor: [
                        "if": [
                            "required": ["runtime"],
                            "properties": ["runtime": ["const": "custom"]],
                        ],
                        "then": [
                            "required": ["serving"],
                            "properties": ["serving": ["required": ["template"]]],
                        ],
                    ])
            ],
            [
                (
                    "runtime",
                    .string(
                        "The model server: a preset that knows image, port and probes, or custom, "
                            + "where serving.template brings them.",
                        words: Runtime.allCases.map(\.rawValue))
                ),
                ("versions", versions), ("serving", serving), ("traffic", traffic),
                ("strategy", strategy), ("health", health), ("onFailure", onFailure),
                (
                    "suspend",
                    .boolean(
                        "Progress stops; reverts and the repair of the route go on.", default: false
                    )
                ),
            ])
    }

    private static var versions: Schema {
        .list(
            "The versions that should serve, with their shares of traffic. Weights sum to 100; "
                + "one version with 100 is the usual case.",
            count: Limits.versions,
            rules: [
                .init(
                    "self.all(v, has(v.weight)) ? self.map(v, v.weight).sum() == 100 "
                        + ": self.size() == 1",
                    "weights must sum to 100; only a single version may leave its weight out",
                    expression:
                        "self.all(v, has(v.weight)) ? 'weights sum to ' "
                        + "+ string(self.map(v, v.weight).sum()) + ', must be 100' "
                        + ": 'weight is required where there are several versions'"),
                .init(
                    "self.all(v, self.exists_one(w, w.name == v.name))",
                    "names of versions must be distinct"),
            ],
            of: .object(
                "One version of the model.", required: ["name"],
                rules: [
                    .either(
                        "uri", "image",
                        "one of uri and image is needed: where is the model?")
                ],
                [
                    (
                        "name",
                        .string(
                            "The version's name, unique in the release.",
                            length: 1...Limits.versionName, pattern: label)
                    ),
                    (
                        "uri",
                        .string(
                            "Where the model artifact is; containers find it in SLIPWAY_MODEL_URI.",
                            length: 1...Limits.uri,
                            pattern: #"^((s3|gs|oci|pvc|https?|hf)://[^/?#@\s]+|file:///)\S*$"#)
                    ),
                    (
                        "image",
                        .string(
                            "An image with the model baked in, for the container named model.",
                            length: 1...Limits.image, pattern: "^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")
                    ),
                    (
                        "digest",
                        .string(
                            "Pin of the artifact, checked before any traffic.",
                            length: 71...71, pattern: "^sha256:[0-9a-f]{64}$")
                    ),
                    (
                        "weight",
                        .integer(
                            "Share of traffic in percent; 100 for a single version.", in: 0...100)
                    ),
                ]))
    }

    private static var serving: Schema {
        .object(
            "The pods of a version.",
            [
                (
                    "replicas",
                    .integer("Pods per version.", in: Limits.replicas, default: Serving().replicas)
                ),
                (
                    "template",
                    .opaqueObject(
                        "A PodTemplateSpec, merged strategically over the preset's. Host paths, "
                            + "host namespaces, privilege and foreign service accounts are refused."
                    )
                ),
            ])
    }

    private static var traffic: Schema {
        .object(
            "The router in front of the versions.", required: ["gateway"],
            [
                (
                    "gateway",
                    .object(
                        "Traffic through an HTTPRoute of the Gateway API that Slipway owns.",
                        required: ["parentRefs"],
                        [
                            (
                                "parentRefs",
                                .list(
                                    "The Gateways that traffic comes from.",
                                    count: Limits.parentRefs, of: parentReference)
                            ),
                            (
                                "hostnames",
                                .list(
                                    "Hosts that are answered; none means all of the listener's.",
                                    count: Limits.hostnames,
                                    of: .string(
                                        "A host name.", length: 1...253,
                                        pattern: #"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?"#
                                            + #"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"#))
                            ),
                            (
                                "path",
                                .string(
                                    "The path prefix that is answered; it is cut off before a "
                                        + "request reaches the model server.",
                                    length: 1...Limits.path,
                                    pattern: "^/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$",
                                    default: "/")
                            ),
                        ])
                )
            ])
    }

    private static var parentReference: Schema {
        .object(
            "A Gateway, or one listener of it.", required: ["name"],
            [
                ("name", .string("The Gateway's name.", length: 1...253, pattern: subdomain)),
                (
                    "namespace",
                    .string(
                        "The Gateway's namespace, the release's own where not given.",
                        length: 1...63, pattern: label)
                ),
                (
                    "sectionName",
                    .string("The name of a listener.", length: 1...253, pattern: subdomain)
                ),
                ("port", .integer("The port of a listener.", in: 1...65_535)),
            ])
    }

    private static var strategy: Schema {
        .object(
            "How a new version gets its traffic; the default is canary with 5, 25 and 50 percent.",
            required: ["canary"],
            [
                (
                    "canary",
                    .object(
                        "Weight steps with pauses between them, then a bake at the declared split.",
                        [
                            ("steps", steps),
                            (
                                "bake",
                                .span(
                                    "How long the declared split is watched before the version "
                                        + "counts as proven; the old one stays warm that long.",
                                    default: Canary.default.bake)
                            ),
                        ])
                )
            ])
    }

    private static var steps: Schema {
        .list(
            "The steps in order. Steps at or above the declared weight are skipped.",
            count: Limits.steps,
            rules: [
                .init(
                    "self.filter(s, has(s.weight)).map(s, s.weight).isSorted() && "
                        + "self.filter(s, has(s.weight)).all(s, "
                        + "self.filter(t, has(t.weight)).exists_one(t, t.weight == s.weight))",
                    "weights of steps must ascend")
            ],
            of: .object(
                "A weight or a pause.",
                rules: [
                    .either("weight", "pause", "a step needs either a weight or a pause"),
                    .member(
                        "for", needs: "weight",
                        "for belongs to a weight; a pause has its own: pause: {for: 10m}"),
                ],
                [
                    (
                        "weight",
                        .integer(
                            "Share of all traffic for the new versions together.", in: 1...100)
                    ),
                    ("for", .span("How long the weight is held; 0s where not given.")),
                    (
                        "pause",
                        .object(
                            "Stop here.",
                            rules: [
                                .either(
                                    "approval", "for",
                                    "a pause needs either approval: required or a time")
                            ],
                            [
                                (
                                    "approval",
                                    .string(
                                        "Until somebody runs slipway approve.", words: ["required"])
                                ),
                                ("for", .span("For a time.")),
                            ])
                    ),
                ]))
    }

    private static var onFailure: Schema {
        .object(
            "What happens after a version was refused.",
            [
                (
                    "git",
                    .string(
                        "How the revert gets into Git: revertCommit pushes one, none does not.",
                        words: OnFailure.GitAction.allCases.map(\.rawValue),
                        default: OnFailure().git.rawValue)
                )
            ])
    }
}
