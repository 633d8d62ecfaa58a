// swift-tools-version: 6.2
import PackageDescription

// Targets stand in the order in which data passes through them; see README.md for the picture.

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")

let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "slipway",
    products: [.executable(name: "slipway", targets: ["slipway"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // MARK: The system's C libraries
        .systemLibrary(
            name: "CLibGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(
            name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        // MARK: The core: pure, decides everything
        .target(name: "Domain"),
        .target(name: "Documents", dependencies: ["Domain", "CLibYAML"]),
        .target(name: "API", dependencies: ["Domain"]),
        .target(name: "Resources", dependencies: ["Domain", "API"]),
        .target(name: "Desired", dependencies: ["Domain", "Documents", "API"]),
        .target(name: "Observed", dependencies: ["Domain", "API", "Resources"]),
        .target(
            name: "Planning",
            dependencies: ["Domain", "Documents", "API", "Resources", "Desired", "Observed"]),
        .target(name: "Verdicts", dependencies: ["Domain", "API"]),
        .target(
            name: "Rollouts",
            dependencies: ["Domain", "API", "Resources", "Observed", "Planning", "Verdicts"]),
        .target(
            name: "Engine",
            dependencies: [
                "Domain", "API", "Resources", "Desired", "Observed", "Planning", "Verdicts",
                "Rollouts",
            ]),

        // MARK: What people read: releases as text, numbers for Prometheus
        .target(name: "Telemetry"),
        .target(name: "Presentation", dependencies: ["Domain", "API", "Planning"]),

        // MARK: The Kubernetes API as bytes, without a connection
        .target(name: "KubeWire", dependencies: ["Domain", "Documents", "Resources"]),

        // MARK: The shell: touches the world
        .target(name: "Commits", dependencies: ["Domain", "CLibGit2", logging]),
        .target(name: "Transport", dependencies: ["CLibCurl"]),
        .target(name: "Processes", dependencies: ["Domain"]),
        .target(
            name: "Cluster",
            dependencies: [
                "Domain", "Documents", "Resources", "KubeWire", "Transport", "Processes",
                "Telemetry", logging,
            ]),
        .target(
            name: "Signals", dependencies: ["Domain", "Documents", "Transport", logging]),
        .target(
            name: "Daemon",
            dependencies: [
                "Domain", "Documents", "API", "Resources", "Desired", "Observed", "Planning",
                "Verdicts", "Rollouts", "Engine", "Commits", "Transport", "KubeWire", "Cluster",
                "Processes", "Signals", "Telemetry", lifecycle, logging,
            ]),
        .target(name: "Admin", dependencies: ["Telemetry", hummingbird, lifecycle, logging]),

        // MARK: The control plane of Kubernetes as a model, and what runs on it
        .target(name: "ControlPlane", dependencies: ["Domain", "Documents", "Resources"]),
        .target(
            name: "Simulation",
            dependencies: [
                "ControlPlane", "Domain", "Documents", "API", "Resources", "Desired", "Observed",
                "Planning", "Verdicts", "Rollouts", "Engine", "KubeWire",
            ]),
        .target(
            name: "Sandbox",
            dependencies: [
                "ControlPlane", "Processes", "Domain", "Documents", "API", hummingbird, lifecycle,
                logging,
            ]),
        .target(
            name: "Demo",
            dependencies: [
                "Sandbox", "Daemon", "Domain", "Documents", "API", "Resources", "Presentation",
                "Transport", "KubeWire", "Cluster", "Processes", logging,
            ],
            exclude: ["Models"]),

        // MARK: Executables
        .executableTarget(
            name: "slipway",
            dependencies: [
                "Admin", "Daemon", "Sandbox", "Demo", "Domain", "Documents", "API", "Resources",
                "Desired", "Planning", "Presentation", "KubeWire", "Cluster", "Transport",
                "Commits", "Engine", "Processes", "Rollouts", arguments, lifecycle, signals,
                logging,
            ]),

        .executableTarget(name: "simulate", dependencies: ["Simulation", "Domain", arguments]),

        // MARK: Broken inputs for every parser, run with -c release
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Domain", "Documents", "API", "Resources", "Desired", "Observed", "Engine",
                "ControlPlane", "KubeWire", "Cluster", "Commits", "Signals", "Transport", arguments,
                logging,
            ],
            path: "Tests/Fuzz", exclude: ["Corpus"]),

        // MARK: Measurements, run by hand with -c release
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Commits", "Simulation", "Engine", "Observed", "Resources", "Desired", "Documents",
                "API", "Domain", logging,
            ],
            path: "Tests/Benchmarks", exclude: ["controller-scale.py"]),

        // MARK: Tests mirror the targets
        .testTarget(name: "DomainTests", dependencies: ["Domain"]),
        .testTarget(name: "DocumentsTests", dependencies: ["Documents", "Domain"]),
        .testTarget(name: "APITests", dependencies: ["API", "Domain", "Documents"]),
        .testTarget(
            name: "ResourcesTests", dependencies: ["Resources", "API", "Domain", "Documents"]),
        .testTarget(name: "DesiredTests", dependencies: ["Desired", "API", "Domain", "Documents"]),
        .testTarget(
            name: "PlanningTests",
            dependencies: ["Planning", "Desired", "API", "Domain", "Documents", "Resources"]),
        .testTarget(name: "VerdictsTests", dependencies: ["Verdicts", "API", "Domain"]),
        .testTarget(
            name: "RolloutsTests",
            dependencies: ["Rollouts", "Planning", "Observed", "API", "Domain", "Resources"]),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Engine", "ControlPlane", "API", "Domain", "Resources", "Observed", "Rollouts",
            ]),
        .testTarget(
            name: "ControlPlaneTests",
            dependencies: ["ControlPlane", "Documents", "Domain", "API"],
            resources: [.copy("Recordings"), .copy("Definitions")]),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Simulation", "ControlPlane", "Engine", "Rollouts", "Planning", "Observed",
                "Desired", "Documents", "API", "Domain", "Resources",
            ],
            exclude: ["Schedules"]),
        .testTarget(
            name: "SandboxTests",
            dependencies: [
                "Sandbox", "Processes", "ControlPlane", "Domain", "Documents", "TestServers",
            ]),
        .testTarget(
            name: "PresentationTests", dependencies: ["Presentation", "API", "Domain"]),
        .testTarget(
            name: "CommitsTests", dependencies: ["Commits", "Domain", "TestServers"],
            exclude: ["Support/git-http-server.py"]),
        .target(
            name: "TestServers",
            dependencies: ["API", "ControlPlane", "Domain", "Processes", "Sandbox"],
            path: "Tests/TestServers"),
        .testTarget(name: "TransportTests", dependencies: ["Transport", "TestServers"]),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "Cluster", "KubeWire", "Transport", "Documents", "Domain", "Resources",
                "TestServers", logging,
            ]),
        .testTarget(
            name: "LoopbackTests",
            dependencies: [
                "KubeWire", "Cluster", "Commits", "Daemon", "Engine", "Rollouts", "Sandbox",
                "Signals", "Transport", "Documents", "Domain", "API", "Resources", "ControlPlane",
                "TestServers", lifecycle, logging,
            ]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "slipway", "simulate", "Sandbox", "ControlPlane", "Cluster", "API", "Domain",
                "Documents", "Resources", "TestServers", "Transport", logging,
            ]),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Daemon", "Engine", "Commits", "Desired", "Documents", "API", "Domain",
                "Resources", "Telemetry", "Transport", "TestServers", logging,
            ]),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"]),
        .testTarget(
            name: "AdminTests", dependencies: ["Admin", "Telemetry", "Transport", logging]),
        .testTarget(
            name: "InstallTests",
            dependencies: ["Documents", "Domain", "Resources", "TestServers"],
            exclude: ["render.py", "Golden"]),
        .testTarget(name: "FuzzTests", dependencies: ["fuzz"]),
        .testTarget(name: "DemoTests", dependencies: ["Demo"]),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]

/// Targets that decide: the compiler proves that they hold no unsafe code.
let pure: Set<String> = [
    "Domain", "API", "Resources", "Desired", "Observed", "Planning", "Verdicts", "Rollouts",
    "Engine", "ControlPlane", "KubeWire", "Simulation", "Presentation", "Telemetry",
]

/// A build that can be made to misbehave, to prove that the checks see it; never for a release.
let isProving = Context.environment["SLIPWAY_PROVING"] == "1"
let proven: Set<String> = pure.union(["simulate"])

for target in package.targets where target.type != .system {
    target.swiftSettings =
        strict + (pure.contains(target.name) ? [.strictMemorySafety()] : [])
        + (isProving && proven.contains(target.name) ? [.define("PROVING")] : [])
}
