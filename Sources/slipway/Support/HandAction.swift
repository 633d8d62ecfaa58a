import API
import ArgumentParser
import Domain
import Presentation
import Processes
import Resources

/// How long a hand action waits for the controller.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Return as soon as the request is written.")
    var noWait = false

    @Option(help: "How long to wait for the controller: 30s, 2m.")
    var timeout: TimeSpan = .seconds(60)
}

extension TimeSpan: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }

    package var defaultValueDescription: String { description }
}

/// Writes what a person asks into the release, and follows what the controller makes of it.
struct HandAction {
    let request: HandRequest
    let name: String
    /// `nil` does not wait.
    let wait: WaitOptions?

    /// `approved`, `paused`: what is said once the request is written.
    private var word: String {
        switch request {
        case .approve: "approved"
        case .promote: "asked to skip"
        case .retry: "asked to try again"
        case .rollback: "asked to go back to"
        case .pause: "paused"
        case .resume: "resumed"
        }
    }

    func run(_ releases: Releases) async throws {
        let terminal = Terminal.standard
        let (before, annotation) = try await write(releases)
        let meaning = annotation.meaning.isEmpty ? "" : " \(annotation.meaning)"
        terminal.say(.done, "\(before.id): \(word)\(meaning)")
        guard let value = annotation.value else { return }
        if request == .pause {
            terminal.say(
                .start, "reverts go on all the same; slipway resume \(name) ends the pause")
            return
        }
        guard let wait, !wait.noWait else { return }
        try await follow(releases, before, annotation.name, value, wait.timeout)
    }

    /// Writes the annotation, again on a newer view where somebody was faster.
    private func write(
        _ releases: Releases
    ) async throws(Failure) -> (ModelRelease, HandRequest.Annotation) {
        var reason = ""
        for _ in 0..<5 {
            let live = try await releases.read(name)
            let annotation: HandRequest.Annotation
            do throws(HandRequest.Refusal) {
                annotation = try request.annotation(
                    for: live.release, token: WallClock.now.milliseconds)
            } catch {
                throw Failure("\(live.release.id): \(error)")
            }
            switch await releases.annotate(live, annotation.name, annotation.value) {
            case .applied: return (live.release, annotation)
            case .notApplied(let refusal) where refusal.kind == .conflict:
                reason = refusal.message
            case .notApplied(let refusal):
                throw Failure("\(live.release.id): not written: \(refusal.message)")
            case .unknown(let message):
                throw Failure(
                    "\(live.release.id): nobody knows whether it was written (\(message)); "
                        + "look at slipway describe \(name), then try again")
            }
        }
        throw Failure("\(name) changes all the time: \(reason)")
    }

    /// Prints what changes until the controller has noted the request as handled.
    private func follow(
        _ releases: Releases, _ before: ModelRelease, _ annotation: String, _ value: String,
        _ timeout: TimeSpan
    ) async throws {
        let terminal = Terminal.standard
        let end = WallClock.now + timeout
        var last = ""
        terminal.say(.waiting, "waiting for the controller")
        while true {
            let live = try await releases.read(name)
            guard live.release.metadata.uid == before.metadata.uid else {
                throw Failure("\(before.id) was deleted and made again meanwhile")
            }
            let status = live.release.status
            let line = "\(status.phase.rawValue): \(status.message)"
            if line != last {
                terminal.say(.start, line)
                last = line
            }
            if status.handled.contains(where: { $0.annotation == annotation && $0.value == value })
            {
                terminal.say(.done, "the controller has taken it up")
                return
            }
            guard WallClock.now < end else {
                throw Failure(
                    "the controller has not taken it up within \(timeout); the request "
                        + "stands and is carried out when it does",
                    code: .difference)
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }
}
