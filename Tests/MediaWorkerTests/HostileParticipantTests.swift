// That somebody with keys of their own can spoil nothing but their own media.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct HostileParticipantTests {
    // MARK: - Addresses

    @Test func aForgedAddressTakesNobodysPathAway() throws {
        let people = try Bystanders()
        let carol = try people.call.joinPublisher()
        people.call.connect()
        for number in 0..<20 {
            let check = try Bystanders.check(of: carol, number: UInt32(number))
            people.call.inject(check, from: people.alice.address)
            people.call.inject(check, from: people.bob.address)
            people.call.run(for: .milliseconds(30))
        }
        #expect(people.call.drops(.pathInUse) == 40)
        #expect(people.problems() == [])
    }

    @Test func aPathWhoseOwnerHasFallenSilentIsFree() throws {
        let people = try Bystanders()
        let carol = try people.call.joinPublisher()
        people.call.connect()
        people.call.network.up.blackout = people.call.now..<(people.call.now + .seconds(60))
        people.call.run(for: .seconds(8))
        people.call.inject(
            try Bystanders.check(of: carol, number: 5), from: people.alice.address)
        #expect(people.call.drops(.pathInUse) == 0)
        let path = TransportPath(socket: 0, remote: people.alice.address)
        #expect(people.call.worker.peerOfPath[path] == people.call.worker.peerOfID[carol.id])
    }

    @Test func manyAddressesOfAPeerDoNotPushOutTheOneInUse() throws {
        let people = try Bystanders()
        for number in 0..<40 {
            people.call.inject(
                try Bystanders.check(of: people.alice, number: UInt32(number), nominates: false),
                from: people.call.freshAddress())
        }
        #expect(people.call.drops(.stunRefused) == 0)
        #expect(people.call.worker.takeCensus().paths <= Peer.pathsMax + 1)
        people.call.run(for: .milliseconds(100))
        #expect(people.call.drops(.unknownAddress) == 0)
        #expect(people.problems() == [])
    }

    // MARK: - Streams

    @Test func aTrackTakesFewStreamsAtATimeAndAnotherOnceOneIsSilent() throws {
        let people = try Bystanders()
        let carol = try people.call.joinPublisher()
        people.call.connect()
        let before = people.call.worker.takeCensus().producers
        func send(_ numbers: ClosedRange<UInt32>) {
            for number in numbers {
                carol.sendRaw(ssrc: SSRC(number), payloadType: 96, payload: [0x10, 0, 0, 0])
            }
            people.call.run(for: .milliseconds(50))
        }
        send(1_000...1_063)
        #expect(people.call.drops(.tooManyStreams) == 60)
        #expect(people.call.worker.takeCensus().producers == before + Peer.streamsPerTrackMax)
        people.call.run(for: .milliseconds(1_100))
        send(2_000...2_003)
        #expect(people.call.drops(.tooManyStreams) == 60)
        #expect(people.call.worker.takeCensus().producers == before + Peer.streamsPerTrackMax)
        #expect(people.call.worker.tableSizes.producers <= before + Peer.streamsPerTrackMax)
        #expect(people.problems() == [])
    }

    @Test func aPeerHasFewStreamsHoweverManyTracksItOffers() throws {
        let call = VirtualCall(seed: 3)
        let carol = try call.join(
            sending: (0..<40).map { _ in ClientStream(kind: .video) })
        call.connect()
        for mid in 0..<40 {
            carol.publish(mid: "\(mid)", .video(.vp8, tag: UInt16(mid)), at: call.now)
        }
        call.run(for: .milliseconds(200))
        #expect(call.worker.takeCensus().producers == Peer.streamsMax)
        #expect(call.drops(.tooManyStreams) > 0)
    }

    @Test(arguments: ["0", "1"])
    func aSlotFollowsItsTrackToAnotherStream(mid: String) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        var settings = mid == "0" ? SourceSettings.audio(tag: 1) : .video(.vp8, tag: 1)
        let first = alice.publish(mid: mid, settings, at: call.now)
        call.run(for: .seconds(1))
        // The browser begins anew, and does not say so.
        first.isRunning = false
        settings.tag = 2
        settings.ssrc = SSRC(0x1234_5678)
        alice.publish(mid: mid, settings, at: call.now)
        call.run(for: .seconds(2))
        let packets = bob.packets(mid: mid)
        #expect(packets.last?.tag?.source == 2)
        #expect(packets.count { $0.tag?.source == 2 } >= 40)
        #expect(StreamCheck.problems(of: packets) == [])
        #expect(bob.failures.isEmpty)
    }

    @Test func twoStreamsThatBothLiveDoNotTakeTheSlotFromEachOther() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.showPair(alice, to: others[0])
        alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        var settings = SourceSettings.video(.vp8, tag: 2)
        settings.ssrc = SSRC(0x1234_5678)
        alice.publish(mid: "1", settings, at: call.now)
        call.run(for: .seconds(3))
        #expect(others[0].packets(mid: "1").allSatisfy { $0.tag?.source == 1 })
        #expect(call.starts(of: others[0], mid: "1").count == 1)
    }

    @Test(arguments: ["0", "1"])
    func aLeapOfTheSourcesNumbersIsNotPassedOn(mid: String) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        let settings = mid == "0" ? SourceSettings.audio(tag: 1) : .video(.vp8, tag: 1)
        let source = alice.publish(mid: mid, settings, at: call.now)
        call.run(for: .seconds(1))
        for _ in 0..<8 {
            // What leaves right after a leap is lost on the way to Bob: five of these are over 2^16
            // numbers.
            call.network.down.blackout = call.now..<(call.now + .milliseconds(100))
            source.leap(over: 15_000)
            call.run(for: .milliseconds(400))
        }
        call.run(for: .seconds(1))
        #expect(bob.failures.isEmpty)
        let last = try #require(bob.packets(mid: mid).last)
        #expect(last.at > call.now - .milliseconds(100))
        let first = try #require(bob.packets(mid: mid).first)
        #expect(last.sequence.rawValue - first.sequence.rawValue < 2_000)
    }

    @Test func aRetransmissionOfWhatWasNeverSentIsDropped() throws {
        let people = try Bystanders()
        let video = try #require(people.alice.sources.first { $0.mid == "1" })
        let stream = try #require(video.retransmissionSSRC)
        let type = try #require(video.retransmissionPayloadType)
        let highest = people.call.worker.highest(of: video.ssrc)
        let last = try #require(highest)
        let number = SequenceNumber(last.sequenceNumber.rawValue &+ 20_000).rawValue
        people.alice.sendRaw(
            ssrc: stream, payloadType: type,
            payload: [UInt8(number >> 8), UInt8(number & 0xFF), 0x10, 0, 0, 0])
        people.call.run(for: .milliseconds(20))
        #expect(people.call.drops(.malformedRetransmission) == 1)
        #expect(people.problems() == [])
    }

    // MARK: - Offers

    @Test func sectionsThatAreRenamedAgainAndAgainLeaveNothingBehind() throws {
        let people = try Bystanders()
        let carol = try people.call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], receivingPairs: 2)
        people.call.connect()
        people.call.show(people.alice, "0", in: "2", of: carol)
        people.call.show(people.alice, "1", in: "3", of: carol)
        people.call.show(carol, "1", in: "3", of: carol)
        let video = carol.publish(mid: "1", .video(.vp8, tag: 9), at: people.call.now)
        people.call.run(for: .milliseconds(100))
        video.isRunning = false
        let before = people.call.worker.takeCensus()
        let original = try #require(carol.serverMedia)
        for round in 0..<100 {
            var media = original
            for index in media.sections.indices {
                media.sections[index].mid = "r\(round)-\(index)"
                media.sections[index].slot?.ssrc = UInt32(round * 10 + index + 1)
            }
            people.call.apply(.updatePeer(carol.id, media))
            people.call.show(people.alice, "1", in: "r\(round)-3", of: carol)
        }
        let after = people.call.worker.takeCensus()
        #expect(after.tracks == before.tracks)
        #expect(after.slots == before.slots)
        #expect(after.watchers == before.watchers - 1)
        #expect(after.producers == before.producers - 1)
        #expect(people.call.worker.tableSizes.slots <= before.slots)
        #expect(people.call.worker.tableSizes.tracks <= before.tracks)
        #expect(people.problems() == [])
    }

    @Test func aSlotThatRestsGoesOnWithItsNumbers() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let media = try #require(bob.serverMedia)
        var resting = media
        resting.sections[0].direction = .inactive
        call.apply(.updatePeer(bob.id, resting))
        call.show(nil, in: "0", of: bob)
        call.run(for: .milliseconds(300))
        call.apply(.updatePeer(bob.id, media))
        call.showPair(alice, to: bob)
        call.run(for: .seconds(1))
        let packets = bob.packets(mid: "0")
        #expect(packets.count > 80)
        // The same key: a number used twice would give both payloads away.
        for (one, next) in zip(packets, packets.dropFirst()) {
            #expect(next.sequence.rawValue == one.sequence.rawValue + 1)
        }
        #expect(bob.failures.isEmpty)
    }

    @Test func anICERestartIsTakenWhateverMarksTheClientsWordsHave() throws {
        let people = try Bystanders()
        var media = try #require(people.bob.serverMedia)
        media.localICE = ICEParameters(
            usernameFragment: "freshname", password: "freshpasswordfreshpassword")
        // As stacks with URL-safe alphabets write them; the negotiation lets them through.
        media.remoteICE = ICEParameters(
            usernameFragment: "my-name_1", password: "my-password_my-password_1")
        people.call.apply(.updatePeer(people.bob.id, media))
        people.call.inject(
            Bystanders.check(
                username: "freshname:my-name_1", password: "freshpasswordfreshpassword"),
            from: people.bob.address)
        #expect(people.call.drops(.unknownUsername) == 0)
        #expect(people.call.drops(.stunRefused) == 0)
    }

    // MARK: - Requests

    @Test func aPeerIsHeldToOneBudgetForAllItsSlots() throws {
        let call = VirtualCall(seed: 8)
        let alice = try call.join(sending: (0..<8).map { _ in ClientStream(kind: .video) })
        let bob = try call.join(receivingPairs: 8)
        call.connect()
        for number in 0..<8 {
            call.show(alice, "\(number)", in: "\(2 * number + 1)", of: bob)
            alice.publish(mid: "\(number)", .video(.vp8, tag: UInt16(number)), at: call.now)
        }
        call.run(for: .seconds(4))
        let before = call.worker.statistics.retransmissionsSent
        let start = call.now
        while call.now - start < .seconds(1) {
            for number in 0..<8 {
                let mid = "\(2 * number + 1)"
                let wanted = bob.packets(mid: mid).filter { !$0.isRetransmission }.suffix(100)
                bob.sendNACK(mid: mid, wanted.map(\.sequence.sequenceNumber))
            }
            call.run(for: .milliseconds(20))
        }
        let repeated = call.worker.statistics.retransmissionsSent - before
        let seconds = Double((call.now - start).nanoseconds) / 1e9
        let allowed = Double(Peer.repetitions.burst) + Double(Peer.repetitions.perSecond) * seconds
        #expect(Double(repeated) <= allowed + 1)
        #expect(Double(repeated) > allowed * 0.8)
    }

    @Test func aViewerCannotKeepAnEncoderAtKeyframes() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for other in others { call.showPair(alice, to: other) }
        let source = alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        let before = source.keyframes.count
        let start = call.now
        while call.now - start < .seconds(60) {
            others[0].sendPLI(mid: "1")
            call.run(for: .milliseconds(50))
        }
        #expect(source.keyframes.count - before < 60 + Int(KeyframeRequester.burst) + 2)
        #expect(StreamCheck.problems(of: others[1].packets(mid: "1")) == [])
    }
}
