// That what a publisher sends arrives, whole and continuous, under each receiver's own numbers.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

@Suite struct ForwardingTests {
    @Test(arguments: [MediaCodec.vp8, .vp9, .h264, .av1])
    func everyCodecArrivesWhole(codec: MediaCodec) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for bob in others { call.showPair(alice, to: bob) }
        var settings = SourceSettings.video(codec, tag: 2)
        settings.orientation = 1
        let audio = alice.publish(mid: "0", .audio(tag: 1, level: 0x80 | 20), at: call.now)
        let video = alice.publish(mid: "1", settings, at: call.now)
        call.run(for: .seconds(3))
        audio.isRunning = false
        video.isRunning = false
        call.run(for: .milliseconds(100))
        for bob in others {
            let sound = bob.packets(mid: "0")
            let pictures = bob.packets(mid: "1")
            #expect(sound.count == Int(audio.packetCount))
            #expect(pictures.count == Int(video.packetCount))
            #expect(StreamCheck.problems(of: sound) == [])
            #expect(StreamCheck.problems(of: pictures) == [])
            #expect(sound.allSatisfy { $0.codec == .opus && $0.audioLevel == 0x80 | 20 })
            #expect(pictures.allSatisfy { $0.codec == codec && $0.orientation == 1 })
            #expect(sound.allSatisfy { $0.tag?.source == 1 })
            #expect(pictures.allSatisfy { $0.tag?.source == 2 })
            #expect(pictures.allSatisfy { $0.marker == ($0.tag?.packet == 2) })
            #expect(bob.failures.isEmpty)
            // One transport-wide counter over both sections, if the receiver asked for one.
            let numbers = bob.received.compactMap { $0.transportSequence?.rawValue }
            #expect(numbers.isEmpty || numbers.count == bob.received.count)
            for (before, after) in zip(numbers, numbers.dropFirst()) {
                #expect(after == before &+ 1)
            }
        }
        // What was patched for one receiver was put back for the next: payloads differ in the
        // numbers only.
        let first = others[0].packets(mid: "1").map { $0.payload.suffix(200) }
        let second = others[1].packets(mid: "1").map { $0.payload.suffix(200) }
        #expect(first == second)
    }

    /// Frames split about equally leave in one run towards those who bear padding, and arrive as they were.
    @Test(arguments: [true, false])
    func framesSplitAboutEquallyAreEvenedOut(bearsPadding: Bool) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        if !bearsPadding {
            var media = try #require(bob.serverMedia)
            #expect(media.bearsPadding)
            media.bearsPadding = false
            call.apply(.updatePeer(bob.id, media))
        }
        call.showPair(alice, to: bob)
        var settings = SourceSettings.video(.vp8, tag: 2, packetsInFrame: 5)
        settings.isUneven = true
        let video = alice.publish(mid: "1", settings, at: call.now)
        var sizes: [[Int]] = []
        call.tap = { path, bytes in
            guard path.remote == bob.address, bytes.count > 250, bytes[0] >= 128 else { return }
            let isNewFrame = sizes.last.map { $0.count == 5 } ?? true
            if isNewFrame { sizes.append([]) }
            sizes[sizes.count - 1].append(bytes.count)
        }
        call.run(for: .seconds(2))
        video.isRunning = false
        call.run(for: .milliseconds(100))
        #expect(sizes.count > 50)
        let uneven = sizes.filter { Set($0).count > 1 }
        #expect(bearsPadding ? uneven.isEmpty : uneven.count > sizes.count / 2)
        let pictures = bob.packets(mid: "1")
        #expect(pictures.count == Int(video.packetCount))
        #expect(StreamCheck.problems(of: pictures) == [])
        #expect(Set(pictures.map { $0.payload.count }) == [299, 300])
        #expect(pictures.allSatisfy { $0.tag?.source == 2 })
        #expect(bob.failures.isEmpty)
    }

    @Test(arguments: [
        (MediaCodec.vp8, MediaCodec.vp8), (.vp9, .vp9), (.h264, .h264), (.av1, .av1), (.vp8, .h264),
        (.av1, .vp9),
    ])
    func aSlotStaysContinuousAcrossSources(first: MediaCodec, second: MediaCodec) throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        let carol = try call.joinPublisher()
        call.connect()
        for (publisher, codec, tag) in [(alice, first, UInt16(10)), (carol, second, 20)] {
            publisher.publish(mid: "0", .audio(tag: tag), at: call.now)
            publisher.publish(mid: "1", .video(codec, tag: tag + 1), at: call.now)
        }
        for round in 0..<6 {
            call.showPair(round.isMultiple(of: 2) ? alice : carol, to: bob)
            call.run(for: .milliseconds(700))
        }
        for mid in ["0", "1"] {
            let packets = bob.packets(mid: mid)
            #expect(StreamCheck.problems(of: packets) == [])
            let starts = call.starts(of: bob, mid: mid)
            #expect(starts.map(\.source.publisher) == [1, 3, 1, 3, 1, 3])
            // Each announced timestamp is that of the first packet of the source, and of no earlier
            // one.
            var sources: [(UInt16, UInt32)] = []
            for packet in packets.sorted(by: { $0.sequence < $1.sequence }) {
                let tag = try #require(packet.tag)
                if sources.last?.0 != tag.source {
                    sources.append((tag.source, packet.timestamp.rawValue))
                }
            }
            #expect(sources.map(\.1) == starts.map(\.timestamp))
        }
        // Every source began with a keyframe.
        var lastSource: UInt16?
        for packet in bob.packets(mid: "1").sorted(by: { $0.sequence < $1.sequence }) {
            if packet.tag?.source != lastSource { #expect(packet.tag?.packet == 0) }
            lastSource = packet.tag?.source
        }
        #expect(bob.failures.isEmpty)
    }

    @Test func aSlotStaysContinuousAcrossAPause() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        let video = alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .seconds(1))
        for mid in ["0", "1"] { call.apply(.setPaused(publisher: alice.id, mid: mid, true)) }
        call.run(for: .milliseconds(100))
        let silentFrom = call.now
        call.run(for: .seconds(2))
        #expect(bob.received.allSatisfy { $0.at <= silentFrom })
        #expect(call.drops(.trackPaused) > 100)
        let asked = video.keyframeRequests.count
        for mid in ["0", "1"] { call.apply(.setPaused(publisher: alice.id, mid: mid, false)) }
        call.run(for: .seconds(1))
        #expect(video.keyframeRequests.count == asked + 1)
        for mid in ["0", "1"] {
            #expect(StreamCheck.problems(of: bob.packets(mid: mid)) == [])
            #expect(bob.packets(mid: mid).contains { $0.at > silentFrom })
        }
        let resumed = bob.packets(mid: "1").first { $0.at > silentFrom }
        #expect(resumed.map { video.keyframes.contains(Int($0.tag?.frame ?? 0)) } == true)
    }

    @Test func aMuteBeforeTheFirstPacketHolds() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.apply(.setPaused(publisher: alice.id, mid: "0", true))
        call.showPair(alice, to: others[0])
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        #expect(others[0].received.isEmpty)
    }

    @Test func anEmptiedSlotFallsSilentAtOnce() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for bob in others { call.showPair(alice, to: bob) }
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        call.run(for: .seconds(1))
        call.show(nil, in: "0", of: others[0])
        let emptied = call.now
        call.run(for: .seconds(1))
        // What had left before was still on its way for 10 ms.
        #expect(others[0].received.allSatisfy { $0.at <= emptied + .milliseconds(10) })
        #expect(others[1].packets(mid: "0").count > 90)
    }

    @Test func aPublisherThatLeavesSilencesItsSlots() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let carol = try call.joinPublisher()
        call.connect()
        call.showPair(alice, to: others[0])
        alice.publish(mid: "1", .video(.vp8, tag: 1), at: call.now)
        carol.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .seconds(1))
        call.leave(alice)
        call.run(for: .seconds(1))
        call.showPair(carol, to: others[0])
        call.run(for: .seconds(1))
        let packets = others[0].packets(mid: "1")
        #expect(StreamCheck.problems(of: packets) == [])
        #expect(Set(packets.compactMap { $0.tag?.source }) == [1, 2])
    }

    @Test func aReceiverWithoutTheCodecGetsNothingAndOthersAll() throws {
        let call = VirtualCall(seed: 9)
        let alice = try call.joinPublisher()
        let old = try call.join(receivingPairs: 1, codecs: [.opus, .vp8])
        let new = try call.join(receivingPairs: 1)
        #expect(call.connect())
        for bob in [old, new] { call.showPair(alice, to: bob) }
        alice.publish(mid: "1", .video(.av1, tag: 1), at: call.now)
        call.run(for: .seconds(1))
        #expect(old.received.isEmpty)
        #expect(new.received.count > 80)
        #expect(call.drops(.codecNotNegotiated) > 0)
    }

    @Test func payloadTypesAreTheReceivers() throws {
        // A receiver whose offer numbers its codecs in another order than the publisher's: by the
        // answer's table.
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.showPair(alice, to: others[0])
        alice.publish(mid: "1", .video(.h264, tag: 1), at: call.now)
        call.run(for: .milliseconds(500))
        let expected = others[0].media?.section(mid: "1")?.codecs.first { $0.codec == .h264 }
        let types = Set(others[0].packets(mid: "1").map(\.payloadType))
        #expect(types == [try #require(expected?.payloadType)])
    }

    @Test func sequenceNumbersWrapWithoutAGap() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        call.showPair(alice, to: others[0])
        var settings = SourceSettings.video(.vp8, tag: 1)
        settings.firstSequence = 65_500
        let source = alice.publish(mid: "1", settings, at: call.now)
        call.run(for: .seconds(3))
        #expect(others[0].packets(mid: "1").count >= Int(source.packetCount) - 6)
        #expect(StreamCheck.problems(of: others[0].packets(mid: "1")) == [])
    }

    @Test func levelsOfSpeakersAreReportedAndTheirSilenceOnce() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        let source = alice.publish(mid: "0", .audio(tag: 1, level: 25), at: call.now)
        call.run(for: .seconds(2))
        source.isRunning = false
        call.run(for: .seconds(3))
        let levels = call.events.compactMap { entry in
            if case .audioLevels(let reports) = entry.event { reports } else { nil }
        }
        #expect((4...6).contains(levels.count))
        #expect(
            levels.dropLast().allSatisfy {
                $0 == [AudioLevelReport(publisher: 1, mid: "0", level: 25)]
            })
        #expect(levels.last == [AudioLevelReport(publisher: 1, mid: "0", level: 127)])
    }

    @Test func K01_aVoiceIsToldOfWithinSixtyMilliseconds() throws {
        let (call, alice, _) = try VirtualCall.with(receivers: 0)
        let source = alice.publish(mid: "0", .audio(tag: 1, level: 90), at: call.now)
        call.run(for: .milliseconds(1_300))
        source.settings.audioLevel = 25
        let spoken = call.now
        call.run(for: .seconds(2))
        let voices = call.events.compactMap { entry in
            if case .voiceStarted(let report) = entry.event { (entry.at, report) } else { nil }
        }
        #expect(voices.map(\.1) == [AudioLevelReport(publisher: 1, mid: "0", level: 25)])
        #expect(try #require(voices.first).0 - spoken <= .milliseconds(80))
    }

    @Test func aLaterOfferRestsSectionsOfBothSidesAndBringsThemBack() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 2)
        for bob in others { call.showPair(alice, to: bob) }
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .seconds(1))
        var stopped = try #require(others[0].serverMedia)
        stopped.sections[1].direction = .inactive
        call.apply(.updatePeer(others[0].id, stopped))
        call.run(for: .milliseconds(50))
        let before = others.map { $0.packets(mid: "1").count }
        call.run(for: .seconds(1))
        #expect(others[0].packets(mid: "1").count == before[0])
        #expect(others[1].packets(mid: "1").count > before[1] + 80)
        call.apply(.updatePeer(others[0].id, try #require(others[0].serverMedia)))
        call.run(for: .seconds(1))
        #expect(others[0].packets(mid: "1").count > before[0] + 60)
        for mid in ["0", "1"] {
            #expect(StreamCheck.problems(of: others[0].packets(mid: mid)) == [])
        }

        var silent = try #require(alice.serverMedia)
        silent.sections[1].direction = .inactive
        call.apply(.updatePeer(alice.id, silent))
        call.run(for: .milliseconds(50))
        let after = others[1].packets(mid: "1").count
        call.run(for: .seconds(1))
        #expect(others[1].packets(mid: "1").count == after)
        #expect(call.drops(.unknownPayloadType) > 80)
        #expect(StreamCheck.problems(of: others[1].packets(mid: "0")) == [])
    }

    @Test func aLaterOfferBringsMoreSlotsAndSections() throws {
        let (call, alice, others) = try VirtualCall.with(receivers: 1)
        let bob = others[0]
        call.showPair(alice, to: bob)
        alice.publish(mid: "0", .audio(tag: 1), at: call.now)
        alice.publish(mid: "1", .video(.vp8, tag: 2), at: call.now)
        call.run(for: .seconds(1))
        bob.offer.addSlots(pairs: 1)
        try call.negotiate(bob)
        call.show(alice, "1", in: "3", of: bob)
        call.run(for: .seconds(1))
        #expect(StreamCheck.problems(of: bob.packets(mid: "0")) == [])
        #expect(StreamCheck.problems(of: bob.packets(mid: "1")) == [])
        #expect(StreamCheck.problems(of: bob.packets(mid: "3")) == [])
        #expect(bob.packets(mid: "3").count > 60)
        #expect(bob.failures.isEmpty)
    }
}
