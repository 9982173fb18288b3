// The time before keys: what reaches OpenSSL, what is repeated, and what follows a break.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// An endpoint's handshake, made of one or more attempts.
///
/// Until it is complete nothing in a DTLS 1.2 handshake is authentic, and OpenSSL ends a session
/// over the first wrong byte. So a broken attempt is dropped silently and another one may succeed:
/// a client begins anew, and a server starts one attempt for each different ClientHello and shows
/// what follows to all of them; the one whose keys are the peer's completes. A forged message can
/// therefore cost time, not the connection.
struct DTLSHandshake {
    /// What a step came to.
    enum Outcome {
        case goesOn
        case finished(DTLSAttempt)
        case failed(DTLSFailure)
    }

    private let role: DTLSRole
    private let context: DTLSContext
    private let pathBytesMax: Int
    private var attempts: [DTLSAttempt] = []
    /// The one attempt whose flight is repeated: the latest whose ClientHello was sent or seen.
    /// Repeating others would show a peer that began anew the answers to what it has forgotten, and
    /// break its handshake again.
    private var active: DTLSAttempt?
    /// When a client whose attempt broke begins anew; until then what comes belongs to the broken
    /// one.
    private var beginsAnewAt: MediaInstant?
    private var attemptsMade = 0
    private var failures = 0
    private var lastReason: String?
    /// What the peer's last unprotected fatal alert said, and until when the handshake may prove it
    /// wrong.
    private var peerAlert: (description: UInt8, endsAt: MediaInstant)?
    private let endsAt: MediaInstant

    init(role: DTLSRole, context: DTLSContext, pathBytesMax: Int, at now: MediaInstant) {
        self.role = role
        self.context = context
        self.pathBytesMax = pathBytesMax
        endsAt = now + DTLSLimits.handshakeTimeMax
    }

    /// When `advance` has something to do.
    var nextDeadline: MediaInstant {
        var next = min(endsAt, peerAlert?.endsAt ?? endsAt)
        if let due = active?.repeatAt { next = min(next, due) }
        if let beginsAnewAt { next = min(next, beginsAnewAt) }
        return next
    }

    /// Sends a client's ClientHello.
    mutating func begin(outbox: inout DTLSOutbox, at now: MediaInstant) throws(DTLSError) {
        guard let attempt = newAttempt(at: now) else { throw .outOfMemory }
        _ = attempt.session.begin()
        outbox.append(attempt.collectFlight(at: now))
    }

    private mutating func newAttempt(at now: MediaInstant) -> DTLSAttempt? {
        guard attemptsMade < DTLSLimits.attemptsMax,
            let session = DTLSSession(context: context, role: role, pathBytesMax: pathBytesMax)
        else { return nil }
        attemptsMade += 1
        let attempt = DTLSAttempt(session: session, at: now)
        if attempts.count >= DTLSLimits.attemptsAtOnceMax { attempts.removeFirst() }
        attempts.append(attempt)
        active = attempt
        return attempt
    }

    // MARK: Records

    /// Takes one record.
    mutating func take(
        _ record: DTLSRecord, of datagram: Span<UInt8>, outbox: inout DTLSOutbox,
        counters: inout DTLSCounters, at now: MediaInstant
    ) -> Outcome {
        switch (record.kind, record.epoch) {
        case (.alert, 0):
            note(alert: record, in: datagram, counters: &counters, at: now)
            return .goesOn
        case (.handshake, 0):
            let sender: DTLSRole = role == .server ? .client : .server
            guard let first = DTLSHandshakeFragment.first(of: record, in: datagram, from: sender)
            else {
                counters.malformedRecords += 1
                return .goesOn
            }
            if first.kind == .clientHello {
                return take(
                    hello: first, record, of: datagram, outbox: &outbox, counters: &counters,
                    at: now)
            }
        case (.changeCipherSpec, 0):
            guard record.body.count == 1, datagram.uint8(at: record.body.lowerBound) == 1 else {
                counters.malformedRecords += 1
                return .goesOn
            }
        case (.handshake, 1), (.applicationData, 1), (.alert, 1):
            // Nonce and tag at least: OpenSSL ends the session over less with some ciphers.
            guard record.body.count >= 25 else {
                counters.malformedRecords += 1
                return .goesOn
            }
        default:
            counters.unexpectedRecords += 1
            return .goesOn
        }
        // What follows the hellos; before them nobody can have sent it to this endpoint.
        let recipients = attempts.filter { $0.hasAnswered }
        if recipients.isEmpty { counters.unexpectedRecords += 1 }
        return feed(
            record, of: datagram, to: recipients, outbox: &outbox, counters: &counters, at: now)
    }

    private mutating func take(
        hello fragment: DTLSHandshakeFragment, _ record: DTLSRecord, of datagram: Span<UInt8>,
        outbox: inout DTLSOutbox, counters: inout DTLSCounters, at now: MediaInstant
    ) -> Outcome {
        // We never ask for a second ClientHello, so it is always the peer's first message.
        guard fragment.messageSequence == 0 else {
            counters.unexpectedRecords += 1
            return .goesOn
        }
        var matching = attempts.filter { $0.hello.match(fragment, in: datagram) }
        if matching.isEmpty {
            guard let attempt = newAttempt(at: now) else {
                counters.recordsOverLimit += 1
                return .goesOn
            }
            matching = [attempt]
        }
        // An attempt that has answered repeats its flight by its own timer.
        active = matching.last
        matching.removeAll { $0.hasAnswered }
        for attempt in matching { attempt.hello.insert(fragment, in: datagram) }
        return feed(
            record, of: datagram, to: matching, outbox: &outbox, counters: &counters, at: now)
    }

    private mutating func feed(
        _ record: DTLSRecord, of datagram: Span<UInt8>, to recipients: [DTLSAttempt],
        outbox: inout DTLSOutbox, counters: inout DTLSCounters, at now: MediaInstant
    ) -> Outcome {
        for attempt in recipients {
            guard attempt.admit(record) else {
                counters.recordsOverLimit += 1
                continue
            }
            switch attempt.take(record, of: datagram) {
            case .needsMore:
                let flight = attempt.collectFlight(at: now)
                if !flight.isEmpty { peerAlert = nil }  // the peer goes on: it was not its alert
                outbox.append(flight)
            case .finished:
                return .finished(attempt)
            case .fatal:
                counters.brokenAttempts += 1
                if let failure = abandon(attempt, at: now) {
                    return .failed(failure)
                }
            }
        }
        return .goesOn
    }

    /// Drops a broken attempt without a word: an alert would end the peer's good one. Returns the
    /// failure if there is nothing left to try.
    private mutating func abandon(_ attempt: DTLSAttempt, at now: MediaInstant) -> DTLSFailure? {
        let reason = attempt.session.failureReason
        lastReason = reason
        failures += 1
        attempts.removeAll { $0 === attempt }
        if active === attempt { active = attempts.last }
        guard attempts.isEmpty else { return nil }
        guard failures < DTLSLimits.failuresMax else { return .refused(reason: reason) }
        if role == .client {
            let pause = DTLSLimits.backoffMin * (1 << Int64(failures - 1))
            beginsAnewAt = now + min(pause, DTLSLimits.backoffMax)
        }
        return nil
    }

    // Anybody can write an unprotected alert, so it does not end the handshake; but a handshake
    // that does not complete soon after it will not.
    private mutating func note(
        alert record: DTLSRecord, in datagram: Span<UInt8>, counters: inout DTLSCounters,
        at now: MediaInstant
    ) {
        counters.unprotectedAlerts += 1
        guard record.body.count == 2, datagram.uint8(at: record.body.lowerBound) == 2,
            let description = datagram.uint8(at: record.body.lowerBound + 1), peerAlert == nil
        else { return }
        peerAlert = (description, now + DTLSLimits.alertGrace)
    }

    // MARK: Time

    /// Repeats what is due, or gives up.
    mutating func advance(
        to now: MediaInstant, outbox: inout DTLSOutbox, counters: inout DTLSCounters
    ) -> Outcome {
        if let peerAlert, now >= min(peerAlert.endsAt, endsAt) {
            return .failed(.peerAlert(peerAlert.description))
        }
        if now >= endsAt {
            if let lastReason { return .failed(.refused(reason: lastReason)) }
            return .failed(.timedOut)
        }
        if role == .client, let attempt = attempts.first, attempt.hasSentFinished,
            now >= attempt.flightBegan + DTLSLimits.patience
        {
            // The server cannot make sense of what we sent, or has forgotten us.
            attempts = []
            beginsAnewAt = now
        }
        if let begin = beginsAnewAt, begin <= now {
            beginsAnewAt = nil
            do throws(DTLSError) {
                try self.begin(outbox: &outbox, at: now)
            } catch {
                return .failed(.refused(reason: lastReason ?? "no answer to the last flight"))
            }
        } else if let flight = active?.flightToRepeat(at: now), !flight.isEmpty {
            counters.repeatedFlights += 1
            outbox.append(flight)
        }
        return .goesOn
    }
}
