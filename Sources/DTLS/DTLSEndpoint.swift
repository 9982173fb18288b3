// One side of a DTLS 1.2 session (RFC 6347): SRTP keys (RFC 5764) and application data.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// A DTLS endpoint without a socket or a clock: datagrams and time are passed in, datagrams and
/// events polled.
///
/// It expects datagrams only from an address that has passed an ICE check. OpenSSL does the
/// protocol; its random numbers are the one thing that is not told from outside.
package struct DTLSEndpoint: ~Copyable {
    private enum Phase {
        case handshaking(DTLSHandshake)
        case connected(DTLSConnection)
        case ended
    }

    private let role: DTLSRole
    private let fingerprints: AcceptedFingerprints
    private var phase: Phase
    private var outbox: DTLSOutbox
    private var events: [DTLSEvent]
    private var dropped: DTLSCounters

    /// Makes an endpoint; a client's ClientHello can be polled at once.
    /// - Parameters:
    ///   - role: Which side it takes.
    ///   - context: Certificate and SRTP profiles.
    ///   - acceptedFingerprints: What signalling said of the peer's certificate. It must match one
    ///     of those with the strongest known digest.
    ///   - now: The current time; the handshake has 30 s from it.
    ///   - pathBytesMax: The longest datagram to send, in bytes; 256 to 2,048.
    package init(
        role: DTLSRole, context: DTLSContext, acceptedFingerprints: [DTLSFingerprint],
        at now: MediaInstant, pathBytesMax: Int = DTLSLimits.pathBytesMax
    ) throws(DTLSError) {
        guard let fingerprints = AcceptedFingerprints(acceptedFingerprints) else {
            throw .noUsableFingerprint
        }
        var outbox = DTLSOutbox()
        var handshake = DTLSHandshake(
            role: role, context: context, pathBytesMax: pathBytesMax, at: now)
        if role == .client { try handshake.begin(outbox: &outbox, at: now) }
        self.role = role
        self.fingerprints = fingerprints
        self.outbox = outbox
        events = []
        dropped = DTLSCounters()
        phase = .handshaking(handshake)
    }

    /// Whether a datagram is DTLS by its first byte (RFC 7983 §7).
    package static func isDTLS(_ datagram: Span<UInt8>) -> Bool {
        datagram.uint8(at: 0).map { 20...63 ~= $0 } ?? false
    }

    /// What has been dropped so far, by reason.
    package var counters: DTLSCounters {
        var counters = dropped
        counters.unsentDatagrams = outbox.dropped
        return counters
    }

    /// Whether keys were exported and neither side has closed.
    package var isConnected: Bool {
        if case .connected = phase { return true }
        return false
    }

    /// When `advance` must be called; `nil` when nothing is pending.
    package var nextDeadline: MediaInstant? {
        if case .handshaking(let handshake) = phase { return handshake.nextDeadline }
        return nil
    }

    /// Takes a datagram. Whatever it holds, the worst that comes of it is that it is dropped and
    /// counted.
    package mutating func receive(_ datagram: Span<UInt8>, at now: MediaInstant) {
        guard datagram.count <= DTLSLimits.datagramBytesMax else {
            dropped.oversizedDatagrams += 1
            return
        }
        var peerMissesLastFlight = false
        var offset = 0
        while offset < datagram.count {
            guard let record = DTLSRecord.parse(in: datagram, at: offset) else {
                dropped.malformedRecords += 1
                break
            }
            offset = record.range.upperBound
            switch phase {
            case .handshaking(var handshake):
                phase = .ended  // the handshake is changed in place, not as a copy
                let outcome = handshake.take(
                    record, of: datagram, outbox: &outbox, counters: &dropped, at: now)
                settle(handshake, outcome, at: now)
            case .connected(let connection):
                let findings = connection.take(record, of: datagram, counters: &dropped)
                peerMissesLastFlight = peerMissesLastFlight || findings.missesLastFlight
                report(findings, of: connection)
            case .ended:
                dropped.unexpectedRecords += 1
            }
        }
        if peerMissesLastFlight, case .connected(var connection) = phase {
            phase = .ended
            outbox.append(connection.lastFlightAgain())
            phase = .connected(connection)
        }
    }

    /// Repeats flights that are due and gives up a handshake that took too long.
    package mutating func advance(to now: MediaInstant) {
        guard case .handshaking(var handshake) = phase else { return }
        phase = .ended
        let outcome = handshake.advance(to: now, outbox: &outbox, counters: &dropped)
        settle(handshake, outcome, at: now)
    }

    /// Writes the next datagram to send; false if there is none.
    /// - Parameter output: Needs room for `DTLSLimits.pathBytesMax` bytes; a datagram that does not
    ///   fit is dropped.
    package mutating func pollTransmit(into output: inout OutputSpan<UInt8>) -> Bool {
        outbox.next(into: &output)
    }

    /// The next event; `nil` if there is none.
    package mutating func pollEvent() -> DTLSEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }

    /// Sends application data as one datagram.
    /// - Returns: False if the endpoint is not connected or the data is empty or does not fit one
    ///   datagram.
    package mutating func send(_ applicationData: Span<UInt8>) -> Bool {
        guard case .connected(let connection) = phase, connection.write(applicationData) else {
            return false
        }
        outbox.append(connection.takeDatagrams())
        return true
    }

    /// Ends the session; a connected peer is told so by what can be polled next.
    package mutating func close() {
        if case .connected(let connection) = phase {
            connection.shutdown()
            outbox.append(connection.takeDatagrams())
        }
        phase = .ended
    }

    private mutating func report(_ findings: DTLSConnection.Findings, of connection: DTLSConnection)
    {
        for data in findings.data {
            if events.count < DTLSLimits.eventsMax {
                events.append(.applicationData(data))
            } else {
                dropped.unpolledData += 1
            }
        }
        if findings.isOver {
            connection.shutdown()
            phase = .ended
            events.append(.closed)
        }
        outbox.append(connection.takeDatagrams())
    }

    private mutating func settle(
        _ handshake: DTLSHandshake, _ outcome: DTLSHandshake.Outcome, at now: MediaInstant
    ) {
        switch outcome {
        case .goesOn:
            phase = .handshaking(handshake)
        case .finished(let attempt):
            complete(attempt)
        case .failed(let failure):
            phase = .ended
            events.append(.failed(failure))
            if case .refused = failure { outbox.append(fatalAlert: Alert.handshakeFailure) }
        }
    }

    // The certificate is compared before a key is exported or the last flight leaves.
    private mutating func complete(_ attempt: DTLSAttempt) {
        let session = attempt.session
        phase = .ended
        guard fingerprints.accept(certificate: session.peerCertificate) else {
            session.discardDatagrams()
            outbox.append(fatalAlert: Alert.badCertificate)
            events.append(.failed(.fingerprintMismatch))
            return
        }
        let lastFlight = session.takeDatagrams()
        outbox.append(lastFlight)
        guard let keys = session.exportKeys(role: role) else {
            // The peer completes too and finds by itself that nothing was agreed on.
            session.shutdown()
            outbox.append(session.takeDatagrams())
            events.append(.failed(.noCommonSRTPProfile))
            return
        }
        let connection = DTLSConnection(role: role, session: session, lastFlight: lastFlight)
        phase = .connected(connection)
        events.append(.connected(keys))
        // Records that came before the keys wait inside OpenSSL.
        report(connection.readPending(), of: connection)
    }

    private enum Alert {
        static let handshakeFailure: UInt8 = 40
        static let badCertificate: UInt8 = 42
    }
}
