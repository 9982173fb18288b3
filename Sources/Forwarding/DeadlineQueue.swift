// When which of many small state machines wants to be woken.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// A binary heap of deadlines of numbered owners; an owner has at most one deadline that counts.
///
/// Moving a deadline later is free: the old place in the heap fires, finds that it no longer
/// counts, and is put back at the right time. O(log n) per change.
package struct DeadlineQueue {
    private struct Node {
        var deadline: MediaInstant
        var owner: Int
    }

    private var heap: [Node] = []
    /// The deadline that counts, per owner; `nil`: none.
    private var wanted: [MediaInstant?] = []
    /// The earliest place in the heap, per owner; `nil`: none.
    private var placed: [MediaInstant?] = []

    /// Makes an empty queue.
    package init() {}

    /// The earliest time at which ``popDue(at:)`` may return an owner; `nil` if there is nothing to
    /// wait for.
    package var next: MediaInstant? { heap.isEmpty ? nil : heap[0].deadline }

    /// Sets or clears the deadline of an owner (a small number, the index of something in an
    /// array).
    package mutating func set(_ deadline: MediaInstant?, for owner: Int) {
        while wanted.count <= owner {
            wanted.append(nil)
            placed.append(nil)
        }
        wanted[owner] = deadline
        guard let deadline else { return }
        if let present = placed[owner], present <= deadline { return }
        placed[owner] = deadline
        push(Node(deadline: deadline, owner: owner))
    }

    /// Makes the deadline of an owner `deadline`, unless it already has an earlier one.
    package mutating func bring(_ owner: Int, forwardTo deadline: MediaInstant) {
        if owner < wanted.count, let present = wanted[owner], present <= deadline { return }
        set(deadline, for: owner)
    }

    /// Takes one owner whose deadline has come; its deadline is then cleared. `nil`: nobody is due.
    package mutating func popDue(at now: MediaInstant) -> Int? {
        while !heap.isEmpty, heap[0].deadline <= now {
            let first = heap[0]
            pop()
            let owner = first.owner
            // A place that was overtaken by an earlier one says nothing any more.
            if placed[owner] != first.deadline { continue }
            placed[owner] = nil
            guard let deadline = wanted[owner] else { continue }
            if deadline <= now {
                wanted[owner] = nil
                return owner
            }
            placed[owner] = deadline
            push(Node(deadline: deadline, owner: owner))
        }
        return nil
    }

    private mutating func push(_ node: Node) {
        heap.append(node)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].deadline <= heap[child].deadline { break }
            swap(parent, child)
            child = parent
        }
    }

    private mutating func pop() {
        swap(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            var least = parent
            if left < heap.count, heap[left].deadline < heap[least].deadline { least = left }
            if left + 1 < heap.count, heap[left + 1].deadline < heap[least].deadline {
                least = left + 1
            }
            if least == parent { return }
            swap(parent, least)
            parent = least
        }
    }

    /// Not `swapAt`, which allocates in builds that do not specialise it.
    private mutating func swap(_ left: Int, _ right: Int) {
        let node = heap[left]
        heap[left] = heap[right]
        heap[right] = node
    }
}
