import API
import Cluster
import Domain
import FoundationEssentials
import Presentation
import Resources

/// What happens to the model `fraud-scorer`, from its first version to a rollback by hand.
struct Story: Sendable {
    let options: DemoOptions
    let narrator: Narrator
    let observer: Observer
    let repository: Repository
    let controller: ControllerProcess
    let client: ClusterClient
    let gatewayPort: Int

    private var pace: Pace { Pace(isFast: options.isFast) }

    /// Plays all of it and says what was measured.
    func play() async throws -> Report {
        var report = Report()
        report.phases.append(try await firstVersion())
        let traffic = try await openTraffic()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await traffic.run() }
            group.addTask { await self.watch(traffic) }
            do {
                report.phases.append(try await goodVersion())
                let (phase, failed, back) = try await badVersion()
                report.phases.append(phase)
                report.refused = ("3", failed, back)
                report.phases.append(try await wrongVersion())
                report.phases.append(try await rollback())
            } catch {
                group.cancelAll()
                throw error
            }
            traffic.stop()
            try await group.next()
            group.cancelAll()
        }
        report.answers = traffic.log
        report.sent = traffic.requests
        return report
    }

    // MARK: Phases

    private func firstVersion() async throws -> Report.Phase {
        narrator.title("Version 1 is released")
        let start = ContinuousClock.now
        try await repository.merge(version: "1", author: "Robin", pace)
        narrator.say(.done, "Robin merges version 1")
        try await wait("pods of version 1") { _ in observer.pods(of: "1") == 2 }
        killController()
        try await waitProven("1")
        narrator.say(.done, "version 1 serves all traffic, and is proven")
        return Report.Phase(
            title: "first version",
            times: times(from: start, to: "1", "from merge to traffic"), start: start, end: .now)
    }

    private func goodVersion() async throws -> Report.Phase {
        narrator.title("Version 2 is better")
        let start = ContinuousClock.now
        try await repository.merge(version: "2", author: "Robin", pace)
        narrator.say(.done, "Robin merges version 2")
        try await waitShare(of: "2", 10)
        killController()
        try await waitShare(of: "2", 50)
        try await waitProven("2")
        narrator.say(.done, "version 2 is promoted")
        return Report.Phase(
            title: "a good version is promoted",
            times: times(from: start, to: "2", "from merge to first step"), start: start,
            end: .now)
    }

    /// One of two pods becomes unready under traffic.
    private func badVersion() async throws -> (
        Report.Phase, failed: ContinuousClock.Instant, back: ContinuousClock.Instant
    ) {
        narrator.title("Version 3 fails under traffic")
        let start = ContinuousClock.now
        try await repository.merge(version: "3", author: "Kim", pace)
        narrator.say(.done, "Kim merges version 3")
        try await waitShare(of: "3", 10)
        var failed: ContinuousClock.Instant?
        try await wait("version 3 to fail") { _ in
            failed =
                observer.sights.first { sight in
                    guard case .readinessLost("3", _) = sight.what else { return false }
                    return true
                }?.at
            return failed != nil
        }
        killController()
        narrator.say(.warning, "a pod of version 3 is not ready any more")
        var back: ContinuousClock.Instant?
        try await wait("traffic to come back") { _ in
            back =
                observer.sights.last { sight in
                    guard case .split(let split) = sight.what, let failed else { return false }
                    return sight.at >= start && split == ["2": 100]
                        && sight.at >= failed - .seconds(1)
                }?.at
            return back != nil && observer.split == ["2": 100]
        }
        guard let failed, let back else { throw DemoFailure("the failure was not seen") }
        narrator.say(.done, "traffic is back on version 2")
        try await wait("the revert in Git") { status in
            guard status.quarantine.contains(where: { $0.version == "3" }) else { return false }
            return try await lastMessage().contains("Slipway-Refused: ")
        }
        narrator.say(.done, "and Git says so: git log -p -1")
        narrator.quote(
            try await repository.show("log", "-p", "-1", "--format=%an  %s%n%n%b", "main"))
        try await waitProven("2")
        var phase = Report.Phase(
            title: "a bad version is taken back",
            times: times(from: start, to: "3", "from merge to first step"), start: start,
            end: .now)
        phase.times.append(("from failure to route write", max(.zero, failed.duration(to: back))))
        return (phase, failed, back)
    }

    /// It never passes its golden inference.
    private func wrongVersion() async throws -> Report.Phase {
        narrator.title("Version 4 answers wrongly")
        let start = ContinuousClock.now
        try await repository.merge(version: "4", author: "Kim", pace)
        narrator.say(.done, "Kim merges version 4")
        try await wait("pods of version 4") { _ in observer.pods(of: "4") > 0 }
        killController()
        try await wait("version 4 to be refused") { status in
            status.quarantine.contains { $0.version == "4" }
        }
        let reason = observer.status.quarantine.first { $0.version == "4" }?.message ?? ""
        narrator.say(.done, "refused before any traffic: \(reason)")
        guard observer.firstShare(of: "4", after: start) == nil else {
            throw DemoFailure("version 4 got traffic, although its golden inference failed")
        }
        try await waitProven("2")
        return Report.Phase(
            title: "a wrong version gets no traffic", start: start, end: .now)
    }

    private func rollback() async throws -> Report.Phase {
        narrator.title("A rollback by hand")
        let start = ContinuousClock.now
        narrator.say(.start, "slipway rollback fraud-scorer --to 1 -n risk")
        let before = observer.sights.count
        async let command = Command.run([
            options.program, "rollback", "fraud-scorer", "--to", "1", "-n", "risk",
            "--kubeconfig", "\(options.folder)/kubeconfig",
        ])
        try await waitShare(of: "1", 100)
        killController()
        narrator.quote(try await command)
        try await wait("the rollback in Git") { _ in
            try await lastMessage().contains("Slipway-Rollback: risk/fraud-scorer")
        }
        narrator.say(.done, "version 1 serves again, and Git says so")
        try await waitProven("1")
        var phase = Report.Phase(title: "rollback by hand", start: start, end: .now)
        if let at = observer.sights.dropFirst(before).last(where: { sight in
            if case .split(["1": 100]) = sight.what { true } else { false }
        })?.at {
            phase.times.append(("from command to route write", start.duration(to: at)))
        }
        return phase
    }

    // MARK: Traffic

    private func openTraffic() async throws -> Traffic {
        let key = ResourceKey(.gateway, namespace: "risk", name: "public")
        guard case .found(let gateway) = await client.get(key),
            let address = gateway.at("status", "addresses")?[0]?["value"]?.stringValue
        else { throw DemoFailure("the Gateway has no address") }
        let url =
            "http://\(address):\(gatewayPort)/fraud/v2/models/fraud-scorer/infer"
        let path = "\(options.folder)/models/fraud-scorer/requests.jsonl"
        let lines = try Data(contentsOf: URL(filePath: path))
        narrator.say(.done, "\(Traffic.perSecond) requests a second to \(url)")
        return try Traffic(
            to: url, bodies: Array(lines).split(separator: UInt8(ascii: "\n")).map(Array.init))
    }

    /// The line that somebody who watches sees.
    private func watch(_ traffic: Traffic) async {
        while !Task.isCancelled {
            let split = observer.split.sorted { $0.key < $1.key }
                .map { "\($0.key): \($0.value) %" }.joined(separator: ", ")
            let status = observer.status
            let bad = traffic.log.count { !$0.isGood }
            narrator.show(
                "\(split) | \(status.phase.rawValue): \(status.message) | "
                    + "\(traffic.requests) sent, \(bad) failed")
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    // MARK: Waiting

    private func killController() {
        guard options.killsController else { return }
        narrator.say(.warning, "the controller is killed with -9, and started again")
        controller.killAndStart()
    }

    private func times(
        from start: ContinuousClock.Instant, to version: String, _ what: String
    ) -> [(what: String, took: Duration)] {
        guard let first = observer.firstShare(of: version, after: start) else { return [] }
        return [(what, start.duration(to: first))]
    }

    private func lastMessage() async throws -> String {
        try await repository.show("log", "-1", "--format=%B", "main")
    }

    /// Waits for a version's share of traffic in percent.
    private func waitShare(of version: String, _ share: Int) async throws {
        try await wait("\(share) % of traffic for version \(version)") { status in
            try checkNotRefused(version, status)
            return observer.split[version] == share
        }
    }

    private func waitProven(_ version: String) async throws {
        try await wait("version \(version) to be proven") { status in
            try checkNotRefused(version, status)
            return status.phase == .healthy && status.proven?.provisional == false
                && status.proven?.shares.map(\.version) == [version]
                && observer.split == [version: 100] && status.attempt == nil
        }
    }

    private func checkNotRefused(_ version: String, _ status: ReleaseStatus) throws(DemoFailure) {
        if let refusal = status.quarantine.first(where: { $0.version == version }) {
            throw DemoFailure("version \(version) was refused: \(refusal.message)")
        }
    }

    /// Waits until something holds.
    private func wait(
        _ what: String, _ holds: (ReleaseStatus) async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(180)
        var told = ""
        while true {
            let status = observer.status
            if try await holds(status) { return }
            if status.message != told, !status.message.isEmpty {
                told = status.message
                narrator.show("\(status.phase.rawValue): \(status.message)")
            }
            guard ContinuousClock.now < end else {
                throw DemoFailure(
                    "waited 3 minutes for \(what); the release is \(status.phase.rawValue): "
                        + "\(status.message); traffic \(observer.split)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
