// That of a track's layers the right one is wanted.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

@Suite struct LayerOrderTests {
    private func three(alive: [Bool]) -> TrackLayers {
        var layers = TrackLayers()
        for (place, isAlive) in alive.enumerated() {
            layers.add(10 + place, layer: UInt8(place), isAlive: isAlive)
        }
        return layers
    }

    @Test func theHighestLivingLayerAllowedIsWanted() {
        let all = three(alive: [true, true, true])
        #expect(all.wanted(upTo: 0) == 10)
        #expect(all.wanted(upTo: 1) == 11)
        #expect(all.wanted(upTo: 7) == 12)
        #expect(three(alive: [true, true, false]).wanted(upTo: 2) == 11)
        #expect(three(alive: [false, false, true]).wanted(upTo: 0) == 12)
        #expect(three(alive: [false, true, true]).wanted(upTo: 0) == 11)
        #expect(three(alive: [false, false, false]).wanted(upTo: 7) == nil)
    }

    @Test func ofTwoInOneLayerTheOneThatLivesCounts() {
        var layers = TrackLayers()
        layers.add(4, layer: 0, isAlive: false)
        layers.add(5, layer: 0, isAlive: true)
        layers.add(6, layer: 0, isAlive: true)
        layers.add(7, layer: 9, isAlive: true)
        #expect(layers.wanted(upTo: 7) == 5)
        #expect(layers.layer(of: 5) == 0)
        #expect(layers.layer(of: 4) == nil)
        #expect(layers.layer(of: 7) == nil)
    }

    @Test func S02_aChoiceBecomesALayer() {
        let sizes: [(layer: UInt8, size: PictureSize?)] = [
            (0, PictureSize(width: 320, height: 180)), (2, PictureSize(width: 1280, height: 720)),
            (1, PictureSize(width: 640, height: 360)),
        ]
        #expect(LayerChoice(level: .low).target(among: sizes)?.spatial == 0)
        #expect(LayerChoice(level: .medium).target(among: sizes)?.spatial == 1)
        #expect(LayerChoice().target(among: sizes) == .all)
        #expect(LayerChoice(view: PictureSize(width: 0, height: 9)).target(among: sizes) == nil)
        func covering(_ width: UInt16, _ height: UInt16) -> UInt8? {
            LayerChoice(view: PictureSize(width: width, height: height))
                .target(among: sizes)?.spatial
        }
        #expect(covering(160, 90) == 0)
        #expect(covering(320, 180) == 0)
        #expect(covering(350, 200) == 0)
        #expect(covering(400, 300) == 1)
        #expect(covering(300, 600) == 1)
        #expect(covering(1_000, 600) == 2)
        #expect(covering(3_840, 2_160) == 7)
        #expect(LayerChoice(view: PictureSize(width: 9, height: 9)).target(among: []) == .all)
    }

    @Test func aLayerLivesAsLongAsItsCadenceAllows() {
        var quick = LayerCadence()
        #expect(!quick.isAlive(at: at(0)))
        for frame in 0..<60 {
            quick.note(timestamp: RTPTimestamp(UInt32(frame)), at: at(Int64(frame) * 33))
        }
        let last = Int64(59 * 33)
        #expect(quick.isAlive(at: at(last + 390)))
        #expect(!quick.isAlive(at: at(last + 410)))
        var slow = LayerCadence()
        for frame in 0..<10 {
            slow.note(timestamp: RTPTimestamp(UInt32(frame)), at: at(Int64(frame) * 500))
        }
        #expect(slow.isAlive(at: at(4_500 + 1_300)))
        #expect(!slow.isAlive(at: at(4_500 + 1_600)))
    }

    @Test func bothTargetsHold() {
        let low = LayerTarget(spatial: 0, temporal: 7)
        #expect(
            LayerTarget(spatial: 2, temporal: 1).lowered(to: low)
                == LayerTarget(spatial: 0, temporal: 1))
        #expect(LayerTarget.all.lowered(to: low) == low)
    }
}
