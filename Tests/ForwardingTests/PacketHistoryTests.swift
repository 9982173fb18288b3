// That the shared history keeps what it can, whole, and never the wrong packet.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

/// A history in a box, for the macros of the tests, which take no values that cannot be copied.
private final class BoxedHistory {
    var history: PacketHistory

    init(packets: Int, bytes: Int) {
        history = PacketHistory(packetCapacity: packets, byteCapacity: bytes)
    }

    func insert(_ number: UInt64, _ payload: [UInt8]) -> Bool {
        let entry = HistoryEntry(
            sequence: ExtendedSequenceNumber(number),
            timestamp: RTPTimestamp(UInt32(truncatingIfNeeded: number)),
            codec: .vp8, marker: false, startsKeyframe: false)
        return history.insert(entry, payload: payload.span)
    }

    func payload(_ number: UInt64) -> [UInt8]? { Self.payload(number, in: history) }

    private static func payload(
        _ number: UInt64, in history: borrowing PacketHistory
    ) -> [UInt8]? {
        guard let entry = history.entry(ExtendedSequenceNumber(number)) else { return nil }
        return history.payloadBytes.extracting(history.payloadRange(of: entry)).copied()
    }

    func insert(_ number: UInt64, _ payload: [UInt8], timestamp: UInt32) -> Bool {
        let entry = HistoryEntry(
            sequence: ExtendedSequenceNumber(number), timestamp: RTPTimestamp(timestamp),
            codec: .vp8, marker: false, startsKeyframe: false)
        return history.insert(entry, payload: payload.span)
    }

    /// The payload with its padding; `nil` if it gets none.
    func padded(_ number: UInt64) -> [UInt8]? { Self.padded(number, in: &history) }

    private static func padded(_ number: UInt64, in history: inout PacketHistory) -> [UInt8]? {
        guard let entry = history.entry(ExtendedSequenceNumber(number)) else { return nil }
        guard let range = history.pad(entry, at: history.payloadRange(of: entry)) else {
            return nil
        }
        return history.payloadBytes.extracting(range).copied()
    }

    func writeSpare(before start: Int) { Self.writeSpare(before: start, in: &history) }

    private static func writeSpare(before start: Int, in history: inout PacketHistory) {
        var bytes = history.mutablePayloadBytes
        bytes.setUInt16(0xFFFF, at: start - PacketHistory.spareCount)
    }
}

@Suite struct PacketHistoryTests {
    @Test func packetsComeBackAsTheyWere() {
        let box = BoxedHistory(packets: 16, bytes: 8_192)
        for number in UInt64(100)..<110 {
            #expect(box.insert(number, [UInt8](repeating: UInt8(number), count: Int(number))))
        }
        for number in UInt64(100)..<110 {
            #expect(box.payload(number) == [UInt8](repeating: UInt8(number), count: Int(number)))
            let entry = box.history.entry(ExtendedSequenceNumber(number))
            #expect(entry?.timestamp == RTPTimestamp(UInt32(number)))
            #expect(entry?.payloadCount == Int(number))
        }
        #expect(box.payload(99) == nil)
        #expect(box.payload(110) == nil)
    }

    @Test func packetsOfAFrameArePaddedToItsLongest() {
        let box = BoxedHistory(packets: 16, bytes: 8_192)
        let sizes = [98, 99, 100, 100, 97]
        for (index, size) in sizes.enumerated() {
            let payload = [UInt8](repeating: UInt8(index + 1), count: size)
            #expect(box.insert(UInt64(index + 1), payload, timestamp: 3_000))
        }
        #expect(box.padded(1) == [UInt8](repeating: 1, count: 98) + [0, 2])
        #expect(box.padded(2) == [UInt8](repeating: 2, count: 99) + [1])
        #expect(box.padded(3) == nil)
        #expect(box.padded(5) == nil, "three bytes would run into the next payload")
        // What stands behind is whole, and so is what was padded.
        for (index, size) in sizes.enumerated() {
            let whole = [UInt8](repeating: UInt8(index + 1), count: size)
            #expect(box.payload(UInt64(index + 1)) == whole)
        }
        // A frame of its own is measured by itself.
        #expect(box.insert(6, [UInt8](repeating: 6, count: 99), timestamp: 6_000))
        #expect(box.padded(6) == nil)
        #expect(box.padded(2) == nil, "its frame is not the latest any more")
    }

    @Test func paddingNeverSpoilsAnOlderPacket() {
        // Rings that wrap at every place: what lies behind the newest packet is the oldest one kept.
        for size in stride(from: 40, to: 120, by: 11) {
            let box = BoxedHistory(packets: 256, bytes: 4_096)
            for number in UInt64(1)...120 {
                let count = size + (number.isMultiple(of: 3) ? 2 : Int(number % 2))
                let payload = [UInt8](repeating: UInt8(number), count: count)
                #expect(box.insert(number, payload, timestamp: UInt32(number / 3)))
                let padded = box.padded(number - 1)
                if let padded { #expect(padded.count <= size + 2) }
                for older in max(1, Int(number) - 60)...Int(number) {
                    guard let kept = box.payload(UInt64(older)) else { continue }
                    #expect(kept == [UInt8](repeating: UInt8(older), count: kept.count))
                }
            }
        }
    }

    @Test func aPacketIsTakenOnlyOnce() {
        let box = BoxedHistory(packets: 16, bytes: 8_192)
        #expect(box.insert(5, [1]))
        #expect(!box.insert(5, [2]))
        #expect(box.payload(5) == [1])
    }

    @Test func aLatePacketFindsItsPlaceButPushesNothingNewerOut() {
        let box = BoxedHistory(packets: 8, bytes: 8_192)
        for number in [UInt64(20), 22, 23] { #expect(box.insert(number, [UInt8(number)])) }
        #expect(box.insert(21, [21]))
        #expect(box.payload(21) == [21])
        // 14 would stand where 22 stands.
        #expect(!box.insert(14, [14]))
        #expect(box.payload(22) == [22])
        #expect(box.payload(14) == nil)
    }

    @Test func theOldestGoWhenNumbersRunOut() {
        let box = BoxedHistory(packets: 8, bytes: 8_192)
        for number in UInt64(0)..<20 { #expect(box.insert(number, [UInt8(number)])) }
        for number in UInt64(0)..<12 { #expect(box.payload(number) == nil) }
        for number in UInt64(12)..<20 { #expect(box.payload(number) == [UInt8(number)]) }
    }

    @Test func theOldestGoWhenBytesRunOutAndNoPayloadIsTorn() {
        let box = BoxedHistory(packets: 1_024, bytes: 4_096)
        var random = SeededRandom(seed: 3)
        var sizes: [Int] = []
        for number in 0..<2_000 {
            let size = Int(random.next() % 900)
            sizes.append(size)
            #expect(
                box.insert(UInt64(number), [UInt8](repeating: UInt8(number & 0xFF), count: size)))
            // Whatever is still said to be there is there, whole.
            var kept = 0
            for old in max(0, number - 40)...number {
                guard let payload = box.payload(UInt64(old)) else { continue }
                kept += 1
                #expect(payload == [UInt8](repeating: UInt8(old & 0xFF), count: sizes[old]))
            }
            #expect(kept >= 1)
        }
    }

    @Test func aPayloadLargerThanAllIsRefused() {
        let box = BoxedHistory(packets: 8, bytes: 4_096)
        #expect(!box.insert(1, [UInt8](repeating: 0, count: 4_095)))
        #expect(box.insert(1, [UInt8](repeating: 7, count: 4_094)))
        #expect(box.payload(1)?.count == 4_094)
    }

    @Test func twoBytesAreFreeBeforeEachPayload() {
        let box = BoxedHistory(packets: 8, bytes: 4_096)
        for number in UInt64(0)..<8 { _ = box.insert(number, [UInt8](repeating: 9, count: 500)) }
        for number in UInt64(0)..<8 {
            guard let entry = box.history.entry(ExtendedSequenceNumber(number)) else { continue }
            let start = box.history.payloadRange(of: entry).lowerBound
            #expect(start >= PacketHistory.spareCount)
            box.writeSpare(before: start)
        }
        // Writing there has touched no payload.
        for number in UInt64(0)..<8 {
            if let payload = box.payload(number) {
                #expect(payload == [UInt8](repeating: 9, count: 500))
            }
        }
    }

    @Test func numbersNearTheEndOfTheirRangeAreSafe() {
        let box = BoxedHistory(packets: 8, bytes: 4_096)
        #expect(box.payload(.max) == nil)
        #expect(box.insert(.max - 1, [1]))
        #expect(box.payload(.max - 1) == [1])
    }
}
