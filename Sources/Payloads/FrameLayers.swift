// Which layer a packet belongs to, and where one may climb.
// SPDX-License-Identifier: Apache-2.0

/// What a VP8 or VP9 payload descriptor says of the layer its packet belongs to; all at rest for codecs that say
/// nothing.
package struct FrameLayers: Equatable, Sendable {
    /// The temporal layer, 0 for the base; 0 to 3 for VP8, 0 to 7 for VP9.
    package var temporal: UInt8 = 0
    /// The spatial layer, 0 for the smallest; 0 to 7, VP9 alone.
    package var spatial: UInt8 = 0
    /// VP8: the frame depends on the base layer alone (Y, RFC 7741 §4.2). VP9: no later frame of a higher temporal
    /// layer depends on one before this (U, RFC 9628 §4.2).
    package var isSwitchPoint = false
    /// Whether a frame begins with this packet.
    package var isFrameStart = false

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
    }
}
