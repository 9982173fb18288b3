// What the dependency descriptors of one AV1 stream have said so far.
// SPDX-License-Identifier: Apache-2.0
package import Payloads
import RTP
package import Wire

/// Keeps the template structure of a stream and tells the layer of each packet.
package struct DependencyTracker: Sendable {
    private var structure = DependencyStructure()
    /// The packet that brought the structure.
    private var structureAt = ExtendedSequenceNumber(0)
    /// The picture that is coming, and the number of its first frame.
    private var picture: (timestamp: RTPTimestamp, firstFrame: UInt16) = (RTPTimestamp(0), 0)

    /// Nothing said yet.
    package init() {}

    /// The sizes of the stream's spatial layers; empty where none were named.
    package var sizes: LayerSizes { structure.sizes }

    /// Reads the descriptor of a packet.
    /// - Returns: Where the packet belongs, with the frame's number as the picture's: no layer where no structure has
    ///   come that it refers to. `nil` if it is no descriptor, or too long to be passed on.
    package mutating func read(
        _ data: Span<UInt8>, sequence: ExtendedSequenceNumber, timestamp: RTPTimestamp
    ) -> DescriptorFields? {
        guard data.count <= DependencyDescriptor.byteCountMax,
            let head = DependencyDescriptor.parse(data)
        else { return nil }
        var fields = DescriptorFields()
        fields.pictureID = head.frameNumber
        let isLate = head.hasTemplateStructure && sequence < structureAt
        guard let descriptor = isLate ? readLate(data) : read(data, at: sequence) else {
            return fields
        }
        let isNew = timestamp.distance(from: picture.timestamp) > 0
        if isNew || (head.hasTemplateStructure && !isLate) {
            picture = (timestamp, descriptor.frameNumber)
        }
        fields.layers.spatial = descriptor.spatial
        fields.layers.temporal = descriptor.temporal
        fields.layers.isSwitchPoint = descriptor.isSwitchPoint
        fields.layers.isFrameStart = descriptor.isStartOfFrame
        fields.layers.isFrameEnd = descriptor.isEndOfFrame
        fields.layers.hasStructure = head.hasTemplateStructure && !isLate
        // What a frame refers to within its own picture are the smaller layers.
        let within = descriptor.frameNumber &- picture.firstFrame
        fields.layers.isIndependent = timestamp == picture.timestamp && descriptor.reach <= within
        return fields
    }

    /// The descriptor of a packet just read, its frame referring to the one right before as well; `nil` if it does so
    /// already, or cannot.
    package func referringToLast(_ data: Span<UInt8>) -> AmendedDescriptor? {
        AmendedDescriptor(data, by: structure)
    }

    private mutating func read(
        _ data: Span<UInt8>, at sequence: ExtendedSequenceNumber
    ) -> DependencyDescriptor? {
        guard let descriptor = DependencyDescriptor.parse(data, structure: &structure) else {
            return nil
        }
        if descriptor.hasTemplateStructure { structureAt = sequence }
        return descriptor
    }

    /// A late packet must not bring an old structure back.
    private func readLate(_ data: Span<UInt8>) -> DependencyDescriptor? {
        var old = DependencyStructure()
        return DependencyDescriptor.parse(data, structure: &old)
    }
}
