import Dispatch
import Glibc

/// Signals that ask the program to end.
enum Signals {
    /// Waits for the first SIGINT or SIGTERM; `nil` if the task is cancelled before.
    static func termination() async -> Int32? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Int32.self, bufferingPolicy: .bufferingNewest(1))
        let sources = [SIGINT, SIGTERM].map { number in
            // The source sees it all the same; the default would end the program.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        for await number in stream { return number }
        return nil
    }
}
