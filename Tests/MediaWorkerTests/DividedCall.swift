// A publisher and two viewers, of whom one is behind a narrow path.
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
final class DividedCall {
    /// 30 frames a second of 1, 2 and 5 packets: with all headers some 50, 300 and 1,500 kbit/s.
    static let frames: [(packets: Int, bytes: Int)] = [(1, 130), (2, 560), (5, 1_180)]

    let call: VirtualCall
    private(set) var publishers: [VirtualClient] = []
    let viewer: VirtualClient
    let other: VirtualClient
    private(set) var sent = SentBytes()
    /// The bounds that publishers were told, with the time; `nil`: none.
    private(set) var bounds: [(at: MediaInstant, bitrate: Int?)] = []

    /// Whether publishers encode no more than somebody can use.
    private let obeys: Bool
    /// How many events have been looked at.
    private var eventCount = 0

    /// - Parameter ranks: One for each publisher.
    init(
        seed: UInt64, limit: Int64, sizes: [Int] = [0, 1, 2], ranks: [BandwidthRank] = [.camera],
        isRedundant: Bool = false, keyframePackets: [Int?] = [nil, nil, nil],
        frames: [(packets: Int, bytes: Int)] = DividedCall.frames, obeys: Bool = false,
        viewsAlone: Bool = false, profile: NegotiationProfile = .sdk, farViewer: Bool = false
    ) throws {
        self.obeys = obeys
        let codecs: [MediaCodec] = isRedundant ? [.red, .opus, .vp8] : [.opus, .vp8]
        let call = VirtualCall(seed: seed)
        self.call = call
        let names = ["q", "h", "f"]
        let rids = sizes.count > 1 ? sizes.map { names[$0] } : []
        publishers = try ranks.map { _ in
            try call.join(
                sending: [ClientStream(kind: .audio), ClientStream(kind: .video, rids: rids)],
                codecs: codecs, as: profile)
        }
        if farViewer { call.openNeighbour() }
        viewer = try call.join(receivingPairs: ranks.count, codecs: codecs, far: farViewer)
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
            if farViewer { call.relay(publisher, ["0", "1"]) }
            for client in viewsAlone ? [viewer] : [viewer, other] {
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
                settings.packetsInFrame = frames[size].packets
                settings.payloadBytes = frames[size].bytes
                settings.keyframePackets = keyframePackets[size]
                publisher.publish(mid: "1", settings, at: call.now)
            }
        }
    }

    /// Encodes as publishers were told to since the last look: at so many bits a second of 30 frames.
    private func obey() {
        // Who has no signalling channel: all of it but sound is for the only picture.
        for publisher in publishers where publisher.profile == .whip {
            guard case .maximumBitrate(let bits)? = publisher.bounds.last?.content else { continue }
            let bitrate = bits > 10_000_000 ? nil : Int(bits) - 59_200 - 17_000
            for source in publisher.sources where source.mid == "1" {
                source.bound(bitrate: bitrate)
            }
        }
        let events = call.events
        for (_, event) in events[eventCount...] {
            guard case .layersWanted(let peer, "1", _, let bitrates, _) = event,
                let number = publishers.firstIndex(where: { $0.id == peer })
            else { continue }
            bounds.append((call.now, bitrates.values.first))
            for source in publishers[number].sources
            where source.mid == "1" && obeys
                && publishers[number].profile == .sdk
            {
                source.bound(bitrate: bitrates[source.settings.rid ?? ""])
            }
        }
        eventCount = events.count
    }

    func setLimit(_ bitsPerSecond: Int64) {
        call.networks[viewer.address] = .narrow(bitsPerSecond)
    }

    func run(seconds: Int) {
        for _ in 0..<(seconds * 10) {
            sent.beginStep()
            call.run(for: .milliseconds(100))
            obey()
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
