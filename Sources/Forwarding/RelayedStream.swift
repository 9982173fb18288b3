// What loops call a published stream when they hand its packets to each other.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Names a stream on the loop of its publisher, with all that another loop needs to make a stream of its own: each
/// packet carries it, so that none is needed to announce a stream, and none that is lost can hide one.
package struct RelayedStream: Sendable, Equatable {
    /// The position of a layer that the offer does not name.
    package static let noLayer = UInt8.max

    /// The publisher's number, the same on all loops.
    package var publisher: UInt64
    /// The position of the section in the publisher's offer: sections keep theirs for life (RFC 8829 §5.2.2).
    package var section: UInt16
    /// The position of the simulcast layer among those of the section, or ``noLayer``.
    package var layer: UInt8
    /// The stream's place on the publisher's loop.
    package var place: UInt32
    /// Which of the streams that had this place.
    package var generation: UInt32
    /// The stream's source on the publisher's side.
    package var ssrc: SSRC
    /// Ticks a second of its timestamps.
    package var clockRate: UInt32

    /// Names a stream.
    package init(
        publisher: UInt64, section: UInt16, layer: UInt8, place: UInt32, generation: UInt32,
        ssrc: SSRC, clockRate: UInt32
    ) {
        self.publisher = publisher
        self.section = section
        self.layer = layer
        self.place = place
        self.generation = generation
        self.ssrc = ssrc
        self.clockRate = clockRate
    }
}
