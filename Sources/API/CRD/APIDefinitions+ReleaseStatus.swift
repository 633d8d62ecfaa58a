import Domain

extension APIDefinitions {
    static var releaseStatus: Schema {
        .object(
            "What the controller says of the release, and all it needs to go on after a restart.",
            [
                (
                    "phase",
                    .string(
                        "One word for the whole.",
                        words: ReleaseStatus.Phase.allCases.map(\.rawValue))
                ),
                ("message", sentence("What is going on, what it waits for.")),
                (
                    "observedGeneration",
                    .integer("The generation of the spec that this status speaks of.")
                ),
                ("observedCommit", commit("The Git commit that the declaration came from.")),
                ("serving", sentence("The versions that serve, with their shares.")),
                ("progress", sentence("Which step of how many, at which weight.")),
                ("declared", shares("The declaration that was acted on last.")),
                (
                    "proven",
                    .object(
                        "The last split that passed everything.",
                        [
                            ("shares", shares("The split.")),
                            ("commit", commit("The commit that declared it.")),
                            ("since", .time("Since when.")),
                            (
                                "provisional",
                                .boolean("It serves, but it did not pass everything.")
                            ),
                        ])
                ),
                ("attempt", attempt), ("versions", versionStates), ("step", step),
                ("conditions", .conditions), ("history", history), ("quarantine", quarantine),
                ("handled", handled),
                ("intent", .integer("Grows by one with every attempt.")),
                ("pendingRevert", pendingRevert), ("configuration", configuration),
            ])
    }

    private static func sentence(_ description: String) -> Schema {
        .string(description, length: 0...4096)
    }

    private static func word(_ description: String) -> Schema {
        .string(description, length: 0...256)
    }

    private static func commit(_ description: String) -> Schema {
        .string(description, length: 0...256)
    }

    private static func shares(_ description: String) -> Schema {
        .list(
            description, count: 0...Limits.versions.upperBound,
            of: .object(
                "A version and its share.",
                [
                    ("digest", .digest("The version's identity.")),
                    ("version", word("The version's name.")),
                    ("weight", .integer("Percent of traffic.", in: 0...100)),
                ]))
    }

    private static var attempt: Schema {
        .object(
            "The rollout under way.",
            [
                ("intent", .integer("The number of this attempt.")),
                ("target", shares("Where it goes.")),
                (
                    "new",
                    .list(
                        "The versions that are new, in the order in which they go.",
                        count: 0...Limits.versions.upperBound, of: .digest("A version."))
                ),
                ("step", .integer("The step that traffic is at, -1 before the first.")),
                ("confirmedAt", .time("When the step's route was confirmed in force.")),
                ("startedAt", .time("When the attempt began.")),
                ("commit", commit("The commit that started it.")),
                ("author", word("Who wrote that commit.")),
                ("promoted", .boolean("Somebody said promote: waits are skipped.")),
                ("approvedStep", .integer("The step whose pause somebody approved, -1 for none.")),
                ("manual", .boolean("A person's rollback: the target is not the declaration.")),
                ("plan", word("A fingerprint of the steps that step counts in.")),
                (
                    "found",
                    .list(
                        "The uids of the new versions' Deployments that were there before.",
                        count: 0...Limits.versions.upperBound, of: word("A uid."))
                ),
            ])
    }

    private static var versionStates: Schema {
        .list(
            "The versions that have pods.", count: 0...ReleaseStatus.versionLimit,
            of: .object(
                "One version.",
                [
                    ("digest", .digest("The version's identity.")),
                    ("version", word("The version's name.")),
                    ("weight", .integer("Percent of traffic now.", in: 0...100)),
                    ("ready", .integer("Pods that are ready.")),
                    ("desired", .integer("Pods that are wanted.")),
                    (
                        "health",
                        .string(
                            "What is known of its health.",
                            words: VersionStatus.Health.allCases.map(\.rawValue))
                    ),
                    ("message", sentence("Why, when it is not healthy.")),
                    ("since", .time("Since when it exists in the cluster.")),
                ]))
    }

    private static var step: Schema {
        .object(
            "The step a rollout is at.",
            [
                ("index", .integer("Counted from 1.")), ("of", .integer("How many there are.")),
                ("weight", .integer("Share of the new versions together.", in: 0...100)),
                ("waitsFor", sentence("What the step waits for.")),
                ("until", .time("When the wait ends, if a time ends it.")),
            ])
    }

    private static var history: Schema {
        .list(
            "What happened, newest first.", count: 0...ReleaseStatus.historyLimit,
            of: .object(
                "One attempt that ended.",
                [
                    (
                        "verdict",
                        .string(
                            "How it ended.",
                            words: HistoryEntry.Verdict.allCases.map(\.rawValue))
                    ),
                    ("intent", .integer("The number of the attempt.")),
                    ("shares", shares("Where it went.")),
                    ("commit", commit("The commit that started it.")),
                    ("author", word("Who wrote that commit.")),
                    ("evidence", sentence("Why, with numbers.")),
                    ("startedAt", .time("When it began.")), ("endedAt", .time("When it ended.")),
                ]))
    }

    private static var quarantine: Schema {
        .list(
            "Versions that are refused, newest first.",
            count: 0...ReleaseStatus.quarantineLimit,
            of: .object(
                "A refused version.",
                [
                    ("digest", .digest("The version's identity.")),
                    ("version", word("The version's name.")),
                    ("intent", .integer("The attempt that was refused.")),
                    ("reason", word("One word for programs.")),
                    ("message", sentence("Why, with numbers.")),
                    ("commit", commit("The commit that declared it.")),
                    ("at", .time("When.")),
                ]))
    }

    private static var handled: Schema {
        .list(
            "Hand actions that were carried out.", count: 0...ReleaseStatus.handledLimit,
            of: .object(
                "One action.",
                [
                    ("annotation", word("The annotation.")),
                    ("value", word("Its value as it was.")), ("at", .time("When.")),
                ]))
    }

    private static var configuration: Schema {
        .list(
            "ConfigMaps and Secrets that pods of proven versions read, as they were then; never "
                + "what is in them.",
            count: 0...ReleaseStatus.configurationLimit,
            of: .object(
                "One object of the release's namespace.",
                [
                    ("digest", .digest("The version whose pods read it.")),
                    ("kind", word("ConfigMap or Secret.")), ("name", word("Its name.")),
                    ("uid", word("Which object it was; empty if there was none.")),
                    ("resourceVersion", word("What the server called its state.")),
                    ("at", .time("When it was seen so.")),
                    ("changed", .time("When it was first seen to be otherwise.")),
                ]))
    }

    private static var pendingRevert: Schema {
        .object(
            "What still has to be written into Git.",
            [
                ("refused", .digest("The version that was refused.")),
                ("intent", .integer("The attempt.")),
                ("restore", commit("The commit whose document is to be restored.")),
                ("message", sentence("Why, for the commit message.")),
                ("manual", .boolean("It was a person's rollback, not a failure.")),
            ])
    }
}
