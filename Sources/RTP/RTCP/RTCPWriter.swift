// Writing RTCP packets one behind the other into a compound datagram.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Appends RTCP packets to a datagram.
///
/// Each function writes a whole packet or, where there is no room for it, nothing, and says which.
package enum RTCPWriter {
    /// The most report blocks one packet holds (RFC 3550 §6.4.1).
    package static let reportBlocksMax = 31
    /// The longest canonical name written, in bytes (RFC 3550 §6.5).
    package static let canonicalNameBytesMax = 255

    /// Appends a sender report with its report blocks (RFC 3550 §6.4.1); blocks past 31 are left out.
    @discardableResult
    package static func senderReport(
        _ report: SenderReport, blocks: Span<ReceptionReportBlock> = .init(),
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let blockCount = Swift.min(blocks.count, reportBlocksMax)
        let bodyCount = SenderReport.bodyCount + blockCount * ReceptionReportBlock.byteCount
        guard
            head(
                RTCPType.senderReport, UInt8(truncatingIfNeeded: blockCount), bodyCount, &output)
        else { return false }
        output.append(uint32: report.ssrc.rawValue)
        output.append(uint64: report.ntp.rawValue)
        output.append(uint32: report.rtpTimestamp.rawValue)
        output.append(uint32: report.packetCount)
        output.append(uint32: report.octetCount)
        for index in 0..<blockCount { append(blocks[index], &output) }
        return true
    }

    /// Appends a receiver report (RFC 3550 §6.4.2); blocks past 31 are left out.
    @discardableResult
    package static func receiverReport(
        from reporter: SSRC, blocks: Span<ReceptionReportBlock> = .init(),
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let blockCount = Swift.min(blocks.count, reportBlocksMax)
        let bodyCount = 4 + blockCount * ReceptionReportBlock.byteCount
        guard
            head(
                RTCPType.receiverReport, UInt8(truncatingIfNeeded: blockCount), bodyCount, &output)
        else { return false }
        output.append(uint32: reporter.rawValue)
        for index in 0..<blockCount { append(blocks[index], &output) }
        return true
    }

    /// Appends a source description of one source with its canonical name (RFC 3550 §6.5.1); bytes of the
    /// name past 255 are left out.
    @discardableResult
    package static func sourceDescription(
        of ssrc: SSRC, canonicalName: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let nameCount = Swift.min(canonicalName.count, canonicalNameBytesMax)
        // At least one zero byte ends the list of items, then zeros up to a whole word.
        let chunkCount = (4 + 2 + nameCount + 1 + 3) / 4 * 4
        guard head(RTCPType.sourceDescription, 1, chunkCount, &output) else { return false }
        output.append(uint32: ssrc.rawValue)
        output.append(SourceDescriptionItem.canonicalNameType)
        output.append(UInt8(truncatingIfNeeded: nameCount))
        for index in 0..<nameCount { output.append(canonicalName[index]) }
        for _ in (6 + nameCount)..<chunkCount { output.append(0) }
        return true
    }

    /// Appends a BYE for up to 31 sources, without a reason (RFC 3550 §6.6).
    @discardableResult
    package static func goodbye(
        _ sources: Span<SSRC>, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let count = Swift.min(sources.count, 31)
        guard head(RTCPType.goodbye, UInt8(truncatingIfNeeded: count), 4 * count, &output) else {
            return false
        }
        for index in 0..<count { output.append(uint32: sources[index].rawValue) }
        return true
    }

    /// Appends a NACK for packets of one source (RFC 4585 §6.2.1).
    /// - Parameter lost: In the order of sending; each within 16 of the entry's first shares its entry.
    /// - Returns: How many of `lost` were written: all, or as many as there is room for; 0 for none.
    @discardableResult
    package static func nack(
        from sender: SSRC, about media: SSRC, lost: Span<SequenceNumber>,
        into output: inout OutputSpan<UInt8>
    ) -> Int {
        guard !lost.isEmpty, output.freeCapacity >= 16 else { return 0 }
        let entriesMax = Swift.min((output.freeCapacity - 12) / 4, 65_533)
        var entries = 0
        var index = 0
        while index < lost.count, entries < entriesMax {
            index = entryEnd(of: lost, from: index).end
            entries += 1
        }
        let written = index
        guard
            head(RTCPType.transportFeedback, RTCPFeedbackFormat.nack, 8 + 4 * entries, &output)
        else { return 0 }
        output.append(uint32: sender.rawValue)
        output.append(uint32: media.rawValue)
        index = 0
        while index < written {
            let (end, mask) = entryEnd(of: lost, from: index)
            output.append(uint16: lost[index].rawValue)
            output.append(uint16: mask)
            index = end
        }
        return written
    }

    /// Appends a picture loss indication (RFC 4585 §6.3.1).
    @discardableResult
    package static func pictureLossIndication(
        from sender: SSRC, about media: SSRC, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard head(RTCPType.payloadFeedback, RTCPFeedbackFormat.pictureLoss, 8, &output) else {
            return false
        }
        output.append(uint32: sender.rawValue)
        output.append(uint32: media.rawValue)
        return true
    }

    /// Appends a full intra request to one source (RFC 5104 §4.3.1).
    /// - Parameter commandNumber: One more for each new request, the same for a repeated one.
    @discardableResult
    package static func fullIntraRequest(
        from sender: SSRC, to media: SSRC, commandNumber: UInt8,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard head(RTCPType.payloadFeedback, RTCPFeedbackFormat.fullIntra, 16, &output) else {
            return false
        }
        output.append(uint32: sender.rawValue)
        output.append(uint32: 0)
        output.append(uint32: media.rawValue)
        output.append(commandNumber)
        output.append(uint24: 0)
        return true
    }

    /// Appends an estimate shared by up to 255 sources (draft-alvestrand-rmcat-remb-03 §2.2).
    ///
    /// The estimate is rounded down to 18 significant bits.
    @discardableResult
    package static func receiverEstimatedMaximumBitrate(
        from sender: SSRC, bitsPerSecond: UInt64, sources: Span<SSRC>,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let count = Swift.min(sources.count, 255)
        guard
            head(
                RTCPType.payloadFeedback, RTCPFeedbackFormat.application, 16 + 4 * count, &output)
        else { return false }
        let exponent = Swift.max(0, 46 - bitsPerSecond.leadingZeroBitCount)
        let mantissa = UInt32(truncatingIfNeeded: bitsPerSecond >> UInt64(exponent))
        output.append(uint32: sender.rawValue)
        output.append(uint32: 0)
        output.append(uint32: RTCPFeedbackFormat.rembName)
        output.append(UInt8(truncatingIfNeeded: count))
        output.append(uint24: UInt32(exponent) << 18 | mantissa)
        for index in 0..<count { output.append(uint32: sources[index].rawValue) }
        return true
    }

    /// Appends the 4-byte head if the whole packet has room; `bodyCount` is a multiple of 4.
    static func head(
        _ type: UInt8, _ countOrFormat: UInt8, _ bodyCount: Int, hasPadding: Bool = false,
        _ output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= 4 + bodyCount else { return false }
        output.append(0x80 | (hasPadding ? 0x20 : 0) | (countOrFormat & 0x1F))
        output.append(type)
        output.append(uint16: UInt16(truncatingIfNeeded: bodyCount / 4))
        return true
    }

    private static func append(_ block: ReceptionReportBlock, _ output: inout OutputSpan<UInt8>) {
        output.append(uint32: block.ssrc.rawValue)
        output.append(block.fractionLost)
        let lost = Swift.max(-0x80_0000, Swift.min(0x7F_FFFF, block.cumulativeLost))
        output.append(uint24: UInt32(bitPattern: lost))
        output.append(uint32: block.extendedHighest)
        output.append(uint32: block.jitter)
        output.append(uint32: block.lastSR)
        output.append(uint32: block.delaySinceLastSR)
    }

    /// Where the entry that begins at `start` ends, and its mask.
    private static func entryEnd(
        of lost: Span<SequenceNumber>, from start: Int
    ) -> (end: Int, mask: UInt16) {
        var mask: UInt16 = 0
        var index = start + 1
        while index < lost.count {
            let step = lost[index].distance(from: lost[start])
            guard (0...16).contains(step) else { break }
            if step > 0 { mask |= 1 << UInt16(step - 1) }
            index += 1
        }
        return (index, mask)
    }
}
