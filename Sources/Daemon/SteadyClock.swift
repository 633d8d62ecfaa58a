package import Domain
import Processes

/// The time of day, as it was when the program began and goes on since.
///
/// A wall clock that is set forward would end every wait at once, and one that is set back would
/// stop them all; this one does neither. It counts while the machine sleeps (CLOCK_BOOTTIME).
package struct SteadyClock: Sendable {
    private let start: Timestamp
    private let origin: ContinuousClock.Instant

    package init() {
        start = WallClock.now
        origin = .now
    }

    package var now: Timestamp {
        start + .milliseconds(Int64(origin.duration(to: .now) / .milliseconds(1)))
    }
}
