// That what a member wants of somebody's picture reaches the media loop with whatever slot shows it.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct VideoQualityTests {
    private func request(_ number: Int64) -> RequestID { must(RequestID(number)) }

    private func set(
        _ choice: VideoChoice, of participant: String, _ source: TrackSource = .camera,
        by number: UInt64, _ harness: inout RoomHarness
    ) -> [RoomEffect] {
        harness.room.handle(
            .setQuality(request(9), who(participant), source, choice), from: key(number),
            at: harness.now)
        return harness.take()
    }

    private func choices(_ effects: [RoomEffect]) -> [String] {
        effects.compactMap { effect in
            guard case .setQuality(let receiver, let mid, let choice) = effect else { return nil }
            return "\(receiver.rawValue)/\(mid.text) \(choice.quality)"
        }
    }

    private func error(_ effects: [RoomEffect]) -> ErrorCode? {
        for effect in effects {
            if case .send(_, .error(let error)) = effect { return error.code }
        }
        return nil
    }

    @Test func S02_aChoiceHoldsForTheSlotThatShowsTheTrackAndForLaterTracks() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.publish(1, .camera)
        _ = harness.take()
        var effects = set(VideoChoice(quality: .low), of: "ada", by: 2, &harness)
        #expect(choices(effects) == ["2/v0 low"])
        #expect(error(effects) == nil)
        // Of a source that is not published yet nothing is to be done, until it is.
        effects = set(VideoChoice(quality: .medium), of: "ada", .screen, by: 2, &harness)
        #expect(choices(effects) == [])
        try harness.publish(1, .screen)
        #expect(choices(harness.take()) == ["2/v1 medium"])
        // Unsubscribed and subscribed again, it is as chosen.
        try harness.room.setSubscribed(
            key(2), false, to: who("ada"), source: .camera, at: harness.now)
        try harness.room.setSubscribed(
            key(2), true, to: who("ada"), source: .camera, at: harness.now)
        #expect(choices(harness.take()) == ["2/v0 low"])
        // Back to everything: nothing is left to be said of later slots.
        effects = set(VideoChoice(), of: "ada", by: 2, &harness)
        #expect(choices(effects) == ["2/v0 high"])
        try harness.room.setSubscribed(
            key(2), false, to: who("ada"), source: .camera, at: harness.now)
        try harness.room.setSubscribed(
            key(2), true, to: who("ada"), source: .camera, at: harness.now)
        #expect(choices(harness.take()) == [])
    }

    @Test func S01_whatIsChosenOfOneIsForgottenWhenItLeaves() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        _ = set(VideoChoice(quality: .low), of: "ada", by: 2, &harness)
        harness.room.leave(key(1), reason: .left, at: harness.now)
        try harness.join(3, "ada")
        _ = harness.take()
        try harness.publish(3, .camera)
        #expect(choices(harness.take()) == [])
    }

    @Test func S02_wrongChoicesAreRefused() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        #expect(error(set(VideoChoice(), of: "cy", by: 2, &harness)) == .participantNotFound)
        #expect(error(set(VideoChoice(), of: "bob", by: 2, &harness)) == .invalidArgument)
        #expect(
            error(set(VideoChoice(), of: "ada", .microphone, by: 2, &harness)) == .invalidArgument)
    }

    @Test func S01_aPublisherHearsWhichSizesAreReceived() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        let track = try harness.publish(1, .camera)
        _ = harness.take()
        harness.room.layersWanted(key(1), mid: mid("1"), layers: ["q"])
        #expect(harness.take().messages(to: 1) == [.layersWanted(track, ["q"])])
        harness.room.layersWanted(
            key(1), mid: mid("1"), layers: ["q", "h"], maxBitrates: ["q": 60_000])
        #expect(
            harness.take().messages(to: 1) == [
                .layersWanted(track, ["q", "h"], maxBitrates: ["q": 60_000])
            ])
        let spatial = SpatialLayersWanted(wanted: 1, of: 3)
        harness.room.layersWanted(key(1), mid: mid("1"), layers: [""], spatial: spatial)
        #expect(
            harness.take().messages(to: 1) == [.layersWanted(track, [""], spatialLayers: spatial)])
        // Of what is not published there is nothing to say.
        harness.room.layersWanted(key(1), mid: mid("2"), layers: [])
        #expect(harness.take().messages(to: 1) == [])
    }
}
