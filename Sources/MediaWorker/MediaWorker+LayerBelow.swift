// Larger sizes of one stream wait for the smaller ones of their picture.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Payloads
import RTP
import Wire

extension MediaWorker {
    /// Lets a frame of VP9 that does without the smaller size of its picture say that it needs it, where the picture
    /// has it: as encoders write such frames between keyframes (L3T3_KEY and the like).
    ///
    /// Browsers show a picture as soon as its last frame and all that this needs are there. If a smaller size is late
    /// because it was lost, they go on without it and then refuse it; but the smaller sizes of all later pictures need
    /// it, and without these no picture is whole any more, until a keyframe is asked for after three seconds.
    mutating func tieToLayerBelow(
        _ arrival: Arrival, in datagram: inout MutableSpan<UInt8>
    ) {
        guard
            let octet = VP9LayerOctet.ofIndependentFrame(
                datagram.span.extracting(arrival.payload)),
            producers[arrival.producer].history.mayHoldLayerBelow(
                octet.spatial, at: arrival.sequence, timestamp: arrival.header.timestamp)
        else { return }
        octet.setPredictedFromBelow(in: &datagram, from: arrival.payload.lowerBound)
    }

    /// The same for AV1: the dependency descriptor to be passed on instead of one that came; `nil`: that one.
    func tiedDependencies(
        of entry: HistoryEntry, _ data: Span<UInt8>, producer: Int
    ) -> AmendedDescriptor? {
        let layers = entry.descriptor.layers
        guard layers.spatial > 0, layers.isFrameStart, !layers.isIndependent,
            producers[producer].history.mayHoldLayerBelow(
                layers.spatial, at: entry.sequence, timestamp: entry.timestamp)
        else { return nil }
        // The layer below is the frame right before, as frames are numbered.
        return producers[producer].dependencies.referringToLast(data)
    }
}
