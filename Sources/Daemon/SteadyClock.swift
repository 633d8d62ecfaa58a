package import Domain
import Glibc

/// The time of day, as it was when the program began and goes on since.
///
/// A wall clock that is set forward would end every wait at once, and one that is set back would
/// stop them all; this one does neither. It counts while the machine sleeps (CLOCK_BOOTTIME).
package struct SteadyClock: Sendable {
    private let start: Timestamp
    private let origin: ContinuousClock.Instant

    package init() {
        start = Self.wall
        origin = .now
    }

    package var now: Timestamp {
        start + .milliseconds(Int64(origin.duration(to: .now) / .milliseconds(1)))
    }

    /// What the machine says now.
    package static var wall: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
