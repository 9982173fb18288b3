// Fuzzes the payload descriptors of every codec, keyframe detection, picture sizes and patching.
// SPDX-License-Identifier: Apache-2.0

import Payloads
import RTP
import Wire

/// libFuzzer's entry: reads one input as a payload of each codec; its first three bytes are the patch.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    guard input.count >= 3 else { return 0 }
    let patch = DescriptorPatch(
        pictureID: UInt16(input[0]) << 8 | UInt16(input[1]), tl0PictureIndex: input[2],
        keyIndex: input[2])
    let payload = Array(input[3...])
    for codec in MediaCodec.allCases {
        _ = Keyframe.isKeyframeStart(codec: codec, payload: payload.span)
        _ = Keyframe.pictureSize(codec: codec, payload: payload.span)
        var copy = payload
        var span = copy.mutableSpan
        let fields = DescriptorPatch.apply(codec: codec, payload: &span, patch: patch)
        // The patched payload has the same fields in the same places.
        let again = DescriptorFields.find(codec: codec, payload: copy.span)
        precondition(again.pictureIDOffset == fields.pictureIDOffset)
        precondition(again.tl0Offset == fields.tl0Offset)
        precondition(again.keyIndexOffset == fields.keyIndexOffset)
        var patched = copy.mutableSpan
        DescriptorPatch.restore(fields, in: &patched)
        precondition(copy == payload)
    }
    if let descriptor = VP8Descriptor.parse(payload.span) {
        precondition(descriptor.count < payload.count)
    }
    if let descriptor = VP9Descriptor.parse(payload.span) {
        precondition(descriptor.count < payload.count)
    }
    var units = H264UnitCursor()
    while let unit = units.next(in: payload.span) {
        precondition(unit.range.upperBound <= payload.count)
    }
    if let header = AV1AggregationHeader.parse(payload.span) {
        var elements = AV1ElementCursor(header)
        while let element = elements.next(in: payload.span) {
            precondition(element.range.upperBound <= payload.count)
        }
    }
    _ = Keyframe.layerSizes(codec: .vp9, payload: payload.span)
    if let octet = VP9LayerOctet.ofIndependentFrame(payload.span) {
        precondition(octet.offset < payload.count && octet.spatial < 8)
    }
    fuzzDependencies(payload)
    return 0
}

/// Reads the input as a descriptor, and then each three bytes of it as one that refers to its structure.
private func fuzzDependencies(_ input: [UInt8]) {
    _ = DependencyDescriptor.parse(input.span)
    var structure = DependencyStructure()
    if let descriptor = DependencyDescriptor.parse(input.span, structure: &structure) {
        precondition(descriptor.spatial < 4 && descriptor.temporal < 8)
        precondition(!structure.isEmpty && structure.sizes.count <= 4)
    }
    for start in stride(from: 0, to: input.count, by: DependencyDescriptor.mandatoryCount) {
        let rest = Array(input[start...].prefix(64))
        if let amended = AmendedDescriptor(rest.span, by: structure) {
            var same = structure
            let descriptor = DependencyDescriptor.parse(amended.span, structure: &same)
            let before = DependencyDescriptor.parse(rest.span)
            precondition(descriptor?.frameNumber == before?.frameNumber)
            precondition(AmendedDescriptor(amended.span, by: structure) == nil)
        }
        let part = Array(input[start...].prefix(DependencyDescriptor.mandatoryCount))
        guard let descriptor = DependencyDescriptor.parse(part.span, structure: &structure) else {
            continue
        }
        precondition(descriptor.spatial < 4 && descriptor.temporal < 8)
    }
}
