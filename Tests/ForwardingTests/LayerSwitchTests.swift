// That a slot turns from layer to layer at keyframes, as one continuous stream.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

@Suite struct LayerSwitchTests {
    private let source = TrackReference(track: 0, generation: 1)

    private func makeSlot(alive: [Bool] = [true, true, true]) -> BoxedSlot {
        var random = SeededRandom(seed: 6)
        let formats = [MediaCodec.vp8, .h264].map {
            SlotFormat(
                codec: $0, payloadType: 96 + $0.rawValue, retransmissionPayloadType: 97,
                clockRate: 90_000)
        }
        let slot = BoxedSlot(
            Slot(
                receiver: 1,
                configuration: SlotConfiguration(
                    mid: "1", kind: .video, ssrc: SSRC(1), retransmissionSSRC: SSRC(2),
                    formats: formats, extensionIDs: [:]), using: &random))
        slot.layers = layers(alive: alive)
        slot.show(source)
        return slot
    }

    private func layers(alive: [Bool]) -> TrackLayers {
        var layers = TrackLayers()
        for (place, isAlive) in alive.enumerated() {
            layers.add(place, layer: UInt8(place), isAlive: isAlive)
        }
        return layers
    }

    @Test func theFirstPictureIsOfAnyLayerAllowedAndBetterOnesFollow() throws {
        let slot = makeSlot()
        #expect(slot.admit(entry(5), from: 0, at: at(0)) == .drop(.layerNotWanted))
        #expect(slot.admit(entry(5), from: 2, at: at(0)) == .drop(.awaitingKeyframe))
        guard
            case .start(let first) = slot.admit(
                entry(6, timestamp: 50, key: true, picture: 7), from: 0, at: at(1)),
            case .drop(.awaitingLayer) = slot.admit(entry(900), from: 2, at: at(2)),
            case .forward(let second) = slot.admit(
                entry(7, timestamp: 3_050, picture: 8), from: 0, at: at(34)),
            case .switchLayer(let third) = slot.admit(
                entry(901, timestamp: 77, key: true, picture: 400), from: 2, at: at(40))
        else {
            Issue.record("the slot did not follow its layers")
            return
        }
        #expect(second.sequence.rawValue == first.sequence.rawValue + 1)
        #expect(third.sequence.rawValue == first.sequence.rawValue + 2)
        #expect(third.descriptor.pictureID == second.descriptor.pictureID + 1)
        #expect(third.timestamp.distance(from: second.timestamp) == 6 * 90)
        // Late packets of the layer that was left belong to nobody.
        #expect(slot.admit(entry(8), from: 0, at: at(41)) == .drop(.notCurrent))
        #expect(slot.state == .flowing(source, producer: 2))
    }

    @Test func aLowerTargetSwitchesDownAtAKeyframeOnly() {
        let slot = makeSlot()
        _ = slot.admit(entry(1, key: true), from: 2, at: at(0))
        slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
        if case .forward = slot.admit(entry(2), from: 2, at: at(33)) {
        } else {
            Issue.record("the old layer stopped before the new one began")
        }
        #expect(slot.admit(entry(50), from: 0, at: at(34)) == .drop(.awaitingLayer))
        if case .switchLayer = slot.admit(entry(51, key: true), from: 0, at: at(66)) {
        } else {
            Issue.record("the slot did not switch")
        }
        #expect(slot.admit(entry(3, key: true), from: 2, at: at(67)) == .drop(.notCurrent))
    }

    @Test func theLowerOfTargetAndCapHolds() {
        let slot = makeSlot()
        slot.setCap(LayerTarget(spatial: 1, temporal: 7))
        #expect(slot.admit(entry(1, key: true), from: 2, at: at(0)) == .drop(.layerNotWanted))
        if case .start = slot.admit(entry(1, key: true), from: 1, at: at(0)) {
        } else {
            Issue.record("the middle layer was refused")
        }
        slot.setTarget(LayerTarget(spatial: 0, temporal: 7))
        if case .switchLayer = slot.admit(entry(1, key: true), from: 0, at: at(1)) {
        } else {
            Issue.record("the target was not followed")
        }
        slot.setTarget(.all)
        if case .switchLayer = slot.admit(entry(9, key: true), from: 1, at: at(2)) {
        } else {
            Issue.record("the cap was not followed")
        }
    }

    @Test func aPausedSlotSendsNothingAndBeginsAnewAtAKeyframe() {
        let slot = makeSlot()
        _ = slot.admit(entry(1, key: true), from: 2, at: at(0))
        let last = slot.highest
        slot.setTarget(nil)
        #expect(!slot.awaitsKeyframe)
        for layer in 0..<3 {
            #expect(slot.admit(entry(2, key: true), from: layer, at: at(1)) == .drop(.paused))
        }
        slot.setTarget(.all)
        #expect(slot.awaitsKeyframe)
        #expect(slot.admit(entry(3), from: 2, at: at(2)) == .drop(.awaitingKeyframe))
        guard case .start(let numbers) = slot.admit(entry(4, key: true), from: 2, at: at(3)) else {
            Issue.record("the slot did not resume")
            return
        }
        #expect(numbers.sequence.rawValue == last.rawValue + 1)
        slot.setCap(nil)
        #expect(slot.admit(entry(5), from: 2, at: at(3)) == .drop(.paused))
    }

    @Test func aLayerThatStopsIsLeftForTheNextLowerAndTakenUpAgain() {
        let slot = makeSlot()
        _ = slot.admit(entry(1, key: true), from: 2, at: at(0))
        slot.layers = layers(alive: [true, true, false])
        #expect(slot.admit(entry(1, key: true), from: 0, at: at(500)) == .drop(.notCurrent))
        #expect(slot.admit(entry(1), from: 1, at: at(500)) == .drop(.awaitingLayer))
        if case .switchLayer = slot.admit(entry(2, key: true), from: 1, at: at(510)) {
        } else {
            Issue.record("the next lower layer was not taken")
        }
        slot.layers = layers(alive: [true, true, true])
        #expect(slot.admit(entry(2), from: 2, at: at(600)) == .drop(.awaitingLayer))
        if case .switchLayer = slot.admit(entry(3, key: true), from: 2, at: at(610)) {
        } else {
            Issue.record("the layer was not taken up again")
        }
    }

    @Test func H264GoesOverOnlyWithParameterSets() {
        let slot = makeSlot()
        _ = slot.admit(entry(1, codec: .h264, key: true), from: 0, at: at(0))
        var bare = entry(1, codec: .h264, key: true)
        bare.isLayerStart = false
        #expect(slot.admit(bare, from: 2, at: at(10)) == .drop(.awaitingLayer))
        if case .switchLayer = slot.admit(entry(2, codec: .h264, key: true), from: 2, at: at(20)) {
        } else {
            Issue.record("the slot did not switch")
        }
    }

    @Test func aLayerThatIsBehindGivesBackWhatItRunsAhead() throws {
        let slot = makeSlot()
        var last: RTPTimestamp?
        var shifts: [Int] = []
        for frame in 0..<5 {
            let packet = entry(
                UInt64(frame + 1), timestamp: UInt32(frame * 3_000), key: frame == 0)
            switch slot.admit(packet, from: 0, at: at(Int64(frame) * 33)) {
            case .start(let numbers), .forward(let numbers): last = numbers.timestamp
            default: Issue.record("a frame was refused")
            }
        }
        // The other layer is two frames behind: its keyframe is of the moment of the third.
        let first = try #require(last).rawValue &- 12_000
        for frame in 0..<30 {
            let packet = entry(
                UInt64(frame + 90), timestamp: UInt32(50_000 + frame * 3_000), key: frame == 0)
            let admission = slot.slot.admit(
                packet, from: 2, among: layers(alive: [true, true, true]),
                alignedTo: RTPTimestamp(6_000), at: at(150 + Int64(frame) * 33))
            switch admission {
            case .switchLayer(let numbers), .forward(let numbers):
                #expect(numbers.timestamp.distance(from: try #require(last)) > 0)
                last = numbers.timestamp
                shifts.append(
                    numbers.timestamp.distance(
                        from: RTPTimestamp(first &+ UInt32(6_000 + frame * 3_000))))
            default: Issue.record("a frame was refused")
            }
        }
        #expect(shifts.first == 6_001)
        #expect(shifts.last == 0)
    }

    @Test func timestampsFollowTheReportsButNeverRunBack() {
        for (alignment, expected) in [
            (UInt32(4_000), 1_000), (2_000, 1), (3_001, 1), (900_000, 90),
        ] {
            let slot = makeSlot()
            guard
                case .start(let first) = slot.admit(
                    entry(1, timestamp: 3_000, key: true), from: 0, at: at(0)),
                case .switchLayer(let second) = slot.slot.admit(
                    entry(9, timestamp: 777, key: true), from: 2,
                    among: layers(alive: [true, true, true]),
                    alignedTo: RTPTimestamp(alignment), at: at(1))
            else {
                Issue.record("the slot did not switch")
                return
            }
            #expect(second.timestamp.distance(from: first.timestamp) == expected)
        }
    }
}
