import API
import Desired
import Domain
import Engine
import Observed
import Resources

/// Steps of the engine. Times are of the processor; events are handed over parsed.
enum EngineBenchmarks {
    static let all = [
        Measurement(name: "engine-steps", summary: "one step, by event, with 1 and 1,000 releases")
        {
            for count in [1, 1000] { attempt { try steps(releases: count) } }
        },
        Measurement(
            name: "engine-revert", summary: "readiness lost -> the route write, 1 and 1,000"
        ) {
            attempt { try revertAlone(times: 500) }
            attempt { try revertAmong(1000) }
        },
        Measurement(name: "engine-commit", summary: "a commit that changes one file, by releases") {
            for count in [10, 1000, 10_000] { attempt { try commits(releases: count) } }
        },
        Measurement(name: "engine-start", summary: "the lists of a cluster, 1,000 and 10,000") {
            for count in [1000, 10_000] { attempt { try start(releases: count) } }
        },
    ]

    private static func attempt(_ work: () throws -> Void) {
        do { try work() } catch { print("\(error)") }
    }

    // MARK: One step

    private static func steps(releases count: Int) throws {
        var controller = try SampleController(.healthy, releases: count)
        let name = count == 1 ? "1 release" : "\(count) releases"
        func spread(_ what: String, rounds: Int = 1000, _ event: (Int) throws -> Event?) throws {
            var times: [Double] = []
            for round in 0..<rounds {
                controller.wait(.milliseconds(10))
                guard let event = try event(round) else { continue }
                times.append(controller.timed(event))
            }
            Figures.spread("\(name): \(what)", times)
        }
        let cluster = controller.cluster
        func newer(_ kind: ResourceKind, _ round: Int, _ change: (inout Document) -> Void) throws
            -> Event?
        {
            guard var object = try cluster.objects(kind, of: round % count).first else {
                return nil
            }
            change(&object)
            return .view(kind, .changed(controller.renewed(object)))
        }
        try spread("a tick, nothing due") { _ in .tick }
        try spread("a bookmark") { _ in
            .view(.pod, .bookmark(resourceVersion: "999999999"))
        }
        try spread("a pod of nobody") { round in
            try newer(.pod, round) {
                $0.set(["metadata", "labels", Names.releaseLabel], to: "nobody")
                $0.set(["metadata", "name"], to: "nobody-1")
            }
        }
        try spread("a pod, nothing that matters") { round in
            try newer(.pod, round) { $0.set(["status", "message"], to: "still here") }
        }
        try spread("a Deployment, nothing that matters") { round in
            try newer(.deployment, round) { $0.set(["metadata", "labels", "x"], to: "y") }
        }
        try spread("a ModelRelease, nothing that matters") { round in
            try newer(.modelRelease, round) { $0.set(["metadata", "labels", "x"], to: "y") }
        }
        try spread("a Gateway, nothing that matters", rounds: 50) { _ in
            guard var gateway = cluster.shared(.gateway).first else { return nil }
            gateway.set(["status", "listeners"], to: [["attachedRoutes": 1]])
            return .view(.gateway, .changed(controller.renewed(gateway)))
        }
        try spread("a look at Git, nothing new") { _ in
            .fetched(SampleCluster.source, .unchanged)
        }
        try spread("a pod turns unready (status is written)", rounds: count) { round in
            try newer(.pod, round) { $0 = lost($0, at: controller.now) }
        }
    }

    /// A pod that loses its readiness.
    private static func lost(_ pod: Document, at now: Timestamp) -> Document {
        var lost = pod
        lost.set(
            ["status", "conditions"],
            to: [
                [
                    "type": "Ready", "status": "False",
                    "lastTransitionTime": .string(now.description),
                ]
            ])
        return lost
    }

    // MARK: The way back

    /// Hands over that a pod of the canary lost its readiness; returns what passed until the
    /// route write.
    private static func revert(_ number: Int, _ controller: inout SampleController) throws
        -> (steps: Int, seconds: Double)?
    {
        let pods = try controller.cluster.objects(.pod, of: number)
        guard
            let pod = pods.first(where: {
                $0.at("metadata", "labels", Names.versionLabel) == "2"
            })
        else { return nil }
        let event = Event.view(
            .pod, .changed(controller.renewed(lost(pod, at: controller.now))))
        let (effects, seconds) = controller.step(event)
        let isWritten = effects.contains {
            if case .write(_, .jsonPatch(let key, _)) = $0 {
                key.kind == .httpRoute && key.name == SampleCluster.name(number).name
            } else {
                false
            }
        }
        // The write is the first that leaves; nothing else is waited for.
        return isWritten ? (1, seconds) : nil
    }

    private static func revertAlone(times: Int) throws {
        let cluster = try SampleCluster(.canary)
        var taken: [Double] = []
        for _ in 0..<times {
            var controller = try SampleController(cluster, releases: 1)
            controller.wait(.seconds(1))
            if let (_, seconds) = try revert(0, &controller) { taken.append(seconds) }
        }
        Figures.spread(
            "1 release: readiness lost -> route write", taken,
            note: "1 step; \(times - taken.count) without a write")
    }

    private static func revertAmong(_ count: Int) throws {
        var controller = try SampleController(.canary, releases: count)
        var taken: [Double] = []
        for number in 0..<count {
            controller.wait(.milliseconds(10))
            if let (_, seconds) = try revert(number, &controller) { taken.append(seconds) }
        }
        Figures.spread(
            "\(count) releases: readiness lost -> route write", taken,
            note: "1 step; \(count - taken.count) without a write")
    }

    // MARK: Commits and starts

    private static func commits(releases count: Int) throws {
        var controller = try SampleController(.healthy, releases: count)
        var taken: [Double] = []
        for round in 1...200 {
            controller.wait(.milliseconds(10))
            let file = SampleCluster.file(round % count, version: 1, replicas: 2 + round)
            let (_, seconds) = controller.step(
                .fetched(
                    SampleCluster.source,
                    .commit(
                        CommitNotice(
                            id: String(SHA256.hex("\(round)".utf8).prefix(40)), author: "dana",
                            summary: "One", ownFiles: [], rewritten: false, isWhole: false,
                            files: [file], removed: []))))
            taken.append(seconds)
        }
        Figures.spread("\(count) releases: a commit with one changed file", taken)
    }

    private static func start(releases count: Int) throws {
        let cluster = try SampleCluster(.healthy)
        let before = Figures.resident
        let controller = try SampleController(cluster, releases: count)
        let held = Figures.resident - before
        print(
            "\(count) releases: lists, commit and all that follows \(controller.spent) s, "
                + "the longest step of those \(controller.longestStep) s; held "
                + "\(held / count) bytes a release, \(held >> 20) MiB; "
                + "peak \(Figures.peak)")
        keep(controller)
    }
}
