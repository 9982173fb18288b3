// That a hosted room tells sockets and media loops the right things in the right order.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import Rooms
import Signaling
import Testing
import Wire

@testable import RoomService

@Suite struct HostedRoomTests {
    @Test func aNewcomersPeerIsAddedBeforeItsSlotsAreSet() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        harness.room.handle(
            .publish(id(2), PublishRequest(source: .camera, mid: mid("1"))), from: link(1, 1),
            at: harness.now)
        #expect(
            harness.take() == ["add 1", "1 <- joined", "play 1/1", "rank 1/1 camera", "1 <- ok"])
        try harness.join(2)
        #expect(
            harness.take() == [
                "add 2", "slot 2/3 1/1", "2 <- joined", "[1] <- participantJoined",
            ])
    }

    @Test func aRefusedJoinLeavesNoTrace() throws {
        var harness = ServiceHarness { $0.participantsMax = 1 }
        try harness.join(1)
        _ = harness.take()
        #expect(throws: SignalingError(.roomFull)) { try harness.join(2) }
        #expect(harness.take() == [])
        #expect(harness.room.media(of: key(2)) == nil)
    }

    @Test func aPublisherOverHTTPIsAddedPublishedAndOrGoneAgain() throws {
        var harness = ServiceHarness { $0.tracksPerParticipantMax = 1 }
        let none = media(publishing: [])
        #expect(throws: SignalingError.self) {
            try harness.room.enter(
                ServiceHarness.entry(1, kind: .ingest, media: none), media: none, connection: nil,
                at: .zero)
        }
        #expect(harness.take() == [])
        // More tracks than a participant may have.
        #expect(throws: SignalingError(.tooManyTracks)) {
            try harness.room.enter(
                ServiceHarness.entry(2, kind: .ingest), media: media(), connection: nil, at: .zero)
        }
        #expect(harness.take() == ["add 2", "play 2/0", "remove 2", "dropped 2 left"])
    }

    @Test func aSessionThatCannotBeResumedEndsWithItsConnection() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        try harness.join(2)
        _ = harness.take()
        harness.room.connectionLost(link(1, 1), closedByClient: true, at: .zero)
        #expect(
            harness.take() == [
                "[2] <- participantLeft", "1 <- disconnected", "remove 1", "dropped 1 left",
            ])
        harness.room.connectionLost(link(2, 2), closedByClient: false, at: .zero)
        #expect(
            harness.take() == ["2 <- disconnected", "remove 2", "dropped 2 networkLost"])
    }

    @Test func aCloseFrameWithoutLeaveIsABreakForWhoCanResume() throws {
        var harness = ServiceHarness()
        try harness.join(1, resume: true)
        try harness.join(2)
        _ = harness.take()
        harness.room.connectionLost(link(1, 1), closedByClient: true, at: .zero)
        #expect(harness.take() == ["[2] <- participantInterrupted"])
        #expect(harness.room.media(of: key(1)) != nil)
    }

    @Test func aResumedSessionIsHeardOverItsNewConnectionAlone() throws {
        var harness = ServiceHarness()
        try harness.join(1, resume: true)
        try harness.join(2)
        _ = harness.take()
        try harness.room.resume(link(1, 7), lastSequence: 0, requestID: id(1), at: .zero)
        #expect(
            harness.take() == ["replaced 1", "1 <- resumed 1", "1 <- participantJoined"])
        // What the old connection had still brought: neither done, nor its end a break.
        harness.room.handle(.leave(id(9)), from: link(1, 1), at: .zero)
        harness.room.refuse(SignalingError(.malformedMessage), to: link(1, 1), at: .zero)
        harness.room.connectionLost(link(1, 1), closedByClient: true, at: .zero)
        #expect(throws: SignalingError.self) {
            try harness.room.update(
                link(1, 1), to: ServiceHarness.answered(media()), requestID: id(3), at: .zero)
        }
        #expect(throws: SignalingError.self) {
            try harness.room.renew(
                RenewedToken(
                    participant: who("p1"), grants: TokenGrants(),
                    life: TokenLife(deadline: .zero, expiresAt: 0)), of: link(1, 1),
                requestID: id(3), at: .zero)
        }
        #expect(harness.take() == [])
        harness.room.handle(.ping(id(2)), from: link(1, 7), at: .zero)
        #expect(harness.take() == ["1 <- pong"])
    }

    @Test func aRefusalTakesItsNumberAmongTheSessionsMessages() throws {
        var harness = ServiceHarness()
        try harness.join(1, resume: true)
        harness.room.refuse(
            SignalingError(.tooManyRequests, requestID: id(4)), to: link(1, 1), at: .zero)
        harness.room.connectionLost(link(1, 1), closedByClient: false, at: .zero)
        _ = harness.take()
        try harness.room.resume(link(1, 2), lastSequence: 0, requestID: id(1), at: .zero)
        #expect(harness.take() == ["1 <- resumed 1", "1 <- error 1010"])
    }

    @Test func aLaterOfferReachesTheMediaLoopAndItsAnswerTheClient() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        _ = harness.take()
        var more = media()
        more.version = 2
        try harness.room.update(
            link(1, 1), to: ServiceHarness.answered(more), requestID: id(5), at: .zero)
        #expect(harness.take() == ["update 1", "1 <- answer"])
        #expect(harness.room.media(of: key(1))?.version == 2)
    }

    @Test func whoOnlySignalsIsUnknownToTheMediaLoopUntilItOffersMedia() throws {
        var harness = ServiceHarness()
        try harness.room.enter(
            ServiceHarness.entry(1, media: media(publishing: [], receiving: false)), media: nil,
            connection: ConnectionID(1), at: .zero)
        #expect(harness.take() == ["1 <- joined"])
        let empty = AnsweredOffer(media: nil, answer: "answer")
        try harness.room.update(link(1, 1), to: empty, requestID: id(2), at: .zero)
        #expect(harness.take() == ["1 <- answer"])
        try harness.room.update(
            link(1, 1), to: ServiceHarness.answered(media()), requestID: id(3), at: .zero)
        #expect(harness.take() == ["add 1", "1 <- answer"])
        try harness.room.update(
            link(1, 1), to: ServiceHarness.answered(media()), requestID: id(4), at: .zero)
        #expect(harness.take() == ["update 1", "1 <- answer"])
        harness.room.handle(.leave(id(5)), from: link(1, 1), at: .zero)
        #expect(harness.take().contains("remove 1"))
        try harness.room.enter(
            ServiceHarness.entry(2, media: media(publishing: [], receiving: false)), media: nil,
            connection: ConnectionID(2), at: .zero)
        _ = harness.take()
        harness.room.handle(.leave(id(5)), from: link(2, 2), at: .zero)
        #expect(harness.take() == ["2 <- ok", "2 <- disconnected", "dropped 2 left"])
    }

    @Test func whatTheMediaLoopSaysOfStrangersIsIgnored() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        _ = harness.take()
        let binding = SlotBinding(publisher: 8, mid: "1")
        let events: [WorkerEvent] = [
            .peerConnected(9), .peerMediaLost(9), .peerMediaResumed(9),
            .peerFailed(9, reason: "DTLS"), .mediaStarted(9, mid: "0"),
            .slotStarted(receiver: 1, mid: "3", source: binding, rtpTimestamp: 1),
            .slotStarted(receiver: 1, mid: "", source: binding, rtpTimestamp: 1),
            .audioLevels([AudioLevelReport(publisher: 9, mid: "0", level: 3)]),
            .statistics(token: 0, WorkerStatistics()),
        ]
        for event in events { harness.room.handle(event, at: .zero) }
        #expect(harness.take() == [])
    }

    @Test(
        "B18, B23: a media path silent for 7 s is a break for the others, for 30 s the end by time")
    func aSilentMediaPathIsABreakAndThenTheEnd() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        try harness.join(2)
        _ = harness.take()
        harness.room.handle(.peerMediaLost(1), at: .zero)
        #expect(harness.take() == ["[2] <- participantInterrupted"])
        harness.room.handle(.peerMediaResumed(1), at: .zero)
        #expect(harness.take() == ["[2] <- participantResumed"])
        harness.room.handle(.peerTimedOut(1), at: .zero)
        #expect(
            harness.take() == [
                "[2] <- participantLeft", "1 <- disconnected", "remove 1", "dropped 1 timeout",
            ])
    }

    @Test func theRoomClosesAndSaysSoLast() throws {
        var harness = ServiceHarness()
        try harness.join(1)
        harness.room.handle(.leave(id(2)), from: link(1, 1), at: .zero)
        #expect(
            harness.take() == [
                "add 1", "1 <- joined", "1 <- ok", "1 <- disconnected", "remove 1",
                "dropped 1 left",
            ])
        harness.advance(by: .seconds(10))
        #expect(harness.take() == ["closed"])
        #expect(harness.room.nextDeadline == nil)
        #expect(throws: SignalingError(.roomClosed)) { try harness.join(2) }
    }
}
