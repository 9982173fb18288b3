// One peer's way in and out: ICE finds the path, DTLS agrees on keys, SRTP protects the media.
// SPDX-License-Identifier: Apache-2.0
package import DTLS
package import ICE
package import RTP
package import SRTP
package import Wire

/// What a transport tells its owner.
package enum PeerTransportEvent: Sendable, Equatable {
    /// Packets from this path may be taken as the peer's.
    case pathValidated(TransportPath)
    /// The peer is sent to on this path from now on.
    case pathSelected(TransportPath)
    /// The handshake is done: media may flow both ways.
    case connected
    /// Nothing has been heard for a while; it may come back.
    case interrupted
    /// It came back.
    case resumed
    /// It is over; the text is for people.
    case failed(String)
}

/// What became of a DTLS datagram.
package enum DTLSReception: Sendable, Equatable {
    /// All of it was used.
    case taken
    /// Some of it was dropped: broken, out of place, or beyond a limit.
    case refused
    /// It was not looked at: its path has not passed a check, or the transport is over.
    case unprovenPath
}

/// ICE, DTLS and SRTP of one peer (RFC 8445, 5763, 5764).
package struct PeerTransport: ~Copyable {
    private var ice: ICEAgent
    private var dtls: DTLSEndpoint
    private var sender: SRTPSender?
    private var receiver: SRTPReceiver?
    /// Whether it is over because nothing was heard from the peer.
    package private(set) var isSilenced = false
    private var isOver = false { didSet { noteReadiness() } }
    /// Where DTLS came from last: a handshake answers there, before any path is nominated.
    private var dtlsPath: TransportPath?
    private var events: [PeerTransportEvent] = []
    /// Where to send; `nil` until the peer has nominated a path.
    package private(set) var selectedPath: TransportPath? { didSet { noteReadiness() } }
    /// Whether media can be sent. Stored, because it is asked for each packet.
    package private(set) var isReady = false

    /// Makes a transport that waits for the peer's first check.
    ///
    /// - Throws: A ``DTLSError`` if no handshake can be set up.
    package init(
        ice mode: ICEMode, local: ICECredentials, remote: ICECredentials?, tieBreaker: UInt64,
        dtls context: DTLSContext, role: DTLSRole, fingerprints: [DTLSFingerprint],
        at now: MediaInstant
    ) throws(DTLSError) {
        dtls = try DTLSEndpoint(
            role: role, context: context, acceptedFingerprints: fingerprints, at: now)
        ice = ICEAgent(
            mode: mode, local: local, remote: remote, tieBreaker: tieBreaker, now: now)
    }

    private mutating func noteReadiness() {
        isReady = sender != nil && selectedPath != nil && !isOver
    }

    /// Whether packets from a path may be taken as the peer's.
    package func isValidated(_ path: TransportPath) -> Bool { ice.isValidated(path) }

    /// Whether a path is where the peer is sent to, and it was heard there lately.
    package func isUsing(_ path: TransportPath, at now: MediaInstant) -> Bool {
        !isOver && selectedPath == path && ice.isHeard(on: path, at: now)
    }

    /// Whether the peer's media came on a path that is being checked because no check came on it.
    package func isProbing(_ path: TransportPath) -> Bool { !isOver && ice.isProbing(path) }

    /// When anything authenticated last came, on whichever path.
    package var lastReceived: MediaInstant { ice.lastReceived }

    /// Takes a STUN message. Returns `false` if it was refused.
    package mutating func receiveSTUN(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) -> Bool {
        var isAccepted = true
        do { try ice.receive(datagram, on: path, at: now) } catch { isAccepted = false }
        drainICE(at: now)
        return isAccepted
    }

    /// Takes a DTLS datagram.
    package mutating func receiveDTLS(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) -> DTLSReception {
        guard ice.isValidated(path), !isOver else { return .unprovenPath }
        dtlsPath = path
        let refusalsBefore = dtls.counters.refusals
        dtls.receive(datagram, at: now)
        drainDTLS()
        return dtls.counters.refusals == refusalsBefore ? .taken : .refused
    }

    /// Opens an RTP packet in place.
    package mutating func openRTP(
        _ packet: inout MutableSpan<UInt8>, header: RTPHeader, on path: TransportPath,
        at now: MediaInstant
    ) throws(SRTPError) -> SRTPOpened? {
        let opened = try receiver?.openRTP(
            &packet, headerCount: header.headerCount, ssrc: header.ssrc,
            sequenceNumber: header.sequenceNumber)
        if opened != nil { ice.noteTraffic(on: path, at: now) }
        return opened
    }

    /// Opens an RTCP packet in place. Returns the plain size, or `nil` before there are keys.
    package mutating func openRTCP(
        _ packet: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) throws(SRTPError) -> Int? {
        let count = try receiver?.openRTCP(&packet)
        if count != nil { ice.noteTraffic(on: path, at: now) }
        return count
    }

    /// Seals an RTP packet whose header stands in `packet`, taking its payload from elsewhere.
    package mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, payload: Span<UInt8>, ssrc: SSRC,
        index: ExtendedSequenceNumber
    ) throws(SRTPError) -> Int? {
        try sender?.sealRTP(
            &packet, headerCount: headerCount, payload: payload, ssrc: ssrc, index: index)
    }

    /// Seals an RTP packet that stands whole in `packet[0..<count]`, in its place; the span must have
    /// room behind it.
    package mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, count: Int, ssrc: SSRC,
        index: ExtendedSequenceNumber
    ) throws(SRTPError) -> Int? {
        try sender?.sealRTP(
            &packet, headerCount: headerCount, count: count, ssrc: ssrc, index: index)
    }

    /// Seals an RTCP packet in place; the span must have room behind it.
    package mutating func sealRTCP(
        _ packet: inout MutableSpan<UInt8>, count: Int
    ) throws(SRTPError) -> Int? {
        try sender?.sealRTCP(&packet, count: count)
    }

    /// Lets time pass.
    package mutating func advance(to now: MediaInstant) {
        ice.advance(to: now)
        drainICE(at: now)
        dtls.advance(to: now)
        drainDTLS()
    }

    /// When ``advance(to:)`` is needed; `nil`: not at all.
    package var nextDeadline: MediaInstant? {
        guard !isOver else { return nil }
        guard let handshake = dtls.nextDeadline else { return ice.nextDeadline }
        return ice.nextDeadline.map { min($0, handshake) } ?? handshake
    }

    /// The next STUN or DTLS datagram to send; `nil`: none.
    package mutating func pollTransmit(into output: inout OutputSpan<UInt8>) -> TransportPath? {
        if let path = ice.pollTransmit(into: &output) { return path }
        // A handshake answers where the question came from, before and after a path is nominated;
        // later words go the way the media goes.
        guard let path = sender == nil ? dtlsPath ?? selectedPath : selectedPath ?? dtlsPath else {
            return nil
        }
        return dtls.pollTransmit(into: &output) ? path : nil
    }

    /// The next event; `nil`: none.
    package mutating func pollEvent() -> PeerTransportEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }

    /// Takes new credentials of both sides: an ICE restart (RFC 8445 §9). Keys and streams stay. A
    /// lite agent does without the peer's.
    package mutating func restartICE(
        local: ICECredentials, remote: ICECredentials?, at now: MediaInstant
    ) {
        ice.restart(local: local, remote: remote, at: now)
    }

    /// Adds an address of ours to check from; for a client (a full agent).
    package mutating func addLocalCandidate(_ candidate: ICECandidate, socket: UInt16) {
        ice.addLocalCandidate(candidate, socket: socket)
    }

    /// Adds an address of the peer to check; for a client (a full agent).
    package mutating func addRemoteCandidate(_ candidate: ICECandidate) {
        ice.addRemoteCandidate(candidate)
    }

    /// Tells that the TCP connection behind a path was closed; for a client (a full agent).
    package mutating func closed(_ path: TransportPath, at now: MediaInstant) {
        if dtlsPath == path { dtlsPath = nil }
        ice.closed(path, at: now)
    }

    /// Forgets a socket that is closed, with its paths; for a client (a full agent).
    package mutating func removeSocket(_ socket: UInt16) {
        if dtlsPath?.socket == socket { dtlsPath = nil }
        ice.removeLocalCandidates(ofSocket: socket)
    }

    /// Whether a way was found since ICE began, or began anew.
    package var hasPath: Bool { ice.hasPath }

    /// The pair that media takes, for statistics; for a client (a full agent). `nil`: none is selected.
    package var selectedPair: ICESelectedPair? { ice.selectedPair }

    /// Ends it.
    /// - Parameter tells: Whether the peer is told (`close_notify`).
    package mutating func close(telling tells: Bool = true) {
        if tells { dtls.close() }
        isOver = true
    }

    private mutating func drainICE(at now: MediaInstant) {
        while let event = ice.pollEvent() {
            switch event {
            case .validated(let path):
                events.append(.pathValidated(path))
            case .selected(let path):
                // A handshake goes on where the peer is now.
                if let selectedPath, selectedPath != path, dtlsPath == selectedPath {
                    dtlsPath = nil
                }
                selectedPath = path
                events.append(.pathSelected(path))
                // A client that waits for a path can say hello now.
                dtls.advance(to: now)
            case .disconnected: events.append(.interrupted)
            case .resumed: events.append(.resumed)
            case .failed:
                isSilenced = !isOver
                fail("nothing was heard from the peer for too long")
            }
        }
    }

    private mutating func drainDTLS() {
        while let event = dtls.pollEvent() {
            switch event {
            case .connected(let keys): takeKeys(keys)
            case .failed(let failure): fail("the DTLS handshake failed: \(failure)")
            case .closed: fail("the peer closed the connection")
            case .applicationData: break
            }
        }
    }

    private mutating func takeKeys(_ keys: DTLSKeyingMaterial) {
        guard let profile = SRTPProfile(rawValue: keys.profile) else {
            return fail("no SRTP profile in common")
        }
        do {
            sender = try SRTPSender(
                profile: profile, key: keys.localKey.span, salt: keys.localSalt.span)
            receiver = try SRTPReceiver(
                profile: profile, key: keys.remoteKey.span, salt: keys.remoteSalt.span)
            noteReadiness()
            events.append(.connected)
        } catch {
            fail("the SRTP keys could not be used: \(error)")
        }
    }

    private mutating func fail(_ reason: String) {
        guard !isOver else { return }
        isOver = true
        events.append(.failed(reason))
    }
}
