// That of a stream with spatial layers a receiver gets whole pictures of the size it may have, and knows their ends.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

/// A VP9 stream of three spatial and three temporal layers, packet by packet.
struct SpatialSource {
    static let cycle: [UInt8] = [0, 2, 1, 2]

    private(set) var packets: [HistoryEntry] = []

    /// - Parameters:
    ///   - keyframes: The pictures that are keyframes beside the first.
    ///   - refreshed: Pictures of which a spatial layer above the first does without earlier pictures.
    init(
        pictures: Int, keyframes: Set<Int> = [], refreshed: [Int: UInt8] = [:],
        random: inout SeededRandom, packetsMax: UInt64 = 3
    ) {
        var sequence: UInt64 = 65_400
        var tl0: UInt8 = 250
        for picture in 0..<pictures {
            let isKey = picture == 0 || keyframes.contains(picture)
            let temporal = isKey ? 0 : Self.cycle[picture % Self.cycle.count]
            if temporal == 0 { tl0 &+= 1 }
            for spatial in UInt8(0)..<3 {
                let count = 1 + Int(random.next() % packetsMax)
                for packet in 0..<count {
                    var entry = HistoryEntry(
                        sequence: ExtendedSequenceNumber(sequence),
                        timestamp: RTPTimestamp(UInt32(picture) &* 3_000), codec: .vp9,
                        marker: spatial == 2 && packet == count - 1,
                        startsKeyframe: isKey && spatial == 0 && packet == 0)
                    entry.descriptor.pictureIDOffset = 1
                    entry.descriptor.pictureIDIs15Bit = true
                    entry.descriptor.pictureID =
                        UInt16(truncatingIfNeeded: 32_700 + picture) & 0x7FFF
                    entry.descriptor.tl0Offset = 4
                    entry.descriptor.tl0PictureIndex = tl0
                    entry.descriptor.layers.temporal = temporal
                    entry.descriptor.layers.spatial = spatial
                    entry.descriptor.layers.isSwitchPoint = true
                    entry.descriptor.layers.isFrameStart = packet == 0
                    entry.descriptor.layers.isFrameEnd = packet == count - 1
                    entry.descriptor.layers.isIndependent =
                        isKey || refreshed[picture] == spatial
                    packets.append(entry)
                    sequence += 1
                }
            }
        }
    }

    static func picture(of entry: HistoryEntry) -> Int { Int(entry.timestamp.rawValue / 3_000) }
}

@Suite struct SpatialLayerTests {
    private func makeSlot() -> BoxedSlot { .showing(.vp9, payloadType: 98) }

    /// The highest spatial layer sent of each picture, -1 for none; `change` is asked before each picture.
    private func sizes(
        of source: SpatialSource, in slot: BoxedSlot, change: (Int) -> LayerTarget?
    ) -> [Int] {
        var sizes: [Int] = []
        for entry in source.packets {
            let picture = SpatialSource.picture(of: entry)
            if picture == sizes.count {
                sizes.append(-1)
                if let target = change(picture) { slot.setTarget(target) }
            }
            if slot.admit(entry, from: 0, at: at(0)).numbers != nil {
                sizes[picture] = Int(entry.descriptor.layers.spatial)
            }
        }
        return sizes
    }

    @Test(arguments: [UInt8(0), 1, 2, 7], [UInt8(0), 1, 7])
    func whatIsLeftOutLeavesNoHoleAndEveryPictureItsEnd(spatial: UInt8, temporal: UInt8) {
        var random = SeededRandom(seed: UInt64(spatial) * 8 + UInt64(temporal))
        let source = SpatialSource(pictures: 1_000, random: &random)
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: spatial, temporal: temporal))
        var last: (numbers: OutgoingNumbers, entry: HistoryEntry)?
        for entry in source.packets {
            let layers = entry.descriptor.layers
            let numbers = slot.admit(entry, from: 0, at: at(0)).numbers
            #expect(
                (numbers != nil) == (layers.spatial <= spatial && layers.temporal <= temporal))
            guard let numbers else { continue }
            #expect(numbers.marker == (layers.isFrameEnd && layers.spatial == min(spatial, 2)))
            // RFC 9628: references are distances of picture ids.
            #expect(numbers.descriptor.pictureID == entry.descriptor.pictureID)
            if let last {
                #expect(numbers.sequence.rawValue == last.numbers.sequence.rawValue + 1)
                #expect(last.numbers.marker == (last.entry.timestamp != entry.timestamp))
            }
            #expect(slot.numbersAgain(for: entry) == numbers)
            #expect(slot.source(of: numbers.sequence.sequenceNumber) == entry.sequence)
            last = (numbers, entry)
        }
    }

    @Test func aLargerSizeIsTakenUpAtAKeyframe() {
        var random = SeededRandom(seed: 3)
        let source = SpatialSource(pictures: 20, keyframes: [12], random: &random)
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
        let sizes = sizes(of: source, in: slot) { $0 == 5 ? .all : nil }
        #expect(sizes == Array(repeating: 0, count: 12) + Array(repeating: 2, count: 8))
    }

    @Test func aLargerSizeThatIsWantedAsksForAKeyframe() {
        var random = SeededRandom(seed: 3)
        let source = SpatialSource(pictures: 8, random: &random, packetsMax: 1)
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
        for entry in source.packets.prefix(12) { _ = slot.admit(entry, from: 0, at: at(0)) }
        slot.setTarget(LayerTarget(spatial: 1, temporal: 0))
        let drops = source.packets[12...].map { slot.admit($0, from: 0, at: at(0)) }
        // Of the pictures 4 to 7 only the first is of the base in time; of it only the middle size is wanted.
        #expect(drops[1] == .drop(.awaitingLayer))
        #expect(drops[2] == .drop(.layerNotWanted))
        #expect(drops[4] == .drop(.layerNotWanted))
    }

    @Test func oneClimbsByOneWhereALayerDoesWithoutEarlierPictures() {
        var random = SeededRandom(seed: 4)
        // At 6 the temporal layer is not the base; at 8 the layer is two above.
        let source = SpatialSource(
            pictures: 24, refreshed: [6: 1, 8: 2, 12: 1, 16: 2], random: &random)
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
        let sizes = sizes(of: source, in: slot) { $0 == 5 ? .all : nil }
        let expected = [(0, 12), (1, 4), (2, 8)].flatMap { Array(repeating: $0.0, count: $0.1) }
        #expect(sizes == expected)
    }

    @Test func aSmallerSizeIsTakenAtTheNextPicture() {
        var random = SeededRandom(seed: 6)
        let source = SpatialSource(pictures: 20, random: &random)
        let slot = makeSlot()
        var markers: [Int: Int] = [:]
        var sent: [Int: UInt8] = [:]
        for (place, entry) in source.packets.enumerated() {
            // In the midst of a picture.
            if place == 50 { slot.setTarget(LayerTarget(spatial: 0, temporal: 7)) }
            guard let numbers = slot.admit(entry, from: 0, at: at(0)).numbers else { continue }
            let picture = SpatialSource.picture(of: entry)
            sent[picture] = entry.descriptor.layers.spatial
            markers[picture, default: 0] += numbers.marker ? 1 : 0
        }
        let begun = SpatialSource.picture(of: source.packets[49])
        for picture in 0..<20 { #expect(sent[picture] == (picture <= begun ? 2 : 0)) }
        #expect(markers.values.allSatisfy { $0 == 1 } && markers.count == 20)
    }

    /// The end of the last large picture and the start of the first small one are missing, and come late.
    @Test func whatComesLateIsJudgedAsItsPictureWas() throws {
        var random = SeededRandom(seed: 6)
        let source = SpatialSource(pictures: 8, random: &random, packetsMax: 1)
        let slot = makeSlot()
        // Pictures of three packets: 11 ends the fourth, 12 begins the fifth.
        for entry in source.packets[..<11] { _ = slot.admit(entry, from: 0, at: at(0)) }
        slot.setTarget(LayerTarget(spatial: 1, temporal: 7))
        for entry in source.packets[13...] { _ = slot.admit(entry, from: 0, at: at(0)) }
        let (end, start) = (source.packets[11], source.packets[12])
        let late = [end, start].map { slot.admit($0, from: 0, at: at(0)).numbers }
        try #require(late[0] != nil && late[1] != nil)
        #expect(late[0]?.marker == true && late[1]?.marker == false)
        #expect(late[1]?.sequence.rawValue == (late[0]?.sequence.rawValue ?? 0) + 1)
        #expect(slot.numbersAgain(for: end) == late[0])
        // Of the small pictures nothing more leaves.
        #expect(slot.numbersAgain(for: source.packets[14]) == nil)
    }

    @Test func timeIsTakenUpOnlyAtASwitchPoint() {
        var random = SeededRandom(seed: 8)
        let source = SpatialSource(pictures: 16, random: &random)
        let slot = makeSlot()
        slot.setTarget(LayerTarget(spatial: 1, temporal: 0))
        let sizes = sizes(of: source, in: slot) {
            $0 == 5 ? LayerTarget(spatial: 1, temporal: 2) : nil
        }
        #expect(sizes == [1, -1, -1, -1, 1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1])
    }

    @Test func withAStreamForEachSizeNothingIsLeftOutWithinOne() {
        var random = SeededRandom(seed: 9)
        let source = SpatialSource(pictures: 4, random: &random)
        let slot = makeSlot()
        var layers = TrackLayers()
        layers.add(0, layer: 0, isAlive: true)
        layers.add(7, layer: 1, isAlive: true)
        slot.layers = layers
        slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
        #expect(source.packets.allSatisfy { slot.admit($0, from: 0, at: at(0)).numbers != nil })
    }

    @Test func whatIsRepeatedHasTheMarkerItHad() {
        var random = SeededRandom(seed: 10)
        let source = SpatialSource(pictures: 40, keyframes: [20], random: &random)
        let slot = makeSlot()
        var sent: [(entry: HistoryEntry, numbers: OutgoingNumbers)] = []
        for entry in source.packets {
            switch SpatialSource.picture(of: entry) {
            case 10: slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
            case 20: slot.setTarget(LayerTarget(spatial: 1, temporal: 7))
            default: break
            }
            if let numbers = slot.admit(entry, from: 0, at: at(0)).numbers {
                sent.append((entry, numbers))
            }
        }
        for (entry, numbers) in sent { #expect(slot.numbersAgain(for: entry) == numbers) }
    }

    /// Random loss, reordering and changes of the target.
    @Test(arguments: 0..<40)
    func numbersStayTrueOverLossAndReordering(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let keyframes = Set(stride(from: 30, to: 400, by: 30))
        let source = SpatialSource(pictures: 400, keyframes: keyframes, random: &random)
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
                    LayerTarget(
                        spatial: UInt8(random.next() % 3), temporal: UInt8(random.next() % 3)))
            }
            guard let numbers = slot.admit(arrival.entry, from: 0, at: at(Int64(number))).numbers
            else { continue }
            let place = numbers.sequence.rawValue
            if sent[place] != nil { Issue.record("\(place) was sent twice") }
            sent[place] = arrival.entry
            #expect(slot.source(of: numbers.sequence.sequenceNumber) == arrival.entry.sequence)
            #expect(slot.numbersAgain(for: arrival.entry) == numbers)
        }
        let ordered = sent.keys.sorted()
        for (one, next) in zip(ordered, ordered.dropFirst()) {
            guard let before = sent[one], let after = sent[next] else { continue }
            #expect(before.sequence < after.sequence)
            #expect(next - one <= after.sequence.rawValue - before.sequence.rawValue)
        }
    }

    /// Where packets are late but none is lost, receivers of a smaller size see no loss and each picture's one end.
    @Test(arguments: 0..<30, [UInt8(0), 1])
    func reorderingWithinAFewPacketsLooksLikeNoLoss(seed: Int, spatial: UInt8) {
        var random = SeededRandom(seed: UInt64(seed) + 900)
        let source = SpatialSource(pictures: 300, random: &random)
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
        slot.setTarget(LayerTarget(spatial: spatial, temporal: 0))
        var sent: [UInt64] = []
        var markers = 0
        for entry in arrivals {
            if let numbers = slot.admit(entry, from: 0, at: at(0)).numbers {
                sent.append(numbers.sequence.rawValue)
                markers += numbers.marker ? 1 : 0
            }
        }
        sent.sort()
        let kept = source.packets.filter {
            $0.descriptor.layers.temporal == 0 && $0.descriptor.layers.spatial <= spatial
        }
        #expect(sent.count == kept.count)
        #expect((sent.last ?? 0) - (sent.first ?? 0) == UInt64(kept.count - 1))
        #expect(markers == Set(kept.map(\.timestamp.rawValue)).count)
    }
}
