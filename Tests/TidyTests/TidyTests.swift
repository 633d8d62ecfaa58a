import Testing

/// Holds the whole repository to the rules of the house. Violations read as `file:line: what`.
@Suite struct TidyTests {
    /// Where the order of a set or dictionary cannot decide anything, and why.
    static let unorderedFiles: [String: String] = [
        "Sources/Engine/Engine.swift": "by key; what is dirty is sorted before it is settled",
        "Sources/Engine/Engine+Absorb.swift": "by key; who is touched is sorted later",
        "Sources/Engine/Engine+Nodes.swift": "by pod uid; nodes are asked in order",
        "Sources/Engine/Engine+Probes.swift": "by pod uid only, never walked",
        "Sources/Engine/Engine+Source.swift": "sorted before it is walked",
        "Sources/Engine/Invariants+Status.swift": "compared as a whole",
        "Sources/Engine/Notices.swift": "asked for members only",
        "Sources/Engine/ReleaseMemory.swift": "by key; walked to note each key alone",
        "Sources/Engine/Engine+Configuration.swift": "by key only, never walked",
        "Sources/Engine/ReleaseReadings.swift": "by key only, never walked",
        "Sources/Engine/RecentReleases.swift": "sorted before it is walked",
        "Sources/Engine/SnapshotBuilder.swift": "sorted where it is made",
        "Sources/Engine/SourceMemory.swift": "by key; sorted before it is walked",
        "Sources/Engine/Flights.swift": "by key only, never walked",
        "Sources/Engine/Timers.swift": "by key; sorted where the heap is rebuilt",
        "Sources/Planning/RolloutPlan.swift": "argument of Weights.removing, asked for members",
        "Sources/Rollouts/Decision.swift": "the proven digests are asked for members only",
        "Sources/Rollouts/Declaration.swift": "asked for members only",
        "Sources/Rollouts/Failure.swift": "sorted before it is walked",
        "Sources/Rollouts/ReleaseMachine.swift": "verdicts by key; argument of Weights.removing",
        "Sources/Rollouts/Upkeep.swift": "sorted where it is made",
    ]

    /// Tests that do not mirror one target.
    static let freeStanding: Set<String> = [
        "Benchmarks", "CommandLineTests", "Fixtures", "Fuzz", "FuzzTests", "InstallTests",
        "LoopbackTests", "TestServers", "TidyTests",
    ]

    private static let repository = Result { try Repository() }
    private static let sources = Result { try repository.get().swiftSources() }

    private static let swiftRules: [(name: String, check: @Sendable (SwiftSource) -> [Violation])] =
        [
            ("file length", ShapeRules.fileLength),
            ("line length", ShapeRules.lineLength),
            ("function length", ShapeRules.functionLength),
            ("documented types", ShapeRules.documentedTypes),
            ("imports", Imports.check),
            ("loose tasks", WordRules.looseTasks),
            ("prints", WordRules.prints),
            ("traps", WordRules.traps),
            ("unguarded", WordRules.unguarded),
            ("pure targets", WordRules.impurities),
            ("mutants", WordRules.mutants),
            ("unordered", { WordRules.unordered($0, listed: unorderedFiles) }),
        ]

    @Test(arguments: swiftRules.map(\.name))
    func swiftFilesKeep(rule name: String) throws {
        let rule = try #require(Self.swiftRules.first { $0.name == name })
        report(try Self.sources.get().flatMap(rule.check))
    }

    @Test func textsKeepTheRules() throws {
        let repository = try Self.repository.get()
        var violations: [Violation] = []
        for path in repository.paths {
            guard let text = repository.text(path) else { continue }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            violations += TextRules.unfinished(path: path, lines)
            violations += TextRules.machinePaths(path: path, lines)
            violations += TextRules.origin(path: path, lines)
            violations += TextRules.oneTitle(path: path, lines)
        }
        report(violations)
    }

    @Test func testsMirrorTargets() throws {
        let repository = try Self.repository.get()
        let targets = Set(repository.folders(in: "Sources"))
        for folder in repository.folders(in: "Tests") where !Self.freeStanding.contains(folder) {
            #expect(
                folder.hasSuffix("Tests") && targets.contains(String(folder.dropLast(5))),
                "Tests/\(folder) mirrors no target"
            )
        }
    }

    @Test func theImportTableHasEveryTarget() throws {
        let targets = try Self.repository.get().folders(in: "Sources")
            .filter { !$0.hasPrefix("CLib") }
        #expect(targets.filter { Imports.allowed[$0] == nil } == [])
    }

    @Test func thePureTargetsAreThoseOfThePackage() throws {
        let text = try #require(try Self.repository.get().text("Package.swift"))
        let start = try #require(text.firstRange(of: "let pure: Set<String> = ["))
        let list = text[start.upperBound...].prefix { $0 != "]" }.split(separator: "\"")
        let names = list.filter { $0.allSatisfy(\.isLetter) }.map(String.init)
        #expect(names.sorted() == Imports.pure.sorted())
    }

    /// Mutants are compiled into what tests play, and into nothing that ships.
    @Test func onlyWhatTestsPlayIsBuiltWithMutants() throws {
        let repository = try Self.repository.get()
        var found: [String] = []
        for path in repository.paths where !path.hasSuffix(".swift") && !path.hasSuffix(".md") {
            let lines = repository.text(path)?.split(separator: "\n") ?? []
            found += lines.filter { $0.contains("SLIPWAY_PROVING") }.map { "\(path): \($0)" }
        }
        #expect(
            found.allSatisfy {
                $0.hasPrefix("Scripts/test: ") && $0.contains("--scratch-path ")
                    && ($0.contains("--product simulate ") || $0.contains("--product fuzz "))
            }, "\(found)")
        #expect(found.count == 2)
    }

    @Test func buildProductsAreNotTracked() throws {
        let paths = try Self.repository.get().paths
        #expect(paths.filter { $0 == "Package.resolved" || $0.hasPrefix(".build") } == [])
    }

    private func report(_ violations: [Violation]) {
        for violation in violations.sorted() {
            Issue.record("\(violation)")
        }
    }
}
