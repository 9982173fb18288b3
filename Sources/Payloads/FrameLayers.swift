// Which layer a packet belongs to, and where one may climb.
// SPDX-License-Identifier: Apache-2.0

/// What a VP8 or VP9 payload descriptor, or the dependency descriptor of AV1, says of the layer its packet belongs to;
/// all at rest where nothing is said.
package struct FrameLayers: Equatable, Sendable {
    /// The temporal layer, 0 for the base; 0 to 3 for VP8, 0 to 7 for the others.
    package var temporal: UInt8 = 0
    /// The spatial layer within the stream, 0 for the smallest; 0 to 7, always 0 for VP8.
    package var spatial: UInt8 = 0
    /// VP8: the frame depends on the base layer alone (Y, RFC 7741 §4.2). Else: no later frame of a higher temporal
    /// layer depends on one before this (U, RFC 9628 §4.2; decode target indication "switch" for all of them).
    package var isSwitchPoint = false
    /// Whether a frame (one spatial layer of a picture) begins with this packet.
    package var isFrameStart = false
    /// Whether a frame ends with this packet; never said for VP8.
    package var isFrameEnd = false
    /// Whether the frame can do without pictures before its own: one may climb to its spatial layer here from the one
    /// below. Never said for VP8.
    package var isIndependent = false
    /// Whether the packet says which layers there are, and how large.
    package var hasStructure = false

    /// A packet of a stream without layers.
    package init() {}

    /// Takes what a VP8 descriptor says.
    package init(_ descriptor: VP8Descriptor) {
        temporal = descriptor.temporalLayer ?? 0
        isSwitchPoint = descriptor.isLayerSync
        isFrameStart = descriptor.isStartOfFrame
    }

    /// Takes what a VP9 descriptor says.
    package init(_ descriptor: VP9Descriptor) {
        temporal = descriptor.temporalLayer ?? 0
        spatial = descriptor.spatialLayer ?? 0
        isSwitchPoint = descriptor.isSwitchingUpPoint
        isFrameStart = descriptor.isStartOfFrame
        isFrameEnd = descriptor.isEndOfFrame
        isIndependent = !descriptor.isInterPicturePredicted
        hasStructure = descriptor.spatialLayerCount != nil
    }
}
