// The head of the dependency descriptor, the header extension AV1 names its frames by.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The mandatory fields of a dependency descriptor (AOM: RTP Payload Format For AV1, appendix A.8.2).
///
/// ```
/// |S|E|  template_id   |          frame_number          |  T|A|D|F|C| ... (only in longer descriptors)
/// ```
/// Enough to keep frame numbers continuous over a change of source: they stand in whole bytes.
package struct DependencyDescriptor: Equatable, Sendable {
    /// Bytes of the mandatory fields.
    package static let mandatoryCount = 3
    /// Where the 16 bits of the frame number stand, from the descriptor's start.
    package static let frameNumberOffset = 1

    /// Whether a frame begins with this packet.
    package var isStartOfFrame: Bool
    /// Whether a frame ends with this packet.
    package var isEndOfFrame: Bool
    /// The template the frame's dependencies are taken from, 0 to 63.
    package var templateID: UInt8
    /// The frame's running number; wraps.
    package var frameNumber: UInt16
    /// Whether the template structure is attached: a keyframe's first packet.
    package var hasTemplateStructure: Bool

    /// Reads the data of the extension element; `nil` if they are shorter than the mandatory fields.
    package static func parse(_ data: Span<UInt8>) -> DependencyDescriptor? {
        guard let first = data.uint8(at: 0), let number = data.uint16(at: frameNumberOffset) else {
            return nil
        }
        return DependencyDescriptor(
            isStartOfFrame: first & 0x80 != 0, isEndOfFrame: first & 0x40 != 0,
            templateID: first & 0x3F, frameNumber: number,
            hasTemplateStructure: (data.uint8(at: mandatoryCount) ?? 0) & 0x80 != 0)
    }
}
