// What a receiver of a load tells the server of arrivals, as browsers do, without which no bandwidth is estimated.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import PeerTransport
import RTP
import SRTP
import Wire

/// Transport-wide feedback of one client; the numbers stand in headers, so nothing is opened for it.
struct LoadFeedback: ~Copyable {
    /// How often feedback is sent while something comes; libwebrtc sends it each 50 to 250 ms.
    static let interval = MediaDuration.milliseconds(100)
    /// Room that sealing needs behind what is sealed.
    private static let sealMax = 64

    private let extensionID: UInt8
    private let own: SSRC
    private let about: SSRC
    private var arrivals = TransportFeedbackRecorder()
    /// When the next feedback is to be sent; `nil`: there is nothing to tell.
    private(set) var dueAt: MediaInstant?

    /// - Returns: `nil` where feedback was not agreed on, or nothing is received.
    init?(_ media: PeerMedia) {
        guard
            let section = media.sections.first(where: {
                $0.direction == .receives && !$0.declaredSSRCs.isEmpty
                    && $0.codecs.contains(where: \.hasTransportCC)
            }), let id = section.extensionID(.transportSequenceNumber),
            let ssrc = section.declaredSSRCs.first
        else { return nil }
        extensionID = id
        about = SSRC(ssrc)
        own = SSRC(1)
    }

    /// Notes a packet, sealed or not.
    /// - Returns: Whether ``dueAt`` is another than before.
    mutating func note(
        _ header: RTPHeader, in packet: Span<UInt8>, at now: MediaInstant
    ) -> Bool {
        var elements = HeaderExtensionCursor(header)
        while let element = elements.next(in: packet) {
            guard element.id == extensionID, element.range.count == 2,
                let number = packet.uint16(at: element.range.lowerBound)
            else { continue }
            arrivals.record(sequence: SequenceNumber(number), at: now)
            guard dueAt == nil else { return false }
            dueAt = now + Self.interval
            return true
        }
        return false
    }

    /// Writes and seals what is due.
    /// - Returns: Its size; `nil` if nothing is, or no more than was written already.
    mutating func write(
        into target: inout MutableSpan<UInt8>, through transport: inout PeerTransport,
        at now: MediaInstant
    ) -> Int? {
        guard let due = dueAt, due <= now else { return nil }
        let room = target.count - Self.sealMax
        guard room > TransportFeedbackRecorder.feedbackBytesMin else { return nil }
        var plain = 0
        var isWritten = false
        unsafe target.withUnsafeMutableBufferPointer { buffer in
            // The output covers the caller's memory and does not leave this closure.
            let part = unsafe UnsafeMutableBufferPointer(rebasing: buffer[..<room])
            var output = unsafe OutputSpan(buffer: part, initializedCount: 0)
            isWritten = arrivals.makeFeedback(into: &output, senderSSRC: own, mediaSSRC: about)
            plain = unsafe output.finalize(for: part)
        }
        if !isWritten || !arrivals.hasPending { dueAt = nil }
        guard isWritten else { return nil }
        return (try? transport.sealRTCP(&target, count: plain)) ?? nil
    }
}
