// That loops are told of a track's relay when the first of them shows it, and of its end with the last.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import MediaWorker
import Negotiation
import Rooms
import Signaling
import Testing

@testable import RoomService

@Suite struct RelayPlanTests {
    /// One publisher on loop 0, two receivers on loop 1, one on loop 2.
    private static func plan() -> RelayPlan {
        var plan = RelayPlan()
        for (peer, loop) in [(PeerID(1), 0), (2, 1), (3, 1), (4, 2)] {
            plan.add(peer, on: loop)
            _ = plan.negotiated(peer, media())
        }
        return plan
    }

    private static func lines(_ commands: [LoopCommand]) -> [String] {
        commands.map { "\($0.loop): \(ServiceHarness.name($0.command))" }
    }

    private static let camera = SlotBinding(publisher: 1, mid: "1")

    @Test func aTrackIsRelayedBeforeItsFirstWatcherAndAsLongAsItHasOne() {
        var plan = Self.plan()
        #expect(
            Self.lines(plan.bind(2, mid: "7", to: Self.camera)) == [
                "1: stand-in 1 of 0", "1: accept 1/1", "0: relay 1/1 to 1", "1: slot 2/7 1/1",
            ])
        #expect(Self.lines(plan.bind(3, mid: "7", to: Self.camera)) == ["1: slot 3/7 1/1"])
        // The same again is no change.
        #expect(Self.lines(plan.bind(3, mid: "7", to: Self.camera)) == ["1: slot 3/7 1/1"])
        #expect(Self.lines(plan.bind(2, mid: "7", to: nil)) == ["1: slot 2/7 -"])
        #expect(
            Self.lines(plan.bind(3, mid: "7", to: nil)) == [
                "1: slot 3/7 -", "0: end 1/1 to 1", "1: forget 1/1",
            ])
        // Its stand-in is there still.
        #expect(
            Self.lines(plan.bind(2, mid: "7", to: Self.camera)) == [
                "1: accept 1/1", "0: relay 1/1 to 1", "1: slot 2/7 1/1",
            ])
    }

    @Test func aNewSourceIsThereBeforeTheFormerOneGoes() {
        var plan = Self.plan()
        _ = plan.bind(2, mid: "7", to: Self.camera)
        let other = SlotBinding(publisher: 4, mid: "3")
        #expect(
            Self.lines(plan.bind(2, mid: "7", to: other)) == [
                "1: stand-in 4 of 2", "1: accept 4/3", "2: relay 4/3 to 1", "1: slot 2/7 4/3",
                "0: end 1/1 to 1", "1: forget 1/1",
            ])
    }

    @Test func whatHoldsForATrackHoldsOnEveryLoop() {
        var plan = Self.plan()
        #expect(Self.lines(plan.setPaused(1, mid: "1", true)) == ["0: pause 1/1"])
        #expect(Self.lines(plan.setRank(1, mid: "2", .screen)) == ["0: rank 1/2 screen"])
        #expect(
            Self.lines(plan.bind(2, mid: "7", to: Self.camera)) == [
                "1: stand-in 1 of 0", "1: pause 1/1", "1: rank 1/2 screen", "1: accept 1/1",
                "0: relay 1/1 to 1", "1: slot 2/7 1/1",
            ])
        #expect(
            Self.lines(plan.setPaused(1, mid: "1", false)) == ["0: play 1/1", "1: play 1/1"])
        #expect(Self.lines(plan.negotiated(1, media())) == ["0: update 1", "1: update 1"])
    }

    @Test func whoGoesTakesRelaysAlong() {
        var plan = Self.plan()
        _ = plan.bind(2, mid: "7", to: Self.camera)
        _ = plan.bind(4, mid: "7", to: Self.camera)
        // A receiver: what only it showed.
        #expect(
            Self.lines(plan.remove(4)) == ["0: end 1/1 to 2", "2: forget 1/1", "2: remove 4"])
        // The publisher: all of it, on every loop; emptying a slot after that is nothing special.
        #expect(Self.lines(plan.remove(1)) == ["0: remove 1", "1: remove 1", "2: remove 1"])
        #expect(Self.lines(plan.bind(2, mid: "7", to: nil)) == ["1: slot 2/7 -"])
        #expect(Self.lines(plan.remove(2)) == ["1: remove 2"])
        #expect(plan.loop(of: 2) == nil)
    }

    @Test func onOneLoopNothingIsRelayed() {
        var plan = RelayPlan()
        for peer in [PeerID(1), 2] {
            plan.add(peer, on: 0)
            _ = plan.negotiated(peer, media())
        }
        #expect(Self.lines(plan.bind(2, mid: "7", to: Self.camera)) == ["0: slot 2/7 1/1"])
        #expect(Self.lines(plan.bind(2, mid: "7", to: nil)) == ["0: slot 2/7 -"])
    }

    @Test func aRoomTellsEachLoopWhatItsMembersNeed() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        try harness.join(2, loop: 1)
        _ = harness.take()
        harness.room.handle(
            .publish(id(2), PublishRequest(source: .camera, mid: mid("1"))), from: link(1, 1),
            at: harness.now)
        let told = harness.take()
        #expect(told.contains("@1 stand-in 1 of 0"))
        #expect(told.contains("relay 1/1 to 1"))
        let slot = try #require(told.firstIndex { $0.hasPrefix("@1 slot 2/") })
        let accept = try #require(told.firstIndex { $0 == "@1 accept 1/1" })
        #expect(accept < slot)
        harness.room.leave(key(1), reason: .left, at: harness.now)
        let left = harness.take()
        #expect(left.contains("remove 1"))
        #expect(left.contains("@1 remove 1"))
    }
}
