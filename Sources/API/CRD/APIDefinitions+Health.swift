import Domain

extension APIDefinitions {
    static var health: Schema {
        let usual = HealthPolicy()
        return .object(
            "When a version counts as failed.",
            [
                (
                    "unready",
                    .object(
                        "Pods that were ready and no longer are.",
                        [
                            (
                                "max",
                                .integer(
                                    "More of them than this fail the version.",
                                    in: Limits.unreadyMax, default: usual.unreadyMax)
                            ),
                            ("for", .span("… if it lasts this long.", default: usual.unreadyFor)),
                        ])
                ),
                (
                    "restarts",
                    .object(
                        "Restarts of containers.",
                        [
                            (
                                "max",
                                .integer(
                                    "More of them than this, over all pods of a version, fail it.",
                                    in: Limits.restartsMax, default: usual.restartsMax)
                            )
                        ])
                ),
                (
                    "progressDeadline",
                    .span(
                        "A version that is not fully ready this long after its pods were made has "
                            + "failed.",
                        default: usual.progressDeadline)
                ),
                (
                    "probes",
                    .list(
                        "Golden inferences, asked of every new pod before traffic and again and "
                            + "again after.",
                        count: Limits.probes, of: probe)
                ),
            ])
    }

    private static var probe: Schema {
        let usual = GoldenProbe()
        return .object(
            "Requests with known answers.", required: ["cases"],
            [
                (
                    "golden",
                    .string(
                        "The JSON-lines file in the repository that the cases were read from.",
                        length: 1...Limits.goldenPath)
                ),
                (
                    "cases",
                    .list(
                        "The requests and their answers.", count: Limits.cases,
                        of: .object(
                            "One request and the answer it must get.",
                            required: ["request", "expect"],
                            [
                                (
                                    "path",
                                    .string(
                                        "The path asked; the runtime's own if not given.",
                                        length: 1...Limits.path, pattern: "^/")
                                ),
                                ("request", .anything("The body that is sent.")),
                                (
                                    "expect",
                                    .anything(
                                        "What the answer must contain; members that are not named "
                                            + "here do not matter.")
                                ),
                                (
                                    "tolerance",
                                    .number(
                                        "The absolute difference that numbers may have.", minimum: 0
                                    )
                                ),
                            ]))
                ),
                ("every", .span("How often they are asked.", default: usual.every)),
                ("timeout", .span("How long an answer may take.", default: usual.timeout)),
            ]
        ).inFiles(eitherOf: ["golden", "cases"])
    }
}
