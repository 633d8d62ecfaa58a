import KubeWire
import Resources
import Synchronization
package import Telemetry

/// Counts the requests to the API server.
package final class RequestCounter: Sendable {
    private struct Numbers {
        var requests = Counter(
            "slipway_kubernetes_requests_total",
            "Requests to the API server; the code is error where none was answered.",
            labels: "verb", "resource", "code")
        var times = Histogram(
            "slipway_kubernetes_request_duration_seconds",
            "Until the answer of the API server was read; lists and watches: until it began.",
            labels: "verb")
    }

    private let numbers = Mutex(Numbers())

    /// Takes note of the answer to a request; `status` is `nil` if there was none.
    func note(_ request: WireRequest, _ status: Int?, in time: Duration) {
        let code = status.map { String($0) } ?? "error"
        numbers.withLock { numbers in
            numbers.requests.add(1, request.verb.rawValue, request.resource, code)
            numbers.times.observe(time, request.verb.rawValue)
        }
    }

    /// Writes both families.
    package func write(to page: inout Exposition) {
        let numbers = numbers.withLock { $0 }
        numbers.requests.write(to: &page)
        numbers.times.write(to: &page)
    }
}
