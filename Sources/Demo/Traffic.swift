import Synchronization
import Transport

/// Users: requests at a steady rate, whether the ones before were answered or not, and none sent a
/// second time.
final class Traffic: Sendable {
    /// What became of one request.
    struct Answer: Sendable {
        let sent: ContinuousClock.Instant
        /// Until the answer was there.
        let took: Duration
        /// The version that answered, if one says that it did.
        let version: String?
        /// HTTP status; `nil` without an answer.
        let status: Int?
        /// Why there is no answer.
        let problem: String?

        var isGood: Bool { status.map { (200..<300).contains($0) } ?? false }
    }

    static let perSecond = 50

    private let loop: CurlLoop
    private let url: String
    private let bodies: [[UInt8]]
    private let answers = Mutex<[Answer]>([])
    private let sent = Mutex(0)
    private let isStopped = Mutex(false)

    init(to url: String, bodies: [[UInt8]]) throws(TransportError) {
        self.url = url
        self.bodies = bodies
        loop = try CurlLoop(
            name: "traffic", settings: .init(connections: 512, connectionsPerHost: 512))
    }

    /// All answers so far, in the order of their arrival.
    var log: [Answer] { answers.withLock { $0 } }

    var requests: Int { sent.withLock { $0 } }

    /// No more requests.
    func stop() { isStopped.withLock { $0 = true } }

    /// Sends until ``stop()``, and waits for the last answers.
    func run() async {
        let start = ContinuousClock.now
        await withDiscardingTaskGroup { group in
            var number = 0
            while !isStopped.withLock(\.self), !Task.isCancelled {
                let due = start + .milliseconds(number * 1000 / Self.perSecond)
                try? await Task.sleep(until: due, clock: .continuous)
                let body = bodies.isEmpty ? [] : bodies[number % bodies.count]
                sent.withLock { $0 += 1 }
                group.addTask { await self.send(body) }
                number += 1
            }
        }
        await loop.shutDown()
    }

    private func send(_ body: [UInt8]) async {
        let start = ContinuousClock.now
        let request = HTTPRequest(
            .post, url, headers: ["Content-Type": "application/json"], body: body,
            deadlines: .init(connect: .seconds(5), total: .seconds(10)), connection: .reusedOnce)
        let answer: Answer
        do throws(TransportError) {
            let response = try await loop.perform(request)
            answer = Answer(
                sent: start, took: start.duration(to: .now),
                version: response.headers["x-model-version"], status: response.status,
                problem: nil)
        } catch {
            answer = Answer(
                sent: start, took: start.duration(to: .now), version: nil, status: nil,
                problem: error.description)
        }
        answers.withLock { $0.append(answer) }
    }
}
