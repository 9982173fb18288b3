// Datagrams on their way, ordered by when they arrive.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// A bounded heap of things that are due at a time; what is due at the same time leaves in the order it came.
package struct ArrivalQueue<Element: Sendable>: Sendable {
    private struct Entry: Sendable {
        var at: MediaInstant
        var order: UInt64
        var element: Element

        func isBefore(_ other: Entry) -> Bool {
            at != other.at ? at < other.at : order < other.order
        }
    }

    /// The most elements inside.
    package let capacity: Int
    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    /// Makes an empty queue for at most `capacity` elements.
    package init(capacity: Int) {
        self.capacity = max(0, capacity)
        heap.reserveCapacity(self.capacity)
    }

    /// How many are inside.
    package var count: Int { heap.count }

    /// When the first is due; nil if there is none.
    package var nextArrival: MediaInstant? { heap.first?.at }

    /// Takes an element; false if the queue is full. O(log n).
    package mutating func insert(_ element: Element, at instant: MediaInstant) -> Bool {
        guard heap.count < capacity else { return false }
        heap.append(Entry(at: instant, order: nextOrder, element: element))
        nextOrder &+= 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
        return true
    }

    /// Removes the first element if it is due. O(log n).
    package mutating func popDue(at now: MediaInstant) -> Element? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.element
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
