import Domain
import Engine
import Testing

@testable import Simulation

struct CalendarTests {
    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    /// Takes everything out, with the times at which it was due.
    private func drained(_ calendar: Calendar<Int>) -> [Int] {
        var calendar = calendar
        var items: [Int] = []
        while let next = calendar.next, let item = calendar.take(at: next) { items.append(item) }
        return items
    }

    @Test func whatIsDueFirstComesFirstAndTheSameTimeInOrder() {
        var dice = SplitMix64(seed: 5)
        var calendar = Calendar<Int>()
        var expected: [(at: Int64, item: Int)] = []
        for item in 0..<500 {
            let at = Int64(dice.next() % 40)
            calendar.insert(item, at: time(at))
            expected.append((at, item))
            // Some go before others come: their places are used again.
            guard dice.next() % 3 == 0 else { continue }
            let first = expected.min { ($0.at, $0.item) < ($1.at, $1.item) }
            #expect(calendar.next == first.map { time($0.at) })
            #expect(calendar.take(at: time(40)) == first?.item)
            expected.removeAll { $0.item == first?.item }
        }
        #expect(
            drained(calendar)
                == expected.sorted { ($0.at, $0.item) < ($1.at, $1.item) }.map(\.item))
    }

    @Test func nothingIsTakenBeforeItIsDue() {
        var calendar = Calendar<Int>()
        calendar.insert(1, at: time(10))
        #expect(calendar.take(at: time(9)) == nil)
        #expect(calendar.take(at: time(10)) == 1)
        #expect(calendar.take(at: time(10)) == nil)
    }

    @Test func whatIsRemovedNeverComes() {
        var calendar = Calendar<Int>()
        for item in 0..<100 { calendar.insert(item, at: time(Int64(item % 7))) }
        calendar.removeAll { $0 % 3 == 0 }
        for item in 100..<120 { calendar.insert(item, at: time(3)) }
        let left = (0..<120).filter { $0 >= 100 || $0 % 3 != 0 }
        let due = left.map { (at: $0 >= 100 ? 3 : $0 % 7, item: $0) }
        #expect(
            drained(calendar)
                == due.sorted { ($0.at, $0.item) < ($1.at, $1.item) }.map(\.item))
    }
}
