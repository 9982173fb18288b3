// What a driver tells a session beside messages: offers that cannot be made, and messages that nobody knows.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import ClientSession

@Suite struct DriverDoorTests {
    /// Lets the session ask for an offer that is not made.
    private func ticket(of harness: inout SessionHarness) throws -> OfferTicket {
        var ticket: OfferTicket?
        while let action = harness.session.pollAction() {
            if case .makeOffer(let asked) = action { ticket = asked }
        }
        return try #require(ticket)
    }

    @Test func anOfferThatCannotBeMadeFailsTheJoin() throws {
        var harness = try SessionHarness()
        try harness.session.join(
            JoinRequest(room: RoomName("daily"), offer: .plain("")), at: harness.now)
        harness.session.socketOpened(at: harness.now)
        let ticket = try ticket(of: &harness)
        let another = OfferTicket(number: ticket.number + 1, purpose: .join)
        harness.session.offerFailed(for: another, at: harness.now)
        #expect(harness.session.phase == .connecting)
        harness.session.offerFailed(for: ticket, at: harness.now)
        #expect(harness.session.phase == .disconnected)
        #expect(harness.session.reason == .invalidArgument)
    }

    @Test func anOfferToRestartThatCannotBeMadeMakesANewSession() throws {
        var harness = try SessionHarness()
        try harness.join()
        harness.session.networkChanged(at: harness.now)
        harness.session.socketOpened(at: harness.now)
        let id = try #require(harness.session.entry)
        harness.session.receive(.resumed(id, sequence: 0), at: harness.now)
        let ticket = try ticket(of: &harness)
        #expect(ticket.purpose == .restart)
        harness.session.offerFailed(for: ticket, at: harness.now)
        harness.session.socketOpened(at: harness.now)
        #expect(try self.ticket(of: &harness).purpose == .join)
    }

    @Test func anOfferOfMoreThatCannotBeMadeLetsTheNextBeAskedFor() throws {
        var harness = try SessionHarness()
        try harness.join()
        let demands = [SlotDemand(video: 1, audio: 0), SlotDemand(video: 0, audio: 1)]
        for demand in demands { harness.session.receive(.needSlots(demand), at: harness.now) }
        let first = try ticket(of: &harness)
        #expect(first.purpose == .slots(demands[0]))
        harness.session.offerFailed(for: first, at: harness.now)
        #expect(try ticket(of: &harness).purpose == .slots(demands[1]))
        #expect(harness.session.phase == .connected)
    }

    @Test func aMessageThatNobodyKnowsHasItsNumber() throws {
        var harness = try SessionHarness()
        try harness.join()
        harness.hear(.needSlots(SlotDemand(video: 0, audio: 0)))
        harness.session.receiveUnknown(at: harness.now)
        harness.hear(.ping)
        #expect(harness.pongs.last == 2)
        // It may be the last that was missed: then what waits is sent.
        harness.session.networkChanged(at: harness.now)
        harness.session.socketOpened(at: harness.now)
        let id = try #require(harness.session.entry)
        harness.session.receive(.resumed(id, sequence: 3), at: harness.now)
        #expect(!harness.session.canSend)
        harness.session.receiveUnknown(at: harness.now)
        #expect(harness.session.canSend)
    }

    @Test func whoModeratesAsksAndGradesAreTold() throws {
        var harness = try SessionHarness()
        try harness.join([bob()])
        let bob = try ParticipantID("bob")
        let change = ParticipantChange(role: .audience)
        let quality = NetworkQuality(up: .good, down: .poor)
        #expect(harness.session.newestRequest == nil)
        let ids = try harness.perform { session in
            session.report(quality)
            return [
                try session.removeParticipant(bob, banSeconds: 5),
                try session.changeParticipant(bob, change),
            ]
        }
        #expect(
            harness.sent.suffix(3) == [
                .reportQuality(quality), .removeParticipant(ids[0], bob, banSeconds: 5),
                .changeParticipant(ids[1], bob, change),
            ])
        #expect(harness.session.newestRequest == ids[1])
        // Nobody is there to hear it: it is not kept.
        harness.session.socketClosed(at: harness.now)
        harness.drain()
        let count = harness.sent.count
        harness.perform { $0.report(quality) }
        #expect(harness.sent.count == count)
    }
}
