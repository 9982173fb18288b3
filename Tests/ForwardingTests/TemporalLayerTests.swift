// That frames left out of a stream leave no trace in the numbers of the others, whatever the network does.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

/// A VP8 stream of three temporal layers as browsers send it, packet by packet.
struct LayeredSource {
    /// The layer of each frame of a cycle, and whether it is a switch point.
    static let cycle: [(temporal: UInt8, isSync: Bool)] = [
        (0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false),
        (2, false),
    ]

    private(set) var packets: [HistoryEntry] = []

    init(
        frames: Int, firstSequence: UInt64 = 65_400, random: inout SeededRandom,
        packetsMax: UInt64 = 4
    ) {
        var sequence = firstSequence
        var tl0: UInt8 = 250
        for frame in 0..<frames {
            let place = Self.cycle[frame % Self.cycle.count]
            if place.temporal == 0 { tl0 &+= 1 }
            let count = 1 + Int(random.next() % packetsMax)
            for packet in 0..<count {
                var entry = HistoryEntry(
                    sequence: ExtendedSequenceNumber(sequence),
                    timestamp: RTPTimestamp(UInt32(frame) &* 3_000), codec: .vp8,
                    marker: packet == count - 1, startsKeyframe: frame == 0 && packet == 0)
                entry.descriptor.pictureIDOffset = 2
                entry.descriptor.pictureIDIs15Bit = true
                entry.descriptor.pictureID = UInt16(truncatingIfNeeded: 32_700 + frame) & 0x7FFF
                entry.descriptor.tl0Offset = 4
                entry.descriptor.tl0PictureIndex = tl0
                entry.descriptor.layers.temporal = place.temporal
                entry.descriptor.layers.isSwitchPoint = place.isSync
                entry.descriptor.layers.isFrameStart = packet == 0
                packets.append(entry)
                sequence += 1
            }
        }
    }
}

@Suite struct TemporalLayerTests {
    private func makeSlot() -> BoxedSlot { .showing(.vp8, payloadType: 96) }

    @Test(arguments: [UInt8(0), 1])
    func whatIsLeftOutLeavesNoHole(limit: UInt8) {
        var random = SeededRandom(seed: UInt64(limit))
        let source = LayeredSource(frames: 2_000, random: &random)
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: 7, temporal: limit))
        var last: (numbers: OutgoingNumbers, entry: HistoryEntry)?
        for entry in source.packets {
            let numbers = slot.admit(entry, from: 0, at: at(0)).numbers
            #expect((numbers != nil) == (entry.descriptor.layers.temporal <= limit))
            guard let numbers else { continue }
            if let last {
                #expect(numbers.sequence.rawValue == last.numbers.sequence.rawValue + 1)
                let step: UInt16 = last.entry.timestamp == entry.timestamp ? 0 : 1
                #expect(
                    numbers.descriptor.pictureID & 0x7FFF
                        == (last.numbers.descriptor.pictureID &+ step) & 0x7FFF)
            }
            #expect(slot.source(of: numbers.sequence.sequenceNumber) == entry.sequence)
            last = (numbers, entry)
        }
    }

    @Test func aLayerIsTakenUpWhereADecoderCanFollow() {
        var random = SeededRandom(seed: 3)
        let source = LayeredSource(frames: 64, random: &random, packetsMax: 1)
        let slot = makeSlot()
        var seen: [UInt8] = []
        for (frame, entry) in source.packets.enumerated() {
            if frame == 16 { slot.setTarget(LayerTarget(spatial: 7, temporal: 0)) }
            if frame == 28 { slot.setTarget(.all) }
            if slot.admit(entry, from: 0, at: at(0)).numbers != nil {
                if frame >= 16 { seen.append(UInt8(frame)) }
            }
        }
        // From 16 the base alone; from 28 all is wished for, but up to 31 nothing can be switched at, 33 is two
        // layers above, at 34 one can climb to the middle, and only at 41 to the top.
        let expected: [UInt8] =
            [16, 20, 24, 28, 32, 34, 36, 38, 40] + Array(41..<64)
        #expect(seen == expected)
    }

    @Test func aFrameBegunIsSentToItsEnd() {
        var random = SeededRandom(seed: 4)
        let source = LayeredSource(frames: 40, random: &random)
        let slot = makeSlot()
        var sent: [UInt32: Int] = [:]
        var all: [UInt32: Int] = [:]
        for (place, entry) in source.packets.enumerated() {
            if place == 50 { slot.setTarget(LayerTarget(spatial: 7, temporal: 0)) }
            all[entry.timestamp.rawValue, default: 0] += 1
            if slot.admit(entry, from: 0, at: at(0)).numbers != nil {
                sent[entry.timestamp.rawValue, default: 0] += 1
            }
        }
        for (timestamp, count) in sent { #expect(all[timestamp] == count) }
    }

    /// Random loss, reordering and changes of the target.
    @Test(arguments: 0..<60)
    func numbersStayTrueOverLossAndReordering(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let source = LayeredSource(frames: 600, random: &random)
        // Each packet comes up to eleven places late, a few not at all.
        var arrivals: [(place: UInt64, entry: HistoryEntry)] = []
        for (place, entry) in source.packets.enumerated() {
            if place > 0, random.next() % 20 == 0 { continue }
            let delay = place > 0 && random.next() % 6 == 0 ? random.next() % 12 : 0
            arrivals.append((UInt64(place) + delay, entry))
        }
        arrivals.sort { ($0.place, $0.entry.sequence) < ($1.place, $1.entry.sequence) }
        let slot = makeSlot()
        var sent: [UInt64: HistoryEntry] = [:]
        for (number, arrival) in arrivals.enumerated() {
            if random.next() % 100 == 0 {
                slot.setTarget(
                    LayerTarget(spatial: 7, temporal: UInt8(random.next() % 3)))
            }
            guard let numbers = slot.admit(arrival.entry, from: 0, at: at(Int64(number))).numbers
            else { continue }
            let place = numbers.sequence.rawValue
            if sent[place] != nil { Issue.record("\(place) was sent twice") }
            sent[place] = arrival.entry
            // A receiver asks for it by this number and gets the same again.
            #expect(slot.source(of: numbers.sequence.sequenceNumber) == arrival.entry.sequence)
            #expect(slot.numbers(for: arrival.entry) == numbers)
        }
        // In the receiver's order the packets stand in the publisher's.
        let ordered = sent.keys.sorted()
        for (one, next) in zip(ordered, ordered.dropFirst()) {
            guard let before = sent[one], let after = sent[next] else { continue }
            #expect(before.sequence < after.sequence)
            #expect(next - one <= after.sequence.rawValue - before.sequence.rawValue)
        }
    }

    /// Where packets are late but none is lost, and only the base layer is kept, receivers see no loss at all.
    @Test(arguments: 0..<40)
    func reorderingWithinAFewPacketsLooksLikeNoLoss(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed) + 900)
        let source = LayeredSource(frames: 600, random: &random)
        var arrivals = source.packets
        var place = 1
        while place + 1 < arrivals.count {
            if random.next() % 4 == 0 {
                arrivals.swapAt(place, place + 1)
                place += 1
            }
            place += 1
        }
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: 7, temporal: 0))
        var sent: [UInt64] = []
        for entry in arrivals {
            if let numbers = slot.admit(entry, from: 0, at: at(0)).numbers {
                sent.append(numbers.sequence.rawValue)
            }
        }
        sent.sort()
        let kept = source.packets.count { $0.descriptor.layers.temporal == 0 }
        #expect(sent.count == kept)
        #expect((sent.last ?? 0) - (sent.first ?? 0) == UInt64(kept - 1))
    }
}
