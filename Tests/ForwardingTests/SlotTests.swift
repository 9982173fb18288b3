// That a slot starts where a decoder can, follows one layer, and writes the receiver's own headers.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

/// A header as it was written.
struct Written {
    var header: RTPHeader
    var bytes: [UInt8]

    func element(_ id: UInt8) -> [UInt8]? {
        header.extensionRange(id: id, in: bytes.span).map { Array(bytes[$0]) }
    }
}

/// A slot in a box, for the macros of the tests, which take no values that cannot be copied.
final class BoxedSlot {
    var slot: Slot
    /// The streams of the track shown; `nil`: one alone.
    var layers: TrackLayers?

    init(_ slot: consuming Slot) { self.slot = slot }

    var source: TrackReference? { slot.source }
    var state: Slot.State { slot.state }
    var awaitsKeyframe: Bool { slot.awaitsKeyframe }
    var packetCount: UInt32 { slot.packetCount }
    var highest: ExtendedSequenceNumber { slot.numbering.highest }
    var usesTransportSequence: Bool { slot.usesTransportSequence }
    var nextReport: MediaInstant? {
        get { slot.nextReport }
        set { slot.nextReport = newValue }
    }

    func show(_ source: TrackReference?) { slot.show(source) }
    func setTarget(_ target: LayerTarget?) { slot.setTarget(target) }
    func setCap(_ cap: LayerTarget?) { slot.setCap(cap) }
    func source(of number: SequenceNumber) -> ExtendedSequenceNumber? {
        slot.numbering.sourceSequence(of: number)
    }
    func numbers(for entry: HistoryEntry) -> OutgoingNumbers? {
        var numbering = slot.numbering
        return numbering.numbers(for: entry)
    }
    func numbersAgain(for entry: HistoryEntry) -> OutgoingNumbers? {
        slot.numbersAgain(for: entry)
    }
    func restart() { slot.restart() }
    func update(_ configuration: SlotConfiguration) { slot.update(configuration) }
    func format(for codec: MediaCodec) -> SlotFormat? { slot.format(for: codec) }

    func admit(_ entry: HistoryEntry, from producer: Int, at now: MediaInstant) -> Slot.Admission {
        slot.admit(
            entry, from: producer, among: layers ?? .single(slot.producer ?? producer), at: now)
    }

    func write(
        _ entry: HistoryEntry, retransmission: ExtendedSequenceNumber? = nil,
        dependencies: [UInt8] = []
    ) -> Written? {
        let numbers = OutgoingNumbers(
            sequence: ExtendedSequenceNumber(70_000), timestamp: RTPTimestamp(1_234),
            descriptor: DescriptorPatch(pictureID: 0, tl0PictureIndex: 0, keyIndex: 0),
            marker: entry.marker)
        var bytes = [UInt8](repeating: 0xEE, count: 400)
        var span = bytes.mutableSpan
        let count = slot.writeHeader(
            for: entry, as: entry.codec, numbers: numbers, retransmission: retransmission,
            dependencies: dependencies.span, transportSequence: 77, into: &span)
        guard let count else { return nil }
        bytes.removeLast(bytes.count - count)
        guard let header = try? RTPHeader.parse(bytes.span) else { return nil }
        return Written(header: header, bytes: bytes)
    }
}

@Suite struct SlotTests {
    private let source = TrackReference(track: 3, generation: 8)

    private func make(
        kind: MediaKind = .video,
        ids: [HeaderExtensionKind: UInt8] = [.mid: 4, .videoOrientation: 13],
        rtx: Bool = true
    ) -> BoxedSlot {
        var random = SeededRandom(seed: 5)
        let formats =
            kind == .video
            ? [
                SlotFormat(
                    codec: .vp8, payloadType: 96, retransmissionPayloadType: rtx ? 97 : nil,
                    clockRate: 90_000),
                SlotFormat(
                    codec: .h264, payloadType: 102, retransmissionPayloadType: 103,
                    clockRate: 90_000),
            ]
            : [
                SlotFormat(
                    codec: .opus, payloadType: 111, retransmissionPayloadType: nil,
                    clockRate: 48_000)
            ]
        let configuration = SlotConfiguration(
            mid: "17", kind: kind, ssrc: SSRC(0xA0A0_A0A0),
            retransmissionSSRC: rtx ? SSRC(0xB0B0_B0B0) : nil, formats: formats, extensionIDs: ids)
        return BoxedSlot(Slot(receiver: 1, configuration: configuration, using: &random))
    }

    @Test func aSourceThatLeapsAheadStartsAnewRightBehindTheLastPacket() {
        for kind in [MediaKind.audio, .video] {
            let slot = make(kind: kind)
            slot.show(source)
            let codec: MediaCodec = kind == .audio ? .opus : .vp8
            _ = slot.admit(entry(10, codec: codec, key: true), from: 0, at: at(0))
            let last = slot.highest.rawValue
            let far = 10 + SlotNumbering.leapMax
            guard case .forward(let near) = slot.admit(entry(far, codec: codec), from: 0, at: at(0))
            else {
                Issue.record("a gap that can be repaired was not passed on")
                return
            }
            #expect(near.sequence.rawValue == last + SlotNumbering.leapMax)
            let further = far + SlotNumbering.leapMax + 1
            if kind == .video {
                #expect(
                    slot.admit(entry(further), from: 0, at: at(0)) == .drop(.awaitingKeyframe))
            }
            let next = slot.admit(entry(further + 1, codec: codec, key: true), from: 0, at: at(0))
            guard case .start(let numbers) = next else {
                Issue.record("the source did not start anew")
                return
            }
            #expect(numbers.sequence.rawValue == near.sequence.rawValue + 1)
        }
    }

    @Test func anEmptySlotTakesNothing() {
        let slot = make()
        #expect(slot.admit(entry(1, key: true), from: 0, at: at(0)) == .drop(.notCurrent))
        #expect(slot.source == nil)
    }

    @Test func videoStartsAtAKeyframeAndSoundAtOnce() {
        let video = make()
        video.show(source)
        #expect(video.awaitsKeyframe)
        #expect(video.admit(entry(1), from: 0, at: at(0)) == .drop(.awaitingKeyframe))
        guard case .start(let first) = video.admit(entry(2, key: true), from: 0, at: at(0)) else {
            Issue.record("the keyframe did not start the slot")
            return
        }
        #expect(!video.awaitsKeyframe)
        guard case .forward(let second) = video.admit(entry(3), from: 0, at: at(0)) else {
            Issue.record("the packet after it was not taken")
            return
        }
        #expect(second.sequence.rawValue == first.sequence.rawValue + 1)
        #expect(video.admit(entry(1), from: 0, at: at(0)) == .drop(.notCurrent))
        #expect(video.packetCount == 2)

        let sound = make(kind: .audio)
        sound.show(source)
        #expect(!sound.awaitsKeyframe)
        if case .start = sound.admit(entry(1, codec: .opus), from: 0, at: at(0)) {
        } else {
            Issue.record("sound waits")
        }
    }

    @Test func onlyOneLayerOfASourceIsShown() {
        let slot = make()
        slot.show(source)
        _ = slot.admit(entry(1, key: true), from: 7, at: at(0))
        #expect(slot.state == .flowing(source, producer: 7))
        #expect(slot.admit(entry(500, key: true), from: 8, at: at(0)) == .drop(.notCurrent))
    }

    @Test func aCodecTheReceiverDidNotAcceptIsDropped() {
        let slot = make()
        slot.show(source)
        #expect(
            slot.admit(entry(1, codec: .av1, key: true), from: 0, at: at(0))
                == .drop(.codecNotNegotiated))
        #expect(slot.awaitsKeyframe)
    }

    @Test func anotherSourceStopsTheOldOneAtOnce() {
        let slot = make()
        slot.show(source)
        _ = slot.admit(entry(1, key: true), from: 7, at: at(0))
        slot.nextReport = at(5)
        slot.show(TrackReference(track: 4, generation: 9))
        #expect(slot.admit(entry(2), from: 7, at: at(0)) == .drop(.awaitingKeyframe))
        slot.show(nil)
        #expect(slot.nextReport == nil)
        #expect(slot.admit(entry(3, key: true), from: 7, at: at(0)) == .drop(.notCurrent))
    }

    @Test func aRestartWaitsForTheSameSourceAgain() {
        let slot = make()
        slot.restart()
        #expect(slot.state == .empty)
        slot.show(source)
        _ = slot.admit(entry(1, key: true), from: 7, at: at(0))
        slot.restart()
        #expect(slot.state == .waiting(source))
    }

    @Test func headersCarryTheReceiversNumbersAndExtensions() throws {
        let slot = make(ids: [.mid: 4, .videoOrientation: 13, .transportSequenceNumber: 3])
        var packet = entry(9)
        packet.marker = true
        packet.orientation = 3
        let written = try #require(slot.write(packet))
        let header = written.header
        #expect(header.marker)
        #expect(header.payloadType == 96)
        #expect(header.sequenceNumber == SequenceNumber(UInt16(70_000 - 65_536)))
        #expect(header.timestamp == RTPTimestamp(1_234))
        #expect(header.ssrc == SSRC(0xA0A0_A0A0))
        #expect(header.headerCount == written.bytes.count)
        #expect(written.element(4) == Array("17".utf8))
        #expect(written.element(3) == [0, 77])
        #expect(slot.usesTransportSequence)
        #expect(written.element(13) == [3])
    }

    @Test func retransmissionsHaveTheirOwnStream() throws {
        let slot = make()
        let again = ExtendedSequenceNumber(42)
        let header = try #require(slot.write(entry(9), retransmission: again)).header
        #expect(header.payloadType == 97)
        #expect(header.sequenceNumber == SequenceNumber(42))
        #expect(header.ssrc == SSRC(0xB0B0_B0B0))
        let without = make(rtx: false)
        #expect(without.write(entry(9), retransmission: again) == nil)
    }

    @Test func identifiersAbove14TakeTheTwoByteForm() throws {
        let slot = make(kind: .audio, ids: [.mid: 20, .audioLevel: 1])
        var packet = entry(9, codec: .opus)
        packet.audioLevel = 0x9A
        let written = try #require(slot.write(packet))
        #expect(written.header.extensionProfile == RTPHeader.twoByteProfile)
        #expect(written.element(20) == Array("17".utf8))
        #expect(written.element(1) == [0x9A])
    }

    @Test func aLaterOfferChangesFormatsAndKeepsNumbers() {
        let slot = make()
        slot.show(source)
        _ = slot.admit(entry(1, key: true), from: 7, at: at(0))
        let highest = slot.highest
        slot.update(
            SlotConfiguration(
                mid: "17", kind: .video, ssrc: SSRC(0xA0A0_A0A0), retransmissionSSRC: nil,
                formats: [
                    SlotFormat(
                        codec: .av1, payloadType: 45, retransmissionPayloadType: nil,
                        clockRate: 90_000)
                ], extensionIDs: [:]))
        #expect(slot.highest == highest)
        #expect(slot.format(for: .vp8) == nil)
        #expect(slot.format(for: .av1)?.payloadType == 45)
    }
}
