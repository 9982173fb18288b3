// Opens RTP and RTCP packets of one direction.
// SPDX-License-Identifier: Apache-2.0
package import MediaCrypto
package import Wire

/// What an opened RTP packet is.
package struct SRTPOpened: Equatable, Sendable {
    /// The plain packet's length in bytes, header included.
    package let count: Int
    /// The packet's sequence number with its rollover counter.
    package let index: ExtendedSequenceNumber
}

/// The receiving half of an SRTP session: the keys of one direction and the replay windows of its
/// streams.
///
/// A packet's index is checked against its stream's window before anything is decrypted, and taken
/// only after the tag was found to fit. Nothing is allocated but for the first packet of an SSRC.
package struct SRTPReceiver: ~Copyable, Sendable {
    /// How many SSRCs may be received in one session, for RTP and for RTCP each. Of the 64 that
    /// sent last a window of 1,024 packets is kept, of the others the highest index.
    package static let streamLimit = SRTPStreamTable.activeLimit + SRTPStreamTable.retiredLimit

    /// The profile whose overheads apply.
    package let profile: SRTPProfile
    private var rtp: SRTPTransform
    private var rtcp: SRTPTransform
    private var rtpStreams = SRTPStreamTable()
    private var rtcpStreams = SRTPStreamTable()

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
            backend: backend)
    }

    /// Begins with session keys, as published vectors do.
    init(
        profile: SRTPProfile, rtp: SRTPSessionKeys, rtcp: SRTPSessionKeys,
        backend: GCMBackend = .automatic
    ) throws(SRTPError) {
        let rtp = try SRTPTransform(profile: profile, keys: rtp, backend: backend)
        let rtcp = try SRTPTransform(profile: profile, keys: rtcp, backend: backend)
        self.profile = profile
        self.rtp = rtp
        self.rtcp = rtcp
    }

    /// Opens an RTP packet in place.
    /// - Parameters:
    ///   - packet: The packet and nothing behind it.
    ///   - headerCount: The header's length with CSRCs and extensions, as parsed from the packet.
    ///   - ssrc: The SSRC as parsed from the packet.
    ///   - sequenceNumber: The sequence number as parsed from the packet.
    /// - Throws: `.headerCount`, `.truncated`, `.tooManyStreams`, `.replayed`, `.tooOld`,
    ///   `.keyExhausted` or `.authenticationFailed`; after the last the payload may be zeros.
    package mutating func openRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, ssrc: SSRC,
        sequenceNumber: SequenceNumber
    ) throws(SRTPError) -> SRTPOpened {
        guard headerCount >= SRTPSender.headerCountMin, headerCount <= packet.count else {
            throw .headerCount(headerCount)
        }
        guard packet.count - headerCount >= profile.rtpOverhead else {
            throw .truncated(needed: headerCount + profile.rtpOverhead, have: packet.count)
        }
        let place = try rtpStreams.find(ssrc)
        let index = Self.index(of: sequenceNumber, after: rtpStreams.highest(at: place))
        guard index >> 48 == 0 else { throw .keyExhausted }
        try rtpStreams.check(index, at: place)
        guard rtp.openRTP(&packet, headerCount: headerCount, ssrc: ssrc, index: index) else {
            throw .authenticationFailed
        }
        rtpStreams.take(index, of: ssrc, at: place)
        return SRTPOpened(
            count: packet.count - profile.rtpOverhead, index: ExtendedSequenceNumber(index))
    }

    /// Opens a compound RTCP packet in place.
    /// - Parameter packet: The packet and nothing behind it.
    /// - Returns: The plain packet's length in bytes, 8 or more.
    /// - Throws: `.truncated`, `.unencryptedRTCP`, `.tooManyStreams`, `.replayed`, `.tooOld` or
    ///   `.authenticationFailed`; after the last the body may be zeros.
    package mutating func openRTCP(
        _ packet: inout MutableSpan<UInt8>
    ) throws(SRTPError) -> Int {
        let needed = SRTCPLayout.headerCount + profile.rtcpOverhead
        let plainCount = packet.count - profile.rtcpOverhead
        // GCM's index word stands behind the tag, counter mode's before it.
        let wordOffset = profile == .aes128CMHMACSHA1_80 ? plainCount : packet.count - 4
        guard packet.count >= needed, let ssrc = packet.span.uint32(at: 4).map(SSRC.init),
            let word = packet.span.uint32(at: wordOffset)
        else { throw .truncated(needed: needed, have: packet.count) }
        guard word & SRTCPLayout.encryptedFlag != 0 else { throw .unencryptedRTCP }
        let index = word & ~SRTCPLayout.encryptedFlag
        let place = try rtcpStreams.find(ssrc)
        try rtcpStreams.check(UInt64(index), at: place)
        guard rtcp.openRTCP(&packet, ssrc: ssrc, index: index) else {
            throw .authenticationFailed
        }
        rtcpStreams.take(UInt64(index), of: ssrc, at: place)
        return plainCount
    }

    /// The likeliest index of a sequence number: within 2^15 of the highest one taken (RFC 3711
    /// appendix A).
    ///
    /// A stream begins at a rollover counter of 0. Where the appendix would guess the counter
    /// before that, 0 is kept: no packet has a negative index, but a sender may have skipped ahead.
    static func index(of sequenceNumber: SequenceNumber, after highest: UInt64?) -> UInt64 {
        let number = UInt64(sequenceNumber.rawValue)
        guard let highest else { return number }
        let rollover = highest >> 16
        let last = highest & 0xFFFF
        if last < 0x8000 {
            let isBefore = number > last + 0x8000 && rollover > 0
            return (isBefore ? rollover - 1 : rollover) << 16 | number
        }
        return (last - 0x8000 > number ? rollover + 1 : rollover) << 16 | number
    }
}
