// One handshake that an endpoint tries, with the flight it repeats until it is answered.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// A handshake in progress.
final class DTLSAttempt {
    let session: DTLSSession
    /// The ClientHello that began it (servers only).
    var hello = DTLSHelloFragments()
    /// The datagrams sent last, unnumbered.
    private(set) var flight: [[UInt8]] = []
    /// Whether our Finished is sent, so that only the peer's last flight is missing.
    private(set) var hasSentFinished = false
    /// When the flight is repeated; `nil` before the first.
    private(set) var repeatAt: MediaInstant?
    /// When the flight was sent first.
    private(set) var flightBegan: MediaInstant
    private var backoff = DTLSLimits.backoffMin
    private var bytesTaken = 0
    private var encryptedRecordsTaken = 0
    private var sequence: UInt64 = 0

    init(session: DTLSSession, at now: MediaInstant) {
        self.session = session
        flightBegan = now
    }

    /// Whether a server has answered its ClientHello.
    var hasAnswered: Bool { !flight.isEmpty }

    /// Whether one more record stays within the limits; counts it if so.
    func admit(_ record: DTLSRecord) -> Bool {
        guard bytesTaken + record.range.count <= DTLSLimits.attemptBytesMax else { return false }
        if record.epoch > 0 {
            guard encryptedRecordsTaken < DTLSLimits.earlyRecordsMax else { return false }
            encryptedRecordsTaken += 1
        }
        bytesTaken += record.range.count
        return true
    }

    /// Takes one record and carries the handshake on.
    ///
    /// An unprotected record is numbered anew, by arrival: anybody can write a high number, after
    /// which OpenSSL's replay window would shut the peer's own records out. Handshake messages have
    /// numbers of their own.
    func take(_ record: DTLSRecord, of datagram: Span<UInt8>) -> DTLSSession.Progress {
        let span = datagram.extracting(record.range)
        guard record.epoch == 0 else { return session.handshake(span) }
        var copy = span.copied()
        DTLSRecord.setSequence(sequence, ofRecordAt: 0, in: &copy)
        sequence += 1
        return session.handshake(copy.span)
    }

    /// Takes what OpenSSL wrote. If it is anything, the peer has answered the flight before it.
    func collectFlight(at now: MediaInstant) -> [[UInt8]] {
        let written = session.takeDatagrams()
        guard !written.isEmpty else { return [] }
        flight = written
        hasSentFinished = hasSentFinished || written.contains(where: Self.isEncryptedInPart)
        flightBegan = now
        backoff = DTLSLimits.backoffMin
        repeatAt = now + backoff
        return written
    }

    /// The flight again, if it is time.
    func flightToRepeat(at now: MediaInstant) -> [[UInt8]] {
        guard let due = repeatAt, due <= now else { return [] }
        session.retransmitIfDue()
        let rewritten = session.takeDatagrams()
        if !rewritten.isEmpty { flight = rewritten }
        backoff = min(backoff * 2, DTLSLimits.backoffMax)
        repeatAt = now + backoff
        return flight
    }

    private static func isEncryptedInPart(_ datagram: [UInt8]) -> Bool {
        var offset = 0
        while let record = DTLSRecord.parse(in: datagram.span, at: offset) {
            if record.epoch > 0 { return true }
            offset = record.range.upperBound
        }
        return false
    }
}

/// The pieces of a ClientHello seen so far, to tell its repetition from another one.
struct DTLSHelloFragments {
    private var messageCount: Int?
    private var fragments: [(offset: Int, bytes: [UInt8])] = []

    /// Whether a fragment can belong to the same ClientHello: same length, same bytes where both
    /// are known.
    func match(_ fragment: DTLSHandshakeFragment, in datagram: Span<UInt8>) -> Bool {
        guard let messageCount else { return true }
        guard messageCount == fragment.messageCount else { return false }
        for known in fragments {
            let start = max(known.offset, fragment.offset)
            let end = min(known.offset + known.bytes.count, fragment.offset + fragment.body.count)
            var position = start
            while position < end {
                let new = datagram.uint8(at: fragment.body.lowerBound + position - fragment.offset)
                if new != known.bytes[position - known.offset] { return false }
                position += 1
            }
        }
        return true
    }

    /// Remembers a fragment, within limits.
    mutating func insert(_ fragment: DTLSHandshakeFragment, in datagram: Span<UInt8>) {
        messageCount = fragment.messageCount
        let isKnown = fragments.contains {
            $0.offset <= fragment.offset
                && fragment.offset + fragment.body.count <= $0.offset + $0.bytes.count
        }
        guard !isKnown, fragments.count < DTLSLimits.helloFragmentsMax else { return }
        fragments.append((fragment.offset, datagram.extracting(fragment.body).copied()))
    }
}
