import Domain

extension APIDefinitions {
    static var sourceSpec: Schema {
        let usual = SourceSpec(url: "")
        return .object(
            "What to follow. Fields of later versions of Slipway are refused, not ignored.",
            required: ["url"],
            rules: [
                .init(
                    "!has(self.writeBack) || !has(self.writeBack.stateBranch) "
                        + "|| self.writeBack.stateBranch != self.branch",
                    "the record needs a branch of its own, not the one that is followed")
            ],
            [
                (
                    "url",
                    .string(
                        "https://…, http:// to this machine, or the absolute path of a bare "
                            + "repository where the controller allows local ones.",
                        length: 1...Limits.url,
                        pattern: #"^(https://[^/?#@\s]+|http://(localhost|127(\.[0-9]{1,3}){3}"#
                            + #"|\[::1\])(:[0-9]+)?(/|$)|/)\S*$"#)
                ),
                (
                    "branch",
                    .string(
                        "The branch to follow.", length: 1...Limits.branch, default: usual.branch)
                ),
                (
                    "path",
                    .string(
                        "The folder that is read; empty for the whole tree.",
                        length: 0...Limits.path,
                        default: usual.path)
                ),
                ("interval", .span("How often to look.", default: usual.interval)),
                (
                    "prune",
                    .boolean(
                        "Delete releases whose file is gone from a completely read commit.",
                        default: usual.prune)
                ),
                ("writeBack", writeBack),
                (
                    "serviceAccounts",
                    .list(
                        "Service accounts of this namespace that pods of its releases may run as; "
                            + "`default` always is one.",
                        count: Limits.serviceAccounts,
                        of: .string(
                            "The name of a ServiceAccount.", length: 1...253,
                            pattern: #"^[a-z0-9]([-a-z0-9]*[a-z0-9])?"#
                                + #"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"#))
                ),
                (
                    "suspend",
                    .boolean("Nothing is fetched or applied.", default: usual.suspend)
                ),
            ])
    }

    private static var writeBack: Schema {
        let usual = WriteBack()
        return .object(
            "What Slipway pushes into the repository.",
            [
                (
                    "enabled",
                    .boolean(
                        "Whether reverts and the record are pushed.", default: usual.enabled)
                ),
                (
                    "stateBranch",
                    .string(
                        "The branch of the record.", length: 1...Limits.branch,
                        default: usual.stateBranch)
                ),
                (
                    "authorName",
                    .string(
                        "Author of the commits.", length: 1...Limits.author,
                        default: usual.authorName)
                ),
                (
                    "authorEmail",
                    .string(
                        "Mail address of the author.", length: 1...Limits.author,
                        default: usual.authorEmail)
                ),
            ])
    }

    static var sourceStatus: Schema {
        .object(
            "What the controller says of the source.",
            [
                (
                    "observedGeneration",
                    .integer("The generation of the spec that this status speaks of.")
                ),
                ("observedCommit", .string("The commit that is in force.", length: 0...256)),
                ("lastFetch", .time("When the repository answered last.")),
                ("releases", .integer("Releases read from the commit.")),
                (
                    "problems",
                    .list(
                        "What is wrong in the commit's files.",
                        count: 0...SourceStatus.problemLimit,
                        of: .string("FILE:LINE:COLUMN: message", length: 0...1024))
                ),
                ("conditions", .conditions),
            ])
    }
}
