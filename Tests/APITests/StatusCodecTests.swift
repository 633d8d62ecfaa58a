import Domain
import Testing

@testable import API

@Suite struct StatusCodecTests {
    private let a: Digest
    private let b: Digest
    private let time = Timestamp(milliseconds: 1_767_225_600_123)

    init() throws {
        a = try #require(Digest(String(repeating: "a", count: 64)))
        b = try #require(Digest(String(repeating: "b", count: 64)))
    }

    private var full: ReleaseStatus {
        let shares = [
            DeclaredShare(digest: a, version: "7", weight: 90),
            DeclaredShare(digest: b, version: "8", weight: 10),
        ]
        let later = time + .milliseconds(4567)
        return ReleaseStatus(
            phase: .progressing, message: "step 1 of 4: holds 5 % for 5m", observedGeneration: 7,
            observedCommit: "c0ffee", declared: shares,
            proven: .init(
                shares: [.init(digest: a, version: "7", weight: 100)], commit: "beef", since: time,
                provisional: true),
            attempt: .init(
                intent: 3, target: shares, new: [b], step: 1, confirmedAt: later, startedAt: time,
                commit: "c0ffee", author: "Ada <ada@example.com>", promoted: true, approvedStep: 0,
                manual: true, plan: "f00d",
                found: ["5f7c0a4e"]),
            versions: [
                .init(
                    digest: a, version: "7", weight: 95, ready: 3, desired: 3, health: .healthy,
                    since: time),
                .init(
                    digest: b, version: "8", weight: 5, ready: 2, desired: 3, health: .failed,
                    message: "one pod lost readiness", since: later),
            ],
            step: .init(index: 2, of: 4, weight: 5, waitsFor: "hold", until: later),
            conditions: [
                .init(
                    type: "Synced", status: .yes, reason: "Applied", message: "",
                    observedGeneration: 7,
                    lastTransition: Timestamp(milliseconds: 1_767_225_600_000)
                )
            ],
            history: [
                .init(
                    verdict: .rolledBack, intent: 2, shares: shares, commit: "beef", author: "Ada",
                    evidence: "readiness lost on 1 of 3 pods", startedAt: time, endedAt: later)
            ],
            quarantine: [
                .init(
                    digest: b, version: "8", intent: 2, reason: "Unready", message: "why",
                    commit: "beef", at: later)
            ],
            handled: [.init(annotation: Names.promote, value: "yes@1", at: later)], intent: 3,
            pendingRevert: .init(
                refused: b, intent: 2, restore: "beef", message: "take back 8", manual: true),
            configuration: [
                .init(
                    digest: a, kind: .secret, name: "keys", uid: "5f7c0a4e", resourceVersion: "17",
                    at: time, changed: later)
            ])
    }

    @Test func aStatusIsReadAsItIsWritten() {
        #expect(ReleaseStatus(full.document) == full)
        #expect(ReleaseStatus(ReleaseStatus().document) == ReleaseStatus())
    }

    @Test func timesThatDecisionsNeedKeepTheirMilliseconds() {
        let document = full.document
        #expect(document.at("attempt", "startedAt") == "2026-01-01T00:00:00.123Z")
        #expect(document.at("attempt", "confirmedAt") == "2026-01-01T00:00:04.690Z")
        #expect(document["versions"]?[0]?["since"] == "2026-01-01T00:00:00.123Z")
        #expect(document["conditions"]?[0]?["lastTransitionTime"] == "2026-01-01T00:00:00Z")
    }

    /// The example above leaves no field out, and the definition knows each: a server drops what
    /// its schema does not name.
    @Test func everyFieldIsWrittenAndKnownToTheSchema() throws {
        let version = try #require(APIDefinitions.modelRelease.at("spec", "versions")?[0])
        let schema = try #require(version.at("schema", "openAPIV3Schema", "properties", "status"))
        let checker = SchemaChecker(schema: schema)
        #expect(checker.errors(full.document) == [])
        let used = checker.places(of: full.document)
        #expect(checker.nodes().map(\.place).filter { !used.contains($0) } == [])
        func names(_ value: Any) -> [String] {
            Mirror(reflecting: value).children.compactMap(\.label)
        }
        func check(_ value: Any, _ document: Document?, also: [String] = []) throws {
            let keys = try #require(document?.objectValue).keys
            #expect(Set(names(value) + also) == Set(keys))
        }
        let status = full
        let document = status.document
        try check(status, document, also: ["serving", "progress"])
        try check(#require(status.proven), document["proven"])
        try check(#require(status.attempt), document["attempt"])
        try check(status.versions[1], document["versions"]?[1])
        try check(#require(status.step), document["step"])
        try check(status.history[0], document["history"]?[0])
        try check(status.quarantine[0], document["quarantine"]?[0])
        try check(status.handled[0], document["handled"]?[0])
        try check(#require(status.pendingRevert), document["pendingRevert"])
        try check(status.configuration[0], document["configuration"]?[0])
    }

    @Test func theSummaryTellsWhatServes() {
        var status = full
        #expect(status.servingSummary == "7: 95, 8: 5" && status.progressSummary == "2/4 5%")
        status.versions[0].weight = 100
        status.versions[1].weight = 0
        status.step = nil
        #expect(status.servingSummary == "7" && status.progressSummary.isEmpty)
        #expect(ReleaseStatus().servingSummary.isEmpty)
    }

    @Test(
        arguments: [
            .null, "x", [:], ["phase": "Odd", "attempt": 1, "versions": "x", "history": [1, [:]]],
            ["proven": ["shares": []], "attempt": ["target": [["digest": "x"]]]],
            ["quarantine": [["digest": "sha256:12"]], "conditions": [["type": 1]]],
            ["intent": "x", "observedGeneration": 1.5, "pendingRevert": ["refused": 1]],
        ] as [Document])
    func whatIsBrokenIsLeftAtItsDefault(document: Document) {
        #expect(ReleaseStatus(document) == ReleaseStatus())
    }

    /// Half a split is no split: it must not be acted on.
    @Test func aSplitWithABrokenShareIsNone() {
        var document = full.document
        for path in [["proven", "shares"], ["attempt", "target"]] {
            document.set(path, to: [["digest": .string(a.description)], ["digest": "broken"]])
        }
        #expect(ReleaseStatus(document).proven == nil && ReleaseStatus(document).attempt == nil)
        var other = full.document
        other.set(["attempt", "new"], to: [.string(a.description), "broken"])
        #expect(ReleaseStatus(other).attempt == nil)
    }

    @Test(arguments: ["x", "\"", "\n", "ü", "\u{1}"])
    func theLongestStatusStaysBelowItsBound(letter: String) throws {
        let text = String(repeating: letter, count: 5000)
        var status = full
        let digests = (0..<40).map { Digest(of: .integer($0)) }
        let shares = digests.prefix(16).map { DeclaredShare(digest: $0, version: text, weight: 6) }
        status.message = text
        status.declared = shares
        status.proven?.shares = shares
        status.attempt?.target = shares
        status.attempt?.author = text
        status.versions = digests.map {
            .init(
                digest: $0, version: text, weight: 1, ready: 1, desired: 1, health: .failed,
                message: text, since: time)
        }
        status.conditions = (0..<20).map {
            .init(
                type: "T\($0)", status: .no, reason: "R", message: text, observedGeneration: 1,
                lastTransition: time)
        }
        status.history = (0..<30).map {
            .init(
                verdict: .reverted, intent: $0, shares: shares, commit: text, author: text,
                evidence: text, startedAt: time, endedAt: time)
        }
        status.quarantine = digests.prefix(25).map {
            .init(
                digest: $0, version: text, intent: 1, reason: text, message: text, commit: text,
                at: time)
        }
        status.handled = (0..<20).map { .init(annotation: "a\($0)", value: text, at: time) }
        status.pendingRevert?.message = text
        status.configuration = digests.map {
            .init(
                digest: $0, kind: .configMap, name: text, uid: text, resourceVersion: text,
                at: time, changed: time)
        }
        let document = status.document
        #expect(document.canonicalJSON().count < Limits.statusBytes)
        let read = ReleaseStatus(document)
        #expect(read.quarantine.map(\.digest) == Array(digests.prefix(20)))
        #expect(read.attempt?.target.map(\.digest) == Array(digests.prefix(16)))
        #expect(read.proven?.shares.map(\.digest) == Array(digests.prefix(16)))
        #expect(read.handled.count == ReleaseStatus.handledLimit)
        #expect(ReleaseStatus(read.document) == read)
    }

    @Test func sentencesAreCutBeforeHistoryGoes() {
        let text = String(repeating: "x", count: 2000)
        var status = full
        status.history = (0..<20).map {
            .init(
                verdict: .reverted, intent: $0, shares: [], commit: "c0ffee", author: text,
                evidence: text, startedAt: time, endedAt: time)
        }
        status.quarantine = (0..<20).map {
            .init(
                digest: Digest(of: .integer($0)), version: "8", intent: 1, reason: "Unready",
                message: text, commit: "c0ffee", at: time)
        }
        status.versions = (0..<32).map {
            .init(
                digest: Digest(of: .integer($0)), version: "8", weight: 1, ready: 1, desired: 1,
                health: .failed, message: text, since: time)
        }
        status.conditions = (0..<12).map {
            .init(
                type: "T\($0)", status: .no, reason: "R", message: text, observedGeneration: 1,
                lastTransition: time)
        }
        let short = ReleaseStatus(status.document)
        #expect(short.history.count == 20 && short.quarantine.count == 20)
        #expect((short.history.first?.evidence.utf8.count).map { $0 < 1024 } == true)
    }

    @Test func textsAreCutBetweenCharacters() {
        #expect(StatusWriter.bounded("aüb", to: 2) == "a")
        #expect(StatusWriter.bounded("aüb", to: 3) == "aü")
        #expect(StatusWriter.bounded("a\u{0}b\nc", to: 10) == "a b\nc")
    }

    @Test func aSourcesStatusIsReadAsItIsWritten() throws {
        let status = SourceStatus(
            observedGeneration: 2, observedCommit: "c0ffee", lastFetch: time, releases: 12,
            problems: ["a.yaml:1:2: weights sum to 110"],
            conditions: [
                .init(
                    type: "Ready", status: .no, reason: "GitUnreachable", message: "no route",
                    observedGeneration: 2,
                    lastTransition: Timestamp(milliseconds: 1_767_225_600_000))
            ])
        #expect(SourceStatus(status.document) == status)
        #expect(SourceStatus(.null) == SourceStatus())
        let version = try #require(APIDefinitions.releaseSource.at("spec", "versions")?[0])
        let schema = try #require(version.at("schema", "openAPIV3Schema", "properties", "status"))
        let checker = SchemaChecker(schema: schema)
        #expect(checker.errors(status.document) == [])
        let used = checker.places(of: status.document)
        #expect(checker.nodes().map(\.place).filter { !used.contains($0) } == [])
        let many = SourceStatus(
            problems: Array(repeating: String(repeating: "\"", count: 5000), count: 60),
            conditions: Array(
                repeating: .init(
                    type: "T", status: .no, reason: "R",
                    message: String(repeating: "x", count: 5000), observedGeneration: 1,
                    lastTransition: time), count: 30))
        #expect(many.document.canonicalJSON().count < Limits.statusBytes)
        #expect(SourceStatus(many.document).problems.count == 50)
    }
}
