// What a browser shows of a stream with spatial layers, with nothing held back for jitter.
// SPDX-License-Identifier: Apache-2.0
import NetworkSimulation
import RTP
import Wire

@testable import Payloads

/// Shows pictures as libwebrtc's frame buffer does: in their order, each as soon as the frame with the marker bit and
/// all that the frames of the picture need are there. What comes later of a picture shown, or of one before it, is
/// refused.
struct LayeredDecoder {
    /// A picture that was shown.
    struct Picture {
        var at: MediaInstant
        /// The largest of its layers.
        var size: UInt8
    }

    private struct FrameID: Comparable, Hashable {
        var picture: Int
        var spatial: UInt8

        static func < (one: FrameID, other: FrameID) -> Bool {
            (one.picture, one.spatial) < (other.picture, other.spatial)
        }
    }

    private struct Frame {
        var id: FrameID
        var at: MediaInstant
        var endsPicture = false
        var references: [FrameID] = []
    }

    private var waiting: [Frame] = []
    private var decoded: Set<FrameID> = []
    private var last: FrameID?
    private var shown: [Picture] = []

    /// What a packet says of its frame.
    private struct Head {
        var spatial: UInt8
        var temporal: UInt8
        var isStart: Bool
        var isEnd: Bool
        /// Whether the frame needs an earlier picture, and the layer below in its own.
        var needsPicture: Bool
        var needsLayerBelow: Bool
    }

    /// The pictures that are shown of what came in a slot: VP9 or AV1 with the temporal layers of `LayeredCall`.
    static func pictures(of packets: [ReceivedPacket]) -> [Picture] {
        var decoder = LayeredDecoder()
        for frame in frames(of: packets).sorted(by: { $0.at < $1.at }) { decoder.take(frame) }
        return decoder.shown
    }

    /// The frames that became whole, by the time at which they did.
    private static func frames(of packets: [ReceivedPacket]) -> [Frame] {
        var numbers: Set<UInt64> = []
        var frames: [Frame] = []
        /// The temporal layers of the pictures so far.
        var temporals: [UInt8] = []
        var timestamp: RTPTimestamp?
        var open: (frame: Frame, next: UInt64)?
        let once = packets.filter { numbers.insert($0.sequence.rawValue).inserted }
        var structure = DependencyStructure()
        for packet in once.sorted(by: { $0.sequence < $1.sequence }) {
            guard let head = head(of: packet, &structure) else { continue }
            if timestamp != packet.timestamp { temporals.append(head.temporal) }
            timestamp = packet.timestamp
            if head.isStart {
                let id = FrameID(picture: temporals.count - 1, spatial: head.spatial)
                var frame = Frame(id: id, at: packet.at)
                if head.needsPicture, let picture = reference(in: temporals) {
                    frame.references.append(FrameID(picture: picture, spatial: id.spatial))
                }
                if head.needsLayerBelow {
                    frame.references.append(
                        FrameID(picture: id.picture, spatial: id.spatial - 1))
                }
                open = (frame, packet.sequence.rawValue)
            }
            guard var frame = open?.frame, let next = open?.next,
                next == packet.sequence.rawValue
            else { continue }
            frame.at = max(frame.at, packet.at)
            frame.endsPicture = packet.marker
            open = (frame, next + 1)
            if head.isEnd { frames.append(frame) }
        }
        return frames
    }

    private static func head(
        of packet: ReceivedPacket, _ structure: inout DependencyStructure
    ) -> Head? {
        guard let data = packet.dependencies else {
            return VP9Descriptor.parse(packet.payload.span).map { head in
                Head(
                    spatial: head.spatialLayer ?? 0, temporal: head.temporalLayer ?? 0,
                    isStart: head.isStartOfFrame, isEnd: head.isEndOfFrame,
                    needsPicture: head.isInterPicturePredicted,
                    needsLayerBelow: head.isInterLayerPredicted)
            }
        }
        guard let head = DependencyDescriptor.parse(data.span, structure: &structure) else {
            return nil
        }
        return Head(
            spatial: head.spatial, temporal: head.temporal, isStart: head.isStartOfFrame,
            isEnd: head.isEndOfFrame, needsPicture: head.reach > 1,
            // What cannot refer to the frame before as well does so already.
            needsLayerBelow: head.spatial > 0
                && AmendedDescriptor(data.span, by: structure) == nil)
    }

    /// The picture that the last one needs: the nearest of a lower temporal layer, or of the base.
    private static func reference(in temporals: [UInt8]) -> Int? {
        let own = temporals.last ?? 0
        return temporals.dropLast().lastIndex { $0 < own || $0 == 0 }
    }

    private mutating func take(_ frame: Frame) {
        if let last, frame.id <= last { return }
        waiting.append(frame)
        waiting.sort { $0.id < $1.id }
        while let picture = nextPicture() {
            decoded.formUnion(picture.map(\.id))
            let last = picture[picture.count - 1].id
            self.last = last
            waiting.removeAll { $0.id <= last }
            shown.append(Picture(at: frame.at, size: last.spatial))
        }
    }

    /// The first picture whose frames need nothing that is not decoded or among them.
    private func nextPicture() -> [Frame]? {
        var picture: [Frame] = []
        for frame in waiting {
            if picture.last?.id.picture != frame.id.picture { picture = [] }
            picture.append(frame)
            guard frame.endsPicture else { continue }
            let isDecodable = picture.allSatisfy { frame in
                frame.references.allSatisfy { needed in
                    decoded.contains(needed) || picture.contains { $0.id == needed }
                }
            }
            if isDecodable { return picture }
        }
        return nil
    }
}
