import Dispatch
package import Domain
import Glibc

/// The machine's time of day. Only the shell reads it: what decides is told the time.
package enum WallClock {
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Does something once, so much later, on a thread of the system's.
    package static func after(_ span: Duration, _ work: @escaping @Sendable () -> Void) {
        let (seconds, attoseconds) = span.components
        DispatchQueue.global().asyncAfter(
            deadline: .now() + Double(seconds) + Double(attoseconds) / 1e18, execute: work)
    }
}
