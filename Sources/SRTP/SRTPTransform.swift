// The cipher of one profile, and what is common to the layouts of SRTCP.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Wire

/// Where things stand in an SRTCP packet (RFC 3711 §3.4).
enum SRTCPLayout {
    /// The part of the first RTCP packet that stays readable: fixed header and SSRC.
    static let headerCount = 8
    /// The E bit above the 31-bit index: the packet is encrypted.
    static let encryptedFlag: UInt32 = 0x8000_0000
}

/// The transform that a profile names, with one direction's keys for SRTP or for SRTCP.
enum SRTPTransform: ~Copyable {
    case counterMode(CounterModeTransform)
    case gcm(GCMTransform)

    init(
        profile: SRTPProfile, keys: SRTPSessionKeys, backend: GCMBackend
    ) throws(SRTPError) {
        switch profile {
        case .aes128CMHMACSHA1_80: self = .counterMode(try CounterModeTransform(keys))
        case .aeadAES128GCM, .aeadAES256GCM:
            self = .gcm(try GCMTransform(keys, backend: backend))
        }
    }

    /// Seals `payload` behind the header that stands in `packet`.
    mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, payload: Span<UInt8>, ssrc: SSRC,
        index: UInt64
    ) {
        switch consume self {
        case .counterMode(var transform):
            transform.sealRTP(
                &packet, headerCount: headerCount, payload: payload, ssrc: ssrc, index: index)
            self = .counterMode(transform)
        case .gcm(var transform):
            transform.sealRTP(
                &packet, headerCount: headerCount, payload: payload, ssrc: ssrc, index: index)
            self = .gcm(transform)
        }
    }

    /// Seals `packet[headerCount..<count]` in place.
    mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, count: Int, ssrc: SSRC, index: UInt64
    ) {
        switch consume self {
        case .counterMode(var transform):
            transform.sealRTP(
                &packet, headerCount: headerCount, count: count, ssrc: ssrc, index: index)
            self = .counterMode(transform)
        case .gcm(var transform):
            transform.sealRTP(
                &packet, headerCount: headerCount, count: count, ssrc: ssrc, index: index)
            self = .gcm(transform)
        }
    }

    /// Opens the whole of `packet` in place; whether its tag fits.
    mutating func openRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, ssrc: SSRC, index: UInt64
    ) -> Bool {
        let isAuthentic: Bool
        switch consume self {
        case .counterMode(var transform):
            isAuthentic = transform.openRTP(
                &packet, headerCount: headerCount, ssrc: ssrc, index: index)
            self = .counterMode(transform)
        case .gcm(var transform):
            isAuthentic = transform.openRTP(
                &packet, headerCount: headerCount, ssrc: ssrc, index: index)
            self = .gcm(transform)
        }
        return isAuthentic
    }

    /// Seals `packet[0..<count]` in place; tag and index go behind it.
    mutating func sealRTCP(
        _ packet: inout MutableSpan<UInt8>, count: Int, ssrc: SSRC, index: UInt32
    ) {
        switch consume self {
        case .counterMode(var transform):
            transform.sealRTCP(&packet, count: count, ssrc: ssrc, index: index)
            self = .counterMode(transform)
        case .gcm(var transform):
            transform.sealRTCP(&packet, count: count, ssrc: ssrc, index: index)
            self = .gcm(transform)
        }
    }

    /// Opens the whole of `packet`, whose E bit is set, in place; whether its tag fits.
    mutating func openRTCP(
        _ packet: inout MutableSpan<UInt8>, ssrc: SSRC, index: UInt32
    ) -> Bool {
        let isAuthentic: Bool
        switch consume self {
        case .counterMode(var transform):
            isAuthentic = transform.openRTCP(&packet, ssrc: ssrc, index: index)
            self = .counterMode(transform)
        case .gcm(var transform):
            isAuthentic = transform.openRTCP(&packet, ssrc: ssrc, index: index)
            self = .gcm(transform)
        }
        return isAuthentic
    }
}
