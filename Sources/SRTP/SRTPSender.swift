// Seals RTP and RTCP packets of one direction.
// SPDX-License-Identifier: Apache-2.0
package import MediaCrypto
package import Wire

/// The sending half of an SRTP session: the keys of one direction, for any number of SSRCs.
///
/// It keeps nothing per SSRC: the caller gives each packet's whole index. The receiver starts at a
/// rollover counter of 0, so a stream's first index must be below 65,536. Two different packets
/// must never have the same SSRC and index; the same packet may be sealed again. Nothing is
/// allocated after `init`.
package struct SRTPSender: ~Copyable, Sendable {
    /// The length of RTP's fixed header (RFC 3550 §5.1).
    static let headerCountMin = 12

    /// The profile whose overheads apply.
    package let profile: SRTPProfile
    private var rtp: SRTPTransform
    private var rtcp: SRTPTransform
    /// The index of the next SRTCP packet, one count for all SSRCs (RFC 3711 §3.4); 2^31 means used
    /// up.
    private(set) var nextRTCPIndex: UInt32 = 0

    /// Derives the session keys of this direction.
    /// - Parameters:
    ///   - key: The master key, `profile.keyCount` bytes.
    ///   - salt: The master salt, `profile.saltCount` bytes.
    ///   - backend: Who computes GCM.
    /// - Throws: `.keyCount`, `.saltCount` or `.keyUnavailable`.
    package init(
        profile: SRTPProfile, key: Span<UInt8>, salt: Span<UInt8>,
        backend: GCMBackend = .automatic
    ) throws(SRTPError) {
        try self.init(
            profile: profile,
            rtp: SRTPSessionKeys(profile: profile, masterKey: key, masterSalt: salt, use: .rtp),
            rtcp: SRTPSessionKeys(profile: profile, masterKey: key, masterSalt: salt, use: .rtcp),
            nextRTCPIndex: 0, backend: backend)
    }

    /// Begins with session keys and any SRTCP index, as published vectors do.
    init(
        profile: SRTPProfile, rtp: SRTPSessionKeys, rtcp: SRTPSessionKeys, nextRTCPIndex: UInt32,
        backend: GCMBackend = .automatic
    ) throws(SRTPError) {
        let rtp = try SRTPTransform(profile: profile, keys: rtp, backend: backend)
        let rtcp = try SRTPTransform(profile: profile, keys: rtcp, backend: backend)
        self.profile = profile
        self.rtp = rtp
        self.rtcp = rtcp
        self.nextRTCPIndex = nextRTCPIndex
    }

    /// Seals an RTP payload that stands elsewhere: encryption and copy are one pass.
    /// - Parameters:
    ///   - packet: Where the packet goes. The whole header with CSRCs and extensions already stands
    ///     in `packet[0..<headerCount]`; the rest must have room for the payload and
    ///     `profile.rtpOverhead`.
    ///   - index: The packet's sequence number with its rollover counter, below 2^48.
    /// - Returns: The whole packet's length in bytes.
    /// - Throws: `.headerCount`, `.noRoom` or `.keyExhausted`.
    package mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, payload: Span<UInt8>, ssrc: SSRC,
        index: ExtendedSequenceNumber
    ) throws(SRTPError) -> Int {
        let total = try roomNeeded(
            in: packet.count, headerCount: headerCount, payloadCount: payload.count, index: index)
        rtp.sealRTP(
            &packet, headerCount: headerCount, payload: payload, ssrc: ssrc, index: index.rawValue)
        return total
    }

    /// Seals an RTP packet in place, for payloads that were built behind their header (RTX,
    /// probes).
    /// - Parameters:
    ///   - packet: The plain packet in `packet[0..<count]`, with `profile.rtpOverhead` bytes of
    ///     room behind it.
    ///   - index: The packet's sequence number with its rollover counter, below 2^48.
    /// - Returns: The whole packet's length in bytes.
    /// - Throws: `.headerCount`, `.noRoom` or `.keyExhausted`.
    package mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, count: Int, ssrc: SSRC,
        index: ExtendedSequenceNumber
    ) throws(SRTPError) -> Int {
        guard count >= headerCount else { throw .headerCount(headerCount) }
        let total = try roomNeeded(
            in: packet.count, headerCount: headerCount, payloadCount: count - headerCount,
            index: index)
        rtp.sealRTP(
            &packet, headerCount: headerCount, count: count, ssrc: ssrc, index: index.rawValue)
        return total
    }

    /// Seals a compound RTCP packet in place, with the next SRTCP index.
    /// - Parameters:
    ///   - packet: The plain packet in `packet[0..<count]`, with `profile.rtcpOverhead` bytes of
    ///     room behind it.
    ///   - count: The plain packet's length in bytes, 8 or more.
    /// - Returns: The sealed packet's length in bytes.
    /// - Throws: `.truncated`, `.noRoom` or `.keyExhausted`.
    package mutating func sealRTCP(
        _ packet: inout MutableSpan<UInt8>, count: Int
    ) throws(SRTPError) -> Int {
        guard count >= SRTCPLayout.headerCount else {
            throw .truncated(needed: SRTCPLayout.headerCount, have: count)
        }
        guard packet.count >= count, packet.count - count >= profile.rtcpOverhead else {
            throw .noRoom(needed: count &+ profile.rtcpOverhead, have: packet.count)
        }
        guard nextRTCPIndex < SRTCPLayout.encryptedFlag else { throw .keyExhausted }
        guard let ssrc = packet.span.uint32(at: 4) else {
            throw .truncated(needed: SRTCPLayout.headerCount, have: count)
        }
        rtcp.sealRTCP(&packet, count: count, ssrc: SSRC(ssrc), index: nextRTCPIndex)
        nextRTCPIndex += 1
        return count + profile.rtcpOverhead
    }

    /// The sealed packet's length, if header, payload and tag fit and the index is one.
    private func roomNeeded(
        in room: Int, headerCount: Int, payloadCount: Int, index: ExtendedSequenceNumber
    ) throws(SRTPError) -> Int {
        guard headerCount >= Self.headerCountMin, headerCount <= room else {
            throw .headerCount(headerCount)
        }
        let total = headerCount + payloadCount + profile.rtpOverhead
        guard total <= room else { throw .noRoom(needed: total, have: room) }
        guard index.rawValue >> 48 == 0 else { throw .keyExhausted }
        return total
    }
}
