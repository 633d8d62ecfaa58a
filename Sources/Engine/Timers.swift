import Domain

/// Who is to be looked at again, and when: at most one time a subject, the earliest wins.
struct Timers<Subject: Hashable & Comparable & Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let at: Timestamp
        let subject: Subject

        static func < (left: Entry, right: Entry) -> Bool {
            (left.at, left.subject) < (right.at, right.subject)
        }
    }

    /// A binary heap; entries that `due` no longer agrees with are skipped.
    private var heap: [Entry] = []
    private var due: [Subject: Timestamp] = [:]

    /// When the next subject is due.
    var next: Timestamp? { heap.first?.at }

    /// Sets the time of a subject; `nil` forgets it.
    mutating func set(_ subject: Subject, at time: Timestamp?) {
        guard due[subject] != time else { return }
        due[subject] = time
        if let time { push(Entry(at: time, subject: subject)) }
        // Stale entries are dropped when they come up; rebuild if they are the most.
        if heap.count > 64, heap.count > due.count * 4 { rebuild() }
        dropStale()
    }

    /// Takes out the subjects that are due, in order.
    mutating func take(now: Timestamp) -> [Subject] {
        var subjects: [Subject] = []
        while let first = heap.first, first.at <= now {
            popFirst()
            if due[first.subject] == first.at {
                due[first.subject] = nil
                subjects.append(first.subject)
            }
        }
        dropStale()
        return subjects
    }

    private mutating func dropStale() {
        while let first = heap.first, due[first.subject] != first.at { popFirst() }
    }

    private mutating func rebuild() {
        heap = due.map { Entry(at: $0.value, subject: $0.key) }.sorted()
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func popFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
