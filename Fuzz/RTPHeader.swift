// Fuzzes the RTP header reader, its extensions and the unwrapping of retransmissions.
// SPDX-License-Identifier: Apache-2.0

import RTP
import Wire

/// libFuzzer's entry: reads one input as an RTP packet.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let packet = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    guard let header = try? RTPHeader.parse(packet.span) else { return 0 }
    precondition(header.headerCount <= packet.count)
    var cursor = HeaderExtensionCursor(header)
    while let element = cursor.next(in: packet.span) {
        precondition(element.range.upperBound <= header.headerCount)
        _ = header.extensionRange(id: element.id, in: packet.span)
        _ = header.audioLevel(id: element.id, in: packet.span)
        _ = header.transportSequenceNumber(id: element.id, in: packet.span)
    }
    for index in 0..<header.csrcCount {
        precondition(header.csrc(at: index, in: packet.span) != nil)
    }
    if let payload = try? header.payloadRange(in: packet.span) {
        precondition(payload.upperBound <= packet.count)
    }
    _ = header.isPaddingOnly(in: packet.span)
    var copy = packet
    var span = copy.mutableSpan
    let original = RTPRetransmission.unwrap(&span, header: header, ssrc: SSRC(1), payloadType: 96)
    if let original {
        let again = try? RTPHeader.parse(copy.span.extracting(original))
        precondition(again?.headerCount == header.headerCount)
    } else {
        precondition(copy == packet)
    }
    return 0
}
