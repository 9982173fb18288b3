// One attribute of a description: where its name and its value stand.
// SPDX-License-Identifier: Apache-2.0

/// The names of the attributes that somebody reads.
package enum SDPAttributeName: Sendable {
    /// `mid` (RFC 5888 §4)
    case mid
    /// `rid` (RFC 8851 §10)
    case rid
    /// `fmtp` (RFC 8866 §6.15)
    case fmtp
    /// `msid` (RFC 8830 §2)
    case msid
    /// `ssrc` (RFC 5576 §4.1)
    case ssrc
    /// `ssrc-group` (RFC 5576 §4.2)
    case ssrcGroup
    /// `setup` (RFC 4145 §4)
    case setup
    /// `group` (RFC 5888 §5)
    case group
    /// `rtpmap` (RFC 8866 §6.6)
    case rtpmap
    /// `extmap` (RFC 8285 §5)
    case extmap
    /// `extmap-allow-mixed` (RFC 8285 §6)
    case extmapAllowMixed
    /// `candidate` (RFC 8839 §5.1)
    case candidate
    /// `end-of-candidates` (RFC 8840 §8.2)
    case endOfCandidates
    /// `simulcast` (RFC 8853 §5.1)
    case simulcast
    /// `fingerprint` (RFC 8122 §5)
    case fingerprint
    /// `ice-ufrag` (RFC 8839 §5.4)
    case iceUsernameFragment
    /// `ice-pwd` (RFC 8839 §5.4)
    case icePassword
    /// `rtcp-fb` (RFC 4585 §4.2)
    case rtcpFeedback
    /// `rtcp-mux` (RFC 5761 §5.1.1)
    case rtcpMux
    /// `rtcp-mux-only` (RFC 8858 §3)
    case rtcpMuxOnly
    /// `bundle-only` (RFC 9143 §6)
    case bundleOnly
    /// `sendrecv` (RFC 8866 §6.7)
    case sendrecv
    /// `sendonly` (RFC 8866 §6.7)
    case sendonly
    /// `recvonly` (RFC 8866 §6.7)
    case recvonly
    /// `inactive` (RFC 8866 §6.7)
    case inactive
    /// Any other.
    case other

    /// Reads a name.
    init(_ text: Span<UInt8>, _ range: Range<Int>) {
        switch range.count {
        case 3 where text.matches(range, "mid"): self = .mid
        case 3 where text.matches(range, "rid"): self = .rid
        case 4 where text.matches(range, "fmtp"): self = .fmtp
        case 4 where text.matches(range, "ssrc"): self = .ssrc
        case 4 where text.matches(range, "msid"): self = .msid
        case 5 where text.matches(range, "setup"): self = .setup
        case 5 where text.matches(range, "group"): self = .group
        case 6 where text.matches(range, "rtpmap"): self = .rtpmap
        case 6 where text.matches(range, "extmap"): self = .extmap
        case 7 where text.matches(range, "rtcp-fb"): self = .rtcpFeedback
        case 7 where text.matches(range, "ice-pwd"): self = .icePassword
        case 8 where text.matches(range, "rtcp-mux"): self = .rtcpMux
        case 8 where text.matches(range, "recvonly"): self = .recvonly
        case 8 where text.matches(range, "sendonly"): self = .sendonly
        case 8 where text.matches(range, "sendrecv"): self = .sendrecv
        case 8 where text.matches(range, "inactive"): self = .inactive
        case 9 where text.matches(range, "candidate"): self = .candidate
        case 9 where text.matches(range, "ice-ufrag"): self = .iceUsernameFragment
        case 9 where text.matches(range, "simulcast"): self = .simulcast
        case 10 where text.matches(range, "ssrc-group"): self = .ssrcGroup
        case 11 where text.matches(range, "fingerprint"): self = .fingerprint
        case 11 where text.matches(range, "bundle-only"): self = .bundleOnly
        case 13 where text.matches(range, "rtcp-mux-only"): self = .rtcpMuxOnly
        case 17 where text.matches(range, "end-of-candidates"): self = .endOfCandidates
        case 18 where text.matches(range, "extmap-allow-mixed"): self = .extmapAllowMixed
        default: self = .other
        }
    }
}

/// One `a=` line, `a=name` or `a=name:value` (RFC 8866 §5.13), by its places in the text of its description.
package struct SDPAttribute: Sendable {
    /// What the name means.
    package let name: SDPAttributeName
    /// What stands before the colon; never empty.
    package let nameRange: Range<Int>
    /// What stands behind the colon; `nil` for a flag such as `a=ice-lite`.
    package let value: Range<Int>?

    /// Reads what stands behind `a=`; `nil` without a name.
    init?(_ text: Span<UInt8>, _ line: Range<Int>) {
        (nameRange, value) = text.cut(line, at: UInt8(ascii: ":"))
        guard !nameRange.isEmpty else { return nil }
        name = SDPAttributeName(text, nameRange)
    }
}
