// What receivers behind narrow paths are sent of pictures, in virtual time.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import MediaWorker

/// Publishers whose cameras come in some sizes, a viewer behind a narrow path, and another behind none.
private final class DividedCall {
    /// 30 frames a second of 1, 2 and 5 packets: with all headers some 50, 300 and 1,500 kbit/s.
    static let frames: [(packets: Int, bytes: Int)] = [(1, 130), (2, 560), (5, 1_180)]

    let call: VirtualCall
    private(set) var publishers: [VirtualClient] = []
    let viewer: VirtualClient
    let other: VirtualClient
    private(set) var sent = SentBytes()

    /// - Parameter ranks: One for each publisher.
    init(
        seed: UInt64, limit: Int64, sizes: [Int] = [0, 1, 2], ranks: [BandwidthRank] = [.camera],
        isRedundant: Bool = false, keyframePackets: [Int?] = [nil, nil, nil]
    ) throws {
        let codecs: [MediaCodec] = isRedundant ? [.red, .opus, .vp8] : [.opus, .vp8]
        let call = VirtualCall(seed: seed)
        self.call = call
        let names = ["q", "h", "f"]
        let rids = sizes.count > 1 ? sizes.map { names[$0] } : []
        publishers = try ranks.map { _ in
            try call.join(
                sending: [ClientStream(kind: .audio), ClientStream(kind: .video, rids: rids)],
                codecs: codecs)
        }
        viewer = try call.join(receivingPairs: ranks.count, codecs: codecs)
        other = try call.join(receivingPairs: ranks.count, codecs: codecs)
        precondition(call.connect(), "the call does not connect")
        for client in [viewer, other] {
            client.givesTransportFeedback = true
            client.repairsLosses = true
        }
        setLimit(limit)
        let address = viewer.address
        call.tap = { [unowned self] path, bytes in
            if path.remote == address { sent.add(bytes.count) }
        }
        for (number, publisher) in publishers.enumerated() {
            for client in [viewer, other] {
                call.show(publisher, "0", in: "\(2 * number)", of: client)
                call.show(publisher, "1", in: "\(2 * number + 1)", of: client)
            }
            call.apply(.setRank(publisher: publisher.id, mid: "1", ranks[number]))
            let tag = UInt16(90 + number)
            publisher.publish(
                mid: "0", isRedundant ? .redundantAudio(tag: tag) : .audio(tag: tag), at: call.now)
            for size in sizes {
                var settings = SourceSettings.video(.vp8, tag: UInt16(10 * number + size))
                if sizes.count > 1 { settings.rid = names[size] }
                settings.ssrc = SSRC(UInt32(1_000 + 10 * number + size))
                settings.size = SimulcastCall.sizes[size]
                settings.packetsInFrame = Self.frames[size].packets
                settings.payloadBytes = Self.frames[size].bytes
                settings.keyframePackets = keyframePackets[size]
                publisher.publish(mid: "1", settings, at: call.now)
            }
        }
    }

    func setLimit(_ bitsPerSecond: Int64) {
        call.networks[viewer.address] = .narrow(bitsPerSecond)
    }

    func run(seconds: Int) {
        for _ in 0..<(seconds * 10) {
            sent.beginStep()
            call.run(for: .milliseconds(100))
        }
    }

    /// What came of a section since an instant, repetitions left out.
    func packets(_ mid: String, since start: MediaInstant, of client: VirtualClient? = nil)
        -> [ReceivedPacket]
    {
        (client ?? viewer).packets(mid: mid).filter { !$0.isRetransmission && $0.at >= start }
    }

    /// The size last shown in a section, 0 to 2.
    func shown(_ mid: String) -> Int? {
        viewer.packets(mid: mid).last?.tag.map { Int($0.source) % 10 }
    }

    /// What the control plane was told of the viewer's section.
    func told(_ mid: String) -> [ReceivedQuality] {
        call.events.compactMap { entry in
            guard case .slotQuality(viewer.id, mid, _, let quality) = entry.event else {
                return nil
            }
            return quality
        }
    }

    /// Nothing is missing at the other, whatever happens to the viewer.
    func checkOther(since start: MediaInstant, seconds: Int) {
        for number in publishers.indices {
            let mid = "\(2 * number + 1)"
            #expect(StreamCheck.problems(of: other.packets(mid: mid)) == [])
            #expect(packets(mid, since: start, of: other).count >= seconds * 30 * 5 - 20)
        }
    }
}

@Suite struct DivisionTests {
    @Test(arguments: [(500_000, 1), (150_000, 0)] as [(Int64, Int)], [1, 2, 3] as [UInt64])
    func S01_aNarrowPathIsSentTheSizeItCarriesAndAllAgainWhenItIsWide(
        path: (limit: Int64, size: Int), seed: UInt64
    ) throws {
        let world = try DividedCall(seed: seed, limit: 0)
        world.run(seconds: 5)
        #expect(world.shown("1") == 2)
        #expect(world.told("1") == [])
        let start = world.call.now
        world.setLimit(path.limit)
        world.run(seconds: 12)
        let settled = start + .seconds(3)
        #expect(world.shown("1") == path.size)
        #expect(world.told("1").last == .reduced)
        let frames = world.packets("1", since: settled).filter(\.marker)
        #expect(frames.count >= 9 * 24, "\(frames.count)")
        #expect(world.packets("0", since: settled).count >= 9 * 49)
        let peak = world.sent.peak(from: 8, to: 17)
        #expect(peak <= 1.2 * Double(path.limit), "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.shown("1") == 2)
        #expect(world.told("1").last == .full)
        #expect(world.packets("1", since: world.call.now - .seconds(2)).count >= 280)
        #expect(world.viewer.failures == [])
        world.checkOther(since: start, seconds: 22)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aPictureThatDoesNotFitIsPausedForTheSoundAndComesBack(seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, sizes: [2])
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(500_000)
        world.run(seconds: 12)
        #expect(world.told("1").last == .paused)
        #expect(world.packets("0", since: start + .seconds(3)).count >= 9 * 49)
        let peak = world.sent.peak(from: 8, to: 17)
        #expect(peak <= 1.1 * 500_000, "\(peak)")
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(world.told("1").last == .full)
        #expect(world.packets("1", since: world.call.now - .seconds(1)).count >= 140)
        world.checkOther(since: start, seconds: 22)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aKeyframeIsNoReasonToPauseOnANarrowPath(seed: UInt64) throws {
        // Half a second of the path: what an encoder gives a keyframe at most.
        let world = try DividedCall(seed: seed, limit: 0, keyframePackets: [8, 20, 60])
        world.run(seconds: 5)
        let start = world.call.now
        world.setLimit(150_000)
        world.run(seconds: 12)
        #expect(world.shown("1") == 0)
        #expect(!world.told("1").contains(.paused))
        let frames = world.packets("1", since: start + .seconds(3)).filter(\.marker)
        #expect(frames.count >= 9 * 24, "\(frames.count)")
        #expect(world.packets("0", since: start + .seconds(3)).count >= 9 * 49)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func redundancyOfSoundMakesRoomForAPictureThatWouldNotFitBesideIt(seed: UInt64) throws {
        let world = try DividedCall(seed: seed, limit: 0, isRedundant: true)
        world.run(seconds: 5)
        let forms = { (since: MediaInstant, client: VirtualClient) in
            Set(world.packets("0", since: since, of: client).map(\.codec))
        }
        let start = world.call.now
        #expect(forms(start - .seconds(2), world.viewer) == [.red])
        // Sound takes 125 kbit/s with its repetitions, 60 without; the smallest picture 50.
        world.setLimit(150_000)
        world.run(seconds: 12)
        #expect(forms(start + .seconds(3), world.viewer) == [.opus])
        #expect(forms(start, world.other) == [.red])
        #expect(world.packets("1", since: start + .seconds(3)).filter(\.marker).count >= 9 * 24)
        #expect(world.packets("0", since: start + .seconds(3)).count >= 9 * 49)
        world.setLimit(0)
        world.run(seconds: 10)
        #expect(forms(world.call.now - .seconds(1), world.viewer) == [.red])
        #expect(StreamCheck.problems(of: world.packets("0", since: start + .seconds(3))) == [])
        #expect(world.viewer.failures == [])
    }

    @Test func S03_S04_theFavouredIsShownBestAndChangesWithThePreemption() throws {
        let world = try DividedCall(seed: 4, limit: 0, ranks: [.camera, .favoured])
        world.run(seconds: 4)
        #expect([world.shown("1"), world.shown("3")] == [2, 2])
        world.setLimit(2_100_000)
        world.run(seconds: 10)
        #expect(world.shown("3") == 2)
        #expect((world.shown("1") ?? 9) < 2)
        // Somebody else preempts.
        world.call.apply(.setRank(publisher: world.publishers[1].id, mid: "1", .camera))
        world.call.apply(.setRank(publisher: world.publishers[0].id, mid: "1", .favoured))
        world.run(seconds: 12)
        #expect(world.shown("1") == 2)
        #expect((world.shown("3") ?? 9) < 2)
    }

    @Test func whoChoosesLessIsToldThatItGetsAllOfIt() throws {
        let world = try DividedCall(seed: 5, limit: 500_000)
        world.call.apply(.setQuality(receiver: world.viewer.id, mid: "1", .low))
        world.run(seconds: 8)
        #expect(world.shown("1") == 0)
        #expect(world.told("1").last ?? .full == .full)
    }
}
