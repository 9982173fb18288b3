// RTP payloads, put together to frames.
// SPDX-License-Identifier: Apache-2.0
package import RTP
import Wire

/// Why the payloads of a frame do not make one.
package enum FrameAssemblyError: Error, Equatable, Sendable {
    /// Frames of this codec are not put together here.
    case unsupportedCodec
    /// A payload cannot be read, or goes on with what never began.
    case malformed
    /// The frame has more than ``FrameAssembler/bytesMax`` bytes.
    case tooLarge
    /// The frame ends in the midst of a unit.
    case truncated
}

/// Puts the payloads of a frame, in order and without gaps, together to what a decoder takes: a VP8 frame, an H.264 access
/// unit in the form of Annex B, a VP9 superframe's frames one after the other, an AV1 temporal unit in the low-overhead
/// form with sizes. Its memory is used again for the next frame.
package struct FrameAssembler: Sendable {
    /// The largest frame in bytes.
    package static let bytesMax = 8 << 20

    private let codec: MediaCodec
    private var bytes: [UInt8] = []
    /// Where the unit begins that is not whole yet; `nil`: none is under way.
    private var openUnit: Int?

    /// Puts frames of one codec together.
    package init(codec: MediaCodec) throws(FrameAssemblyError) {
        switch codec {
        case .vp8, .vp9, .h264, .av1: self.codec = codec
        default: throw .unsupportedCodec
        }
    }

    /// Begins another frame.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        openUnit = nil
    }

    /// Takes the next payload of the frame, without padding. After an error the frame is lost: call ``removeAll()``.
    package mutating func append(_ payload: Span<UInt8>) throws(FrameAssemblyError) {
        guard bytes.count + payload.count <= Self.bytesMax else { throw .tooLarge }
        switch codec {
        case .vp8:
            guard let descriptor = VP8Descriptor.parse(payload),
                descriptor.isStartOfFrame || !bytes.isEmpty
            else { throw .malformed }
            append(payload, from: descriptor.count)
        case .vp9:
            guard let descriptor = VP9Descriptor.parse(payload), descriptor.count < payload.count
            else { throw .malformed }
            append(payload, from: descriptor.count)
        case .h264: try appendUnits(payload)
        case .av1: try appendElements(payload)
        default: throw .unsupportedCodec
        }
    }

    /// The frame, once its last payload was taken.
    /// - Throws: `.truncated`, or `.malformed` if there is nothing in it.
    package func finished() throws(FrameAssemblyError) -> [UInt8] {
        guard openUnit == nil else { throw .truncated }
        guard !bytes.isEmpty else { throw .malformed }
        return bytes
    }

    private mutating func append(_ payload: Span<UInt8>, from offset: Int) {
        append(payload, offset..<payload.count)
    }

    private mutating func append(_ payload: Span<UInt8>, _ range: Range<Int>) {
        bytes.reserveCapacity(bytes.count + range.count)
        for index in range { bytes.append(payload[index]) }
    }

    // MARK: H.264

    private mutating func appendUnits(_ payload: Span<UInt8>) throws(FrameAssemblyError) {
        let isFragment = payload.uint8(at: 0).map { $0 & 0x1F == 28 } ?? false
        var cursor = H264UnitCursor()
        var count = 0
        while let unit = cursor.next(in: payload) {
            count += 1
            if unit.isStart {
                guard openUnit == nil else { throw .malformed }
                bytes.append(contentsOf: [0, 0, 0, 1])
                // A fragment's header byte is split over the first two of its payload.
                if isFragment { bytes.append(payload[0] & 0xE0 | unit.type) }
            } else if openUnit == nil {
                throw .malformed
            }
            append(payload, unit.range)
            openUnit = unit.isEnd ? nil : openUnit ?? bytes.count
        }
        guard count > 0 else { throw .malformed }
    }

    // MARK: AV1

    private mutating func appendElements(_ payload: Span<UInt8>) throws(FrameAssemblyError) {
        guard let header = AV1AggregationHeader.parse(payload),
            header.continuesFirst == (openUnit != nil)
        else { throw .malformed }
        // A temporal delimiter, which is not sent (AOM: RTP Payload Format For AV1 §5).
        if bytes.isEmpty { bytes.append(contentsOf: [0x12, 0x00]) }
        var cursor = AV1ElementCursor(header)
        var pending: Range<Int>?
        var isFirst = true
        var count = 0
        while true {
            let element = cursor.next(in: payload)
            // What came before is whole, unless it is the last and goes on in the next packet.
            if let range = pending {
                let isOpen = element == nil && header.continuesLast
                try take(
                    payload, range, continues: isFirst && header.continuesFirst, isOpen: isOpen)
                isFirst = false
            }
            guard let element else { break }
            pending = element.range
            count += 1
        }
        guard count > 0 else { throw .malformed }
    }

    /// Takes an element: an OBU, or a part of one.
    private mutating func take(
        _ payload: Span<UInt8>, _ range: Range<Int>, continues: Bool, isOpen: Bool
    ) throws(FrameAssemblyError) {
        guard !range.isEmpty else { throw .malformed }
        if !continues { openUnit = bytes.count }
        append(payload, range)
        if !isOpen { try closeOBU() }
    }

    /// Gives the OBU that is whole now a size, if it has none (AV1 specification §5.3).
    private mutating func closeOBU() throws(FrameAssemblyError) {
        guard let start = openUnit, start < bytes.count else { throw .malformed }
        openUnit = nil
        let header = bytes[start]
        // |F| type |X|S|-|
        guard header & 0x80 == 0 else { throw .malformed }
        if header & 0x02 != 0 { return }
        let headCount = header & 0x04 != 0 ? 2 : 1
        guard bytes.count - start >= headCount else { throw .malformed }
        bytes[start] = header | 0x02
        var size = bytes.count - start - headCount
        var field: [UInt8] = []
        repeat {
            let byte = UInt8(size & 0x7F)
            size >>= 7
            field.append(size > 0 ? byte | 0x80 : byte)
        } while size > 0
        bytes.insert(contentsOf: field, at: start + headCount)
    }
}
