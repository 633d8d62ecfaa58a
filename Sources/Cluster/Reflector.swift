import Documents
import Domain
package import KubeWire
import Logging
package import Resources
import Transport

/// Keeps a view of one kind of objects up to date: a list, and a watch from there on.
///
/// A watch that ends goes on from the last version seen. If that does not work the view is called
/// interrupted and the list is read again, never older than what was seen; while that fails,
/// what is known stays. A list is handed over only when it is complete.
package struct Reflector: Sendable {
    /// Times and bounds.
    package struct Settings: Hashable, Sendable {
        package var pageSize = 500
        /// How long the server shall keep a watch open; drawn from this range each time.
        package var watchSeconds = 300...600
        /// A watch without a byte for this long is dead. Servers send a bookmark about once a
        /// minute.
        package var idle = Duration.seconds(150)
        package var progress = ViewProgress.Settings()
        /// Bytes of one event.
        package var longestLine = 8 << 20

        package init() {}
    }

    package let selection: ObjectSelection
    private let client: ClusterClient
    private let settings: Settings

    package init(
        _ selection: ObjectSelection, client: ClusterClient, settings: Settings = Settings()
    ) {
        self.selection = selection
        self.client = client
        self.settings = settings
    }

    /// Lists and watches until the task is cancelled. Events come one at a time and in order; a
    /// slow `deliver` holds the server back.
    package func run(
        using generator: inout some RandomNumberGenerator,
        deliver: (ViewEvent) async -> Void
    ) async {
        var progress = ViewProgress(settings.progress)
        while !Task.isCancelled {
            let error: ClusterError
            switch progress.next {
            case .list(let version):
                do throws(ClusterError) {
                    try await list(version, &progress, deliver)
                    continue
                } catch let failure { error = failure }
                progress.listFailed(error)
            case .watch(let version):
                let end = await watch(from: version, &progress, &generator, deliver)
                switch progress.watchEnded(end) {
                case .goOn: continue
                case .pause:
                    try? await Task.sleep(for: progress.backoff.next(using: &generator))
                    continue
                case .failed(let failure): error = failure
                }
            }
            if Task.isCancelled { return }
            if let news = progress.interrupt(by: error, reading: "\(selection)") {
                client.logger.debug("view interrupted", metadata: metadata(error))
                await deliver(news)
            } else {
                client.logger.debug("view still interrupted", metadata: metadata(error))
            }
            let retryAfter = Duration.milliseconds(error.retryAfter?.milliseconds ?? 0)
            let wait = progress.backoff.next(atLeast: retryAfter, using: &generator)
            try? await Task.sleep(for: wait)
        }
    }

    private func metadata(_ error: ClusterError) -> Logger.Metadata {
        ["objects": "\(selection)", "error": "\(error)"]
    }

    private func list(
        _ version: ListVersion, _ progress: inout ViewProgress, _ deliver: (ViewEvent) async -> Void
    ) async throws(ClusterError) {
        let list = try await client.list(
            selection, version: version, pageSize: settings.pageSize)
        if case .atLeast(let seen) = version, let before = ResourceVersion(seen),
            let now = ResourceVersion(list.resourceVersion), now < before
        {
            throw ClusterError(.malformed, "the list is older than what was seen before")
        }
        await deliver(.replaced(list.items, resourceVersion: list.resourceVersion))
        progress.listed(list.resourceVersion)
    }

    private func watch(
        from version: String, _ progress: inout ViewProgress,
        _ generator: inout some RandomNumberGenerator, _ deliver: (ViewEvent) async -> Void
    ) async -> ViewProgress.WatchEnd {
        let seconds = settings.watchSeconds.randomElement(using: &generator) ?? 300
        var end = ViewProgress.WatchEnd()
        let start = ContinuousClock.now
        do throws(ClusterError) {
            let body = try await client.stream(
                try WireRequest(watching: selection, from: version, seconds: seconds),
                deadlines: .init(total: .seconds(seconds + 60), idle: settings.idle),
                bodyBytes: nil)
            end.accepted = true
            try await follow(body, &end, &progress, deliver)
        } catch {
            end.error = error
        }
        end.lived = start.duration(to: .now)
        return end
    }

    private func follow(
        _ body: ResponseBody, _ end: inout ViewProgress.WatchEnd, _ progress: inout ViewProgress,
        _ deliver: (ViewEvent) async -> Void
    ) async throws(ClusterError) {
        var splitter = LineSplitter(limit: settings.longestLine)
        var chunks = body.makeAsyncIterator()
        while let chunk = try await ClusterClient.next(&chunks) {
            let lines: [[UInt8]]
            do {
                lines = try splitter.feed(chunk)
            } catch {
                throw ClusterError(.malformed, "the watch sent \(error)")
            }
            for line in lines {
                switch try WatchLine(line) {
                case .changed(let object, let version):
                    await deliver(.changed(object))
                    progress.saw(version)
                case .deleted(let object, let version):
                    await deliver(.deleted(object))
                    progress.saw(version)
                case .bookmark(let version):
                    await deliver(.bookmark(resourceVersion: version))
                    progress.saw(version)
                case .failed(let error): throw error
                }
                end.events += 1
            }
        }
    }
}
