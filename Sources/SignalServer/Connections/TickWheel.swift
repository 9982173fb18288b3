// Many deadlines within the next second or so, in one ring.
// SPDX-License-Identifier: Apache-2.0

/// A ring of slots, one a tick: what is put into a slot comes out when its tick has come. O(1) for each.
struct TickWheel<Element> {
    /// How many ticks ahead something can be; what is further ahead comes out then.
    static var span: UInt64 { 64 }

    private var slots: [[Element]] = Array(repeating: [], count: Int(span))
    /// The tick up to which everything has come out.
    private var tick: UInt64
    /// How many elements there are.
    private(set) var count = 0

    /// An empty wheel.
    init(at tick: UInt64) { self.tick = tick }

    /// Puts an element in.
    /// - Parameter due: Its tick; one that has come already means the next.
    mutating func insert(_ element: Element, at due: UInt64) {
        let due = min(max(due, tick + 1), tick + Self.span)
        slots[Int(due % Self.span)].append(element)
        count += 1
    }

    /// Takes out what is due at a tick or before it, in order.
    mutating func advance(to now: UInt64) -> [Element] {
        guard now > tick else { return [] }
        defer { tick = now }
        guard count > 0 else { return [] }
        var due: [Element] = []
        for step in 1...min(now - tick, Self.span) {
            let slot = Int((tick + step) % Self.span)
            if due.isEmpty { swap(&due, &slots[slot]) } else { due += slots[slot] }
            slots[slot] = []
        }
        count -= due.count
        return due
    }
}
