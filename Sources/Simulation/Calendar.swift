import Domain

/// What is due at which time; of what is due at the same time the first that was put in is first.
struct Calendar<Item: Sendable>: Sendable {
    private struct Entry: Sendable {
        let at: Timestamp
        let order: Int
        /// Where the item lies: what moves in the heap are numbers.
        let place: Int

        func isBefore(_ other: Entry) -> Bool {
            at != other.at ? at < other.at : order < other.order
        }
    }

    /// A binary heap: no entry is before the one at half its index.
    private var heap: [Entry] = []
    private var items: [Item?] = []
    /// Places without an item.
    private var free: [Int] = []
    private var order = 0

    /// When the first item is due.
    var next: Timestamp? { heap.first?.at }

    mutating func insert(_ item: Item, at time: Timestamp) {
        order += 1
        heap.append(Entry(at: time, order: order, place: place(item)))
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].isBefore(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func place(_ item: Item) -> Int {
        if let place = free.popLast() {
            items[place] = item
            return place
        }
        items.append(item)
        return items.count - 1
    }

    /// Takes the first item out, if it is due.
    mutating func take(at now: Timestamp) -> Item? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        free.append(first.place)
        return items[first.place].take()
    }

    mutating func removeAll(where isGone: (Item) -> Bool) {
        var left: [Entry] = []
        for entry in heap {
            if items[entry.place].map(isGone) ?? true {
                items[entry.place] = nil
                free.append(entry.place)
            } else {
                left.append(entry)
            }
        }
        // What is sorted is a heap.
        heap = left.sorted { $0.isBefore($1) }
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            if 2 * index + 1 < heap.count, heap[2 * index + 1].isBefore(heap[least]) {
                least = 2 * index + 1
            }
            if 2 * index + 2 < heap.count, heap[2 * index + 2].isBefore(heap[least]) {
                least = 2 * index + 2
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
