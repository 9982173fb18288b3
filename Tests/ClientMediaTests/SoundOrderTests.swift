// That packets of sound are handed out in order and once, and that a pause is told from a loss.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import ClientMedia

@Suite struct SoundOrderTests {
    private static let first: UInt32 = 4_294_960_000

    private func at(_ milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

    private func packet(_ index: Int, ticks: Int = 960) -> SoundPacket {
        SoundPacket(
            timestamp: RTPTimestamp(Self.first &+ UInt32(index * 960)), ticks: ticks,
            payload: [UInt8(truncatingIfNeeded: index)])
    }

    /// What comes out now, by the packets' indices.
    private func drained(_ order: inout SoundOrder, at milliseconds: Int64) -> [Int] {
        var found: [Int] = []
        while let packet = order.next(at: at(milliseconds)) {
            found.append(Int(packet.timestamp.distance(from: RTPTimestamp(Self.first))) / 960)
        }
        return found
    }

    private func insert(
        _ index: Int, _ order: inout SoundOrder, number: UInt64? = nil, isRepeated: Bool = false,
        at milliseconds: Int64
    ) {
        order.insert(
            packet(index),
            number: isRepeated ? nil : ExtendedSequenceNumber(number ?? UInt64(100 + index)),
            at: at(milliseconds))
    }

    @Test func whatComesInAnyOrderAndTwiceLeavesInOrderAndOnce() {
        var order = SoundOrder()
        insert(0, &order, at: 0)
        #expect(drained(&order, at: 0) == [0])
        insert(2, &order, at: 40)
        insert(3, &order, at: 60)
        insert(2, &order, at: 61)
        #expect(drained(&order, at: 61).isEmpty)
        #expect(order.nextDeadline == at(290))
        insert(1, &order, at: 70)
        #expect(drained(&order, at: 70) == [1, 2, 3])
        insert(1, &order, at: 71)
        #expect(drained(&order, at: 71).isEmpty && order.nextDeadline == nil)
    }

    @Test func whatCameInsideAnotherFillsItsPlace() {
        var order = SoundOrder()
        insert(0, &order, at: 0)
        // The first is not the only one: the packet of its own comes first in time.
        insert(2, &order, at: 40)
        insert(1, &order, isRepeated: true, at: 40)
        #expect(drained(&order, at: 40) == [0, 1, 2])
        // Numbers go on behind what came inside another: a pause after it is none that is waited for.
        insert(4, &order, at: 80)
        insert(3, &order, isRepeated: true, at: 80)
        insert(30, &order, number: 105, at: 600)
        #expect(drained(&order, at: 600) == [3, 4, 30])
    }

    @Test func aPauseIsNotWaitedForAndALossIs() {
        var order = SoundOrder()
        insert(0, &order, at: 0)
        #expect(drained(&order, at: 0) == [0])
        insert(20, &order, number: 101, at: 400)
        #expect(drained(&order, at: 400) == [20])
        // Number 102 is missing.
        insert(22, &order, number: 103, at: 440)
        insert(23, &order, number: 104, at: 460)
        #expect(drained(&order, at: 689).isEmpty)
        #expect(drained(&order, at: 690) == [22, 23])
        insert(21, &order, number: 102, at: 700)
        #expect(drained(&order, at: 700).isEmpty)
    }

    @Test func whatIsHeldIsBounded() {
        var order = SoundOrder()
        insert(0, &order, at: 0)
        #expect(drained(&order, at: 0) == [0])
        for index in 2..<1_000 { insert(index, &order, at: 1) }
        let found = drained(&order, at: 1)
        #expect(found.count == SoundOrder.packetsMax * 2 && found.last == 999)
    }

    @Test func aClockThatLeapsBackBeginsAnew() {
        var order = SoundOrder()
        insert(1_000, &order, at: 0)
        #expect(drained(&order, at: 0) == [1_000])
        insert(0, &order, number: 7, at: 20)
        #expect(drained(&order, at: 20) == [0])
    }

    @Test func anythingAtAllLeavesInOrder() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 {
            var order = SoundOrder()
            var last: RTPTimestamp?
            for step in 0..<100 {
                order.insert(
                    SoundPacket(
                        timestamp: RTPTimestamp(UInt32(random.next() % 60_000)),
                        ticks: Int(random.next() % 5_761), payload: []),
                    number: random.next() % 3 == 0
                        ? nil : ExtendedSequenceNumber(random.next() % 4 == 0 ? .max : 5),
                    at: at(Int64(step * 10)))
                while let packet = order.next(at: at(Int64(step * 10))) {
                    #expect(last.map { packet.timestamp.distance(from: $0) > 0 } ?? true)
                    last = packet.timestamp
                }
            }
        }
    }
}
