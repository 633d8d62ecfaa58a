import API
import Cluster
import Documents
import FoundationEssentials
import Glibc
import Logging
import Presentation
import Resources
import Sandbox
import Synchronization

/// The main job on real parts: a Git repository, model servers, Envoy, a controller of its own, and
/// users who notice everything.
package struct Demo: Sendable {
    private let options: DemoOptions
    private let narrator: Narrator

    package init(_ options: DemoOptions) {
        self.options = options
        narrator = Narrator(options)
    }

    /// Plays it from the beginning to the report.
    ///
    /// - Throws: ``DemoFailure`` if something did not go as it must, or cannot go here.
    package func run() async throws {
        defer { narrator.finish() }
        let lock = try lockFolder()
        defer { close(lock) }
        try prepareFolder()
        try await trainModels()
        let stage = Stage(options, narrator)
        try await stage.open { story in
            let report = try await story.play()
            narrator.title("Report")
            options.write(report.text)
            try check(report)
            narrator.say(
                .done,
                "a good version was promoted, two bad ones were refused, and a "
                    + "rollback by hand worked")
        }
    }

    private func check(_ report: Report) throws(DemoFailure) {
        let lost = report.lost
        guard lost.isEmpty, report.unanswered == 0 else {
            let samples = lost.prefix(5).map { answer in
                answer.problem ?? "status \(answer.status ?? 0)"
            }
            throw DemoFailure(
                "\(lost.count + report.unanswered) requests were lost, such as: "
                    + samples.joined(separator: "; "))
        }
    }

    /// Two demos in one folder would take each other's files away.
    private func lockFolder() throws -> Int32 {
        try FileManager.default.createDirectory(
            atPath: options.folder, withIntermediateDirectories: true)
        let lock = open("\(options.folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw DemoFailure(
                "\(options.folder) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw DemoFailure(
                "another demo is played in \(options.folder); end it, or name another folder "
                    + "with --folder")
        }
        return lock
    }

    private func prepareFolder() throws {
        let files = FileManager.default
        guard files.fileExists(atPath: "\(options.python)/bin/python") else {
            throw DemoFailure(
                "there is no Python environment at \(options.python): run "
                    + "Scripts/python-environment, or make demo, which does it")
        }
        guard files.fileExists(atPath: "\(options.models)/serve.py") else {
            throw DemoFailure(
                "there are no model servers at \(options.models): run it from the root of the "
                    + "repository, or name that with --repository")
        }
        // Nothing of an earlier demo is taken over.
        for name in ["models", "models.git", "clone", "data", "state", "controller.log"] {
            let path = "\(options.folder)/\(name)"
            if files.fileExists(atPath: path) { try files.removeItem(atPath: path) }
        }
    }

    private func trainModels() async throws {
        narrator.title("Models")
        narrator.show("training four versions of a scikit-learn model")
        let text = try await Command.run([
            "\(options.python)/bin/python", "-B", "\(options.models)/train.py",
            "\(options.folder)/models",
        ])
        for line in text.split(separator: "\n") {
            narrator.say(.done, line.split(separator: ", /").first.map(String.init) ?? "")
        }
    }
}
