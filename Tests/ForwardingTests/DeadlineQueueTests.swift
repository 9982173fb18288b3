// That deadlines fire in order, once, and can be moved.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Testing
import Wire

@Suite struct DeadlineQueueTests {
    private func at(_ milliseconds: Int64) -> MediaInstant {
        .zero + .milliseconds(milliseconds)
    }

    @Test func firesInOrderAndOnlyOnce() {
        var queue = DeadlineQueue()
        queue.set(at(30), for: 3)
        queue.set(at(10), for: 1)
        queue.set(at(20), for: 2)
        #expect(queue.next == at(10))
        #expect(queue.popDue(at: at(9)) == nil)
        #expect(queue.popDue(at: at(25)) == 1)
        #expect(queue.popDue(at: at(25)) == 2)
        #expect(queue.popDue(at: at(25)) == nil)
        #expect(queue.popDue(at: at(30)) == 3)
        #expect(queue.next == nil)
    }

    @Test func aDeadlineCanMoveEarlierLaterAndAway() {
        var queue = DeadlineQueue()
        queue.set(at(10), for: 0)
        queue.set(at(50), for: 0)
        #expect(queue.popDue(at: at(20)) == nil)
        queue.set(at(30), for: 0)
        #expect(queue.popDue(at: at(30)) == 0)
        #expect(queue.popDue(at: at(90)) == nil)
        queue.set(at(100), for: 0)
        queue.set(nil, for: 0)
        #expect(queue.popDue(at: at(200)) == nil)
    }

    @Test func agreesWithASortedListOnRandomChanges() {
        var random = SeededRandom(seed: 7)
        var queue = DeadlineQueue()
        var model = [Int64?](repeating: nil, count: 40)
        var now: Int64 = 0
        for _ in 0..<5_000 {
            let owner = Int(random.next() % 40)
            if random.next() % 4 == 0 {
                model[owner] = nil
                queue.set(nil, for: owner)
            } else {
                let deadline = now + Int64(random.next() % 100)
                model[owner] = deadline
                queue.set(at(deadline), for: owner)
            }
            now += Int64(random.next() % 5)
            var fired: [Int] = []
            while let due = queue.popDue(at: at(now)) { fired.append(due) }
            let expected = model.indices.filter { model[$0].map { $0 <= now } ?? false }
            #expect(fired.sorted() == expected)
            for owner in expected { model[owner] = nil }
        }
    }
}
