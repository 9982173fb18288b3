// That dependency descriptors are kept, numbered anew and written so that a decoder of AV1 can go by them.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

private func at(_ number: UInt64) -> ExtendedSequenceNumber { ExtendedSequenceNumber(number) }

@Suite struct DependencyTests {
    /// A keyframe's structure of two spatial layers, two templates each: of a keyframe, where the second layer refers to
    /// the first, and of others, which refer to their own layer in the picture before.
    private static func key(firstID: Int) -> [UInt8] {
        let id =
            String(repeating: "0", count: 6 - String(firstID, radix: 2).count)
            + String(firstID, radix: 2)
        let digits = Array(
            ("10" + id + "0000000000001010" + "10000" + id + "00001" + "00100011"
                + "1010" + "1000" + "0010" + "0010" + "0" + "100010" + "100000" + "100010" + "00")
                .utf8)
        return stride(from: 0, to: digits.count, by: 8).map { start in
            (start..<(start + 8)).reduce(UInt8(0)) {
                $0 << 1 | ($1 < digits.count && digits[$1] == 0x31 ? 1 : 0)
            }
        }
    }

    private func makeSlot(takesDependencies: Bool = true, mid: String = "1") -> BoxedSlot {
        var random = SeededRandom(seed: 5)
        let formats = [MediaCodec.av1, .vp8].enumerated().map { place, codec in
            SlotFormat(
                codec: codec, payloadType: UInt8(90 + 2 * place),
                retransmissionPayloadType: UInt8(91 + 2 * place), clockRate: 90_000)
        }
        var ids: [HeaderExtensionKind: UInt8] = [.mid: 4, .videoOrientation: 13]
        if takesDependencies { ids[.dependencyDescriptor] = 12 }
        let slot = BoxedSlot(
            Slot(
                receiver: 1,
                configuration: SlotConfiguration(
                    mid: mid, kind: .video, ssrc: SSRC(1), retransmissionSSRC: SSRC(2),
                    formats: formats, extensionIDs: ids), using: &random))
        slot.show(TrackReference(track: 0, generation: 1))
        return slot
    }

    private func entry(
        _ sequence: UInt64, _ codec: MediaCodec = .av1, frame: UInt16, isKey: Bool
    ) -> HistoryEntry {
        var entry = HistoryEntry(
            sequence: at(sequence), timestamp: RTPTimestamp(UInt32(sequence) &* 3_000),
            codec: codec, marker: true, startsKeyframe: isKey)
        entry.descriptor.pictureID = frame
        return entry
    }

    private func number(_ admission: Slot.Admission) -> UInt16? {
        switch admission {
        case .start(let numbers), .forward(let numbers), .switchLayer(let numbers):
            numbers.descriptor.pictureID
        case .drop: nil
        }
    }

    @Test func aDescriptorIsWrittenInTheFormItNeeds() throws {
        let slot = makeSlot()
        let entry = entry(1, frame: 7, isKey: true)
        for count in [3, 16, 17, 200] {
            let data = (0..<count).map { UInt8($0 & 0xFF) }
            let written = try #require(slot.write(entry, dependencies: data))
            // The frame's number is the slot's, here 0.
            #expect(written.element(12) == [data[0], 0, 0] + data[3...])
            #expect(written.element(4) == Array("1".utf8))
            let form = count > 16 ? RTPHeader.twoByteProfile : RTPHeader.oneByteProfile
            #expect(written.header.extensionProfile == form)
            #expect(written.header.marker && written.header.payloadType == 90)
            #expect(written.header.headerCount % 4 == 0)
        }
        let repeated = try #require(
            slot.write(entry, retransmission: at(9), dependencies: [1, 2, 3]))
        #expect(repeated.header.ssrc == SSRC(2) && repeated.header.payloadType == 91)
        #expect(repeated.element(12) == [1, 0, 0])
    }

    @Test func whoTakesNoDescriptorsGetsNone() throws {
        let slot = makeSlot(takesDependencies: false)
        let written = try #require(
            slot.write(entry(1, frame: 7, isKey: true), dependencies: [1, 2, 3]))
        #expect(written.element(12) == nil && written.element(4) == Array("1".utf8))
    }

    @Test func frameNumbersGoOnWhateverIsShownInBetween() throws {
        let slot = makeSlot()
        let first = try #require(
            number(slot.admit(entry(1, frame: 500, isKey: true), from: 0, at: .zero)))
        let last = try #require(
            number(slot.admit(entry(2, frame: 503, isKey: false), from: 0, at: .zero)))
        #expect(last == first &+ 3)
        slot.show(TrackReference(track: 1, generation: 1))
        _ = slot.admit(entry(7, .vp8, frame: 9_000, isKey: true), from: 1, at: .zero)
        slot.show(TrackReference(track: 2, generation: 1))
        let next = number(slot.admit(entry(3, frame: 20, isKey: true), from: 2, at: .zero))
        #expect(next == last &+ 1)
    }

    @Test func aHistoryKeepsDescriptorsBesidePayloadsAndPadding() throws {
        var history = PacketHistory(packetCapacity: 64, byteCapacity: 4_096)
        let capacity = 4_096
        for sequence in UInt64(1)...200 {
            let payload = [UInt8](repeating: UInt8(sequence & 0xFF), count: 100 + Int(sequence % 2))
            let data = [UInt8](repeating: 0xD0, count: sequence % 3 == 0 ? 0 : Int(sequence % 90))
            var made = entry(sequence, frame: 0, isKey: false)
            made.timestamp = RTPTimestamp(UInt32(sequence / 4))
            let isIn = history.insert(made, payload: payload.span, dependencies: data.span)
            #expect(isIn)
            for number in (sequence < 9 ? 1 : sequence - 8)...sequence {
                guard let kept = history.entry(at(number)) else { continue }
                // Padding is written behind a payload, and must not touch what stands there.
                _ = history.pad(kept, at: history.payloadRange(of: kept))
                let range = history.dependencyRange(of: kept)
                let count = number % 3 == 0 ? 0 : Int(number % 90)
                #expect(range.count == count && range.upperBound <= capacity)
                let payloadRange = history.payloadRange(of: kept)
                #expect(payloadRange.count == 100 + Int(number % 2))
                for place in range { #expect(history.payloadBytes[place] == 0xD0) }
                for place in payloadRange {
                    #expect(history.payloadBytes[place] == UInt8(number & 0xFF))
                }
            }
        }
    }

    @Test func aTrackerTellsLayersAndWhereOneCanBegin() throws {
        var tracker = DependencyTracker()
        let unknown: [UInt8] = [0xC2, 0, 9]
        let first = tracker.read(unknown.span, sequence: at(1), timestamp: RTPTimestamp(5))
        let before = try #require(first)
        #expect(before.pictureID == 9 && before.layers == FrameLayers())
        var layers: [FrameLayers] = []
        for (sequence, packet) in [
            (UInt64(2), Self.key(firstID: 0)), (3, [0xC2, 0, 11]), (4, [0xC1, 0, 12]),
            (5, [0xC3, 0, 13]),
        ] {
            let time = RTPTimestamp(sequence < 4 ? 3_000 : 6_000)
            let read = tracker.read(packet.span, sequence: at(sequence), timestamp: time)
            layers.append(try #require(read).layers)
        }
        #expect(layers.map(\.spatial) == [0, 1, 0, 1])
        #expect(layers.map(\.isIndependent) == [true, true, false, false])
        #expect(layers.map(\.isFrameStart) == [true, true, true, true])
        #expect(layers.map(\.isFrameEnd) == [false, true, true, true])
        #expect(layers.map(\.hasStructure) == [true, false, false, false])
        // An old keyframe that comes late brings no structure.
        let old = Self.key(firstID: 9)
        _ = tracker.read(old.span, sequence: at(1), timestamp: RTPTimestamp(0))
        let upper: [UInt8] = [0xC3, 0, 14]
        let after = tracker.read(upper.span, sequence: at(6), timestamp: RTPTimestamp(9_000))
        #expect(after?.layers.spatial == 1)
    }
}
