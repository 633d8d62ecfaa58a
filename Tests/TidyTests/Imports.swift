/// What a target may import: the table of the design, held file by file.
enum Imports {
    /// Targets that decide: Swift's standard library and each other, nothing else.
    static let pure: Set<String> = [
        "Domain", "API", "Resources", "Desired", "Observed", "Planning", "Verdicts", "Rollouts",
        "Engine", "ControlPlane", "KubeWire", "Simulation", "Presentation", "Telemetry",
    ]

    /// What comes with Swift and touches the world: only for the shell.
    private static let system: Set<String> = [
        "FoundationEssentials", "Glibc", "Synchronization", "Dispatch",
    ]

    private static let core: Set<String> = [
        "Domain", "API", "Resources", "Desired", "Observed", "Planning", "Verdicts", "Rollouts",
        "Engine",
    ]

    private static let collections: Set<String> = [
        "BasicContainers", "DequeModule", "HeapModule", "OrderedCollections",
        "HashTreeCollections",
    ]

    static let allowed: [String: Set<String>] = [
        // Only in proving builds, for the chosen mutant and the marks.
        "Domain": ["Synchronization"],
        "Documents": ["Domain", "CLibYAML"],
        "API": ["Domain"],
        "Resources": ["Domain", "API"],
        "Desired": ["Domain", "Documents", "API"],
        "Observed": ["Domain", "API", "Resources"],
        "Planning": ["Domain", "Documents", "API", "Resources", "Desired", "Observed"],
        "Verdicts": ["Domain", "API"],
        "Rollouts": ["Domain", "API", "Resources", "Observed", "Planning", "Verdicts"],
        "Engine": core.subtracting(["Engine"]).union(collections),
        "Presentation": ["Domain", "API", "Planning"],
        "Telemetry": [],
        "Commits": system.union(["Domain", "CLibGit2", "Logging"]),
        "Transport": system.union(["CLibCurl"]),
        "Processes": system.union(["Domain"]),
        "KubeWire": ["Domain", "Documents", "Resources"],
        "Cluster": system.union([
            "Domain", "Documents", "Resources", "KubeWire", "Transport", "Processes", "Telemetry",
            "Logging",
        ]),
        "Signals": system.union(["Domain", "Documents", "Transport", "Logging"]),
        "Daemon": system.union(core).union([
            "Documents", "Commits", "Transport", "KubeWire", "Cluster", "Processes", "Signals",
            "Telemetry", "ServiceLifecycle", "Logging",
        ]),
        "Admin": system.union([
            "Telemetry", "Hummingbird", "HTTPTypes", "NIOCore", "ServiceLifecycle", "Logging",
        ]),
        "ControlPlane": ["Domain", "Documents", "Resources"],
        "Simulation": core.union(["ControlPlane", "Documents", "KubeWire"]),
        "Sandbox": system.union([
            "ControlPlane", "Processes", "Domain", "Documents", "API", "Hummingbird", "HTTPTypes",
            "NIOCore", "NIOPosix", "ServiceLifecycle", "Logging",
        ]),
        "Demo": system.union([
            "Sandbox", "Daemon", "Domain", "Documents", "API", "Resources", "Presentation",
            "Transport", "KubeWire", "Cluster", "Processes", "Logging",
        ]),
        "simulate": system.union(["Simulation", "Domain", "ArgumentParser"]),
        "slipway": system.union([
            "Admin", "Daemon", "Sandbox", "Demo", "Domain", "Documents", "API", "Resources",
            "Desired", "Planning", "KubeWire", "Cluster", "Transport", "Presentation", "Commits",
            "Engine", "Processes", "Rollouts", "ArgumentParser", "ServiceLifecycle",
            "UnixSignals", "Logging",
        ]),
    ]

    static func check(_ source: SwiftSource) -> [Violation] {
        imports(of: source).compactMap { module, line in
            let root = String(module.split(separator: ".").first ?? "")
            if !source.isProduct {
                guard source.target == "TidyTests" || root != "XCTest" else {
                    return source.violation(line, "XCTest: tests are written with Testing")
                }
                return nil
            }
            if ["Foundation", "FoundationNetworking"].contains(root) {
                return source.violation(line, "full Foundation in Sources")
            }
            guard let may = allowed[source.target] else {
                return source.violation(line, "target \(source.target) is not in the import table")
            }
            guard may.contains(root) else {
                return source.violation(line, "\(source.target) may not import \(root)")
            }
            return nil
        }
    }

    private static func imports(of source: SwiftSource) -> [(module: String, line: Int)] {
        let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        return source.tokens.indices.filter {
            source.token($0) == "import" && ![".", "`"].contains(source.token($0 - 1))
        }.map {
            let next = source.token($0 + 1)
            return (kinds.contains(next) ? source.token($0 + 2) : next, source.tokens[$0].line)
        }
    }
}
