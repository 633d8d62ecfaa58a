import Domain

/// What is due at which time; of what is due at the same time the first that was put in is first.
struct Calendar<Item: Sendable>: Sendable {
    private struct Entry: Sendable {
        let at: Timestamp
        let order: Int
        let item: Item

        func isBefore(_ other: Entry) -> Bool {
            at != other.at ? at < other.at : order < other.order
        }
    }

    /// A binary heap: no entry is before the one at half its index.
    private var heap: [Entry] = []
    private var order = 0

    /// When the first item is due.
    var next: Timestamp? { heap.first?.at }

    mutating func insert(_ item: Item, at time: Timestamp) {
        order += 1
        heap.append(Entry(at: time, order: order, item: item))
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].isBefore(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    /// Takes the first item out, if it is due.
    mutating func take(at now: Timestamp) -> Item? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.item
    }

    mutating func removeAll(where isGone: (Item) -> Bool) {
        let left = heap.filter { !isGone($0.item) }.sorted { $0.isBefore($1) }
        // What is sorted is a heap.
        heap = left
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
