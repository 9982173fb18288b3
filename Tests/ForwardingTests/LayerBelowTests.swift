// That of what is missing before a frame it is told whether it can be the frame below.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Testing
import Wire

@testable import Forwarding

@Suite struct LayerBelowTests {
    /// A packet that came: its number, its picture, its spatial layer, and whether it ends its frame and its picture.
    private typealias Packet = (
        number: UInt64, picture: UInt32, spatial: UInt8, endsFrame: Bool, marker: Bool
    )

    /// Whether the frame of layer `spatial` of picture 1 that begins with packet 100 may have one below.
    private func mayHold(_ spatial: UInt8, behind packets: [Packet]) -> Bool {
        var history = PacketHistory(packetCapacity: 256, byteCapacity: 8_192)
        for packet in packets {
            var entry = HistoryEntry(
                sequence: ExtendedSequenceNumber(packet.number),
                timestamp: RTPTimestamp(packet.picture), codec: .vp9, marker: packet.marker,
                startsKeyframe: false)
            entry.descriptor.layers.spatial = packet.spatial
            entry.descriptor.layers.isFrameEnd = packet.endsFrame
            _ = history.insert(entry, payload: [1, 2, 3].span)
        }
        return history.mayHoldLayerBelow(
            spatial, at: ExtendedSequenceNumber(100), timestamp: RTPTimestamp(1))
    }

    @Test func whatStandsRightBeforeDecides() {
        #expect(mayHold(1, behind: [(99, 1, 0, true, false)]))
        #expect(mayHold(2, behind: [(98, 1, 0, true, false), (99, 1, 1, true, false)]))
        // The encoder left the layer below out.
        #expect(!mayHold(1, behind: [(99, 0, 2, true, true)]))
        #expect(!mayHold(2, behind: [(99, 1, 0, true, false)]))
        #expect(!mayHold(1, behind: [(99, 0, 0, true, false)]))
    }

    @Test func whatIsMissingIsTheFrameBelowUnlessItIsTheEndOfAnother() {
        #expect(mayHold(1, behind: [(98, 0, 2, true, true)]))
        #expect(mayHold(2, behind: [(98, 1, 0, true, false)]))
        #expect(mayHold(2, behind: [(97, 1, 1, false, false)]))
        // One packet is too few for the rest of what came before and the frame below.
        #expect(!mayHold(1, behind: [(98, 0, 2, false, false)]))
        #expect(!mayHold(2, behind: [(98, 1, 0, false, false)]))
        #expect(mayHold(1, behind: [(97, 0, 2, false, false)]))
        #expect(mayHold(2, behind: [(97, 1, 0, false, false)]))
    }

    @Test func whereNothingIsKnownItIsWaitedFor() {
        #expect(mayHold(1, behind: []))
        #expect(mayHold(1, behind: [(80, 0, 2, true, true)]))
        // A stream may begin here.
        let history = PacketHistory(packetCapacity: 2, byteCapacity: 4_096)
        let isWaitedFor = history.mayHoldLayerBelow(
            1, at: ExtendedSequenceNumber(0), timestamp: RTPTimestamp(1))
        #expect(isWaitedFor)
    }
}
