// Packets, keys and calls with arrays that the SRTP tests share.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing
import Wire

@testable import SRTP

/// All profiles.
let profiles = [SRTPProfile.aes128CMHMACSHA1_80, .aeadAES128GCM, .aeadAES256GCM]

/// The bytes of pairs of hexadecimal digits; spaces and line breaks are left out.
func hex(_ text: String) -> [UInt8] {
    var rest = text.filter { !$0.isWhitespace }[...]
    var bytes: [UInt8] = []
    while !rest.isEmpty {
        guard let byte = UInt8(rest.prefix(2), radix: 16) else { fatalError("not hexadecimal") }
        bytes.append(byte)
        rest = rest.dropFirst(2)
    }
    return bytes
}

/// A master key or salt that differs by `seed`.
func material(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + seed) }
}

func makeSender(_ profile: SRTPProfile, seed: Int = 1) throws -> SRTPSender {
    try SRTPSender(
        profile: profile, key: material(profile.keyCount, seed: seed).span,
        salt: material(profile.saltCount, seed: seed + 100).span)
}

func makeReceiver(_ profile: SRTPProfile, seed: Int = 1) throws -> SRTPReceiver {
    try SRTPReceiver(
        profile: profile, key: material(profile.keyCount, seed: seed).span,
        salt: material(profile.saltCount, seed: seed + 100).span)
}

/// A fixed header of 12 bytes and a payload that follows from the index.
func rtpPacket(ssrc: UInt32, index: UInt64, payloadCount: Int = 20) -> [UInt8] {
    var bytes: [UInt8] = [0x80, 0x60, UInt8(index >> 8 & 0xFF), UInt8(index & 0xFF), 0, 0, 0, 1]
    for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(ssrc >> shift & 0xFF)) }
    for position in 0..<payloadCount {
        bytes.append(UInt8(truncatingIfNeeded: position &+ Int(truncatingIfNeeded: index)))
    }
    return bytes
}

/// A receiver report without blocks.
func rtcpPacket(ssrc: UInt32) -> [UInt8] {
    [0x80, 0xC9, 0, 1] + [24, 16, 8, 0].map { UInt8(ssrc >> $0 & 0xFF) }
        + [0x81, 0xCB, 0, 1, 1, 2, 3, 4]
}

extension SRTPSender {
    mutating func seal(_ plain: [UInt8], headerCount: Int = 12, index: UInt64) throws -> [UInt8] {
        let payload = Array(plain[headerCount...])
        var packet =
            Array(plain[..<headerCount])
            + [UInt8](repeating: 0xEE, count: payload.count + profile.rtpOverhead)
        let ssrc = SSRC(plain.span.uint32(at: 8) ?? 0)
        var span = packet.mutableSpan
        let count = try sealRTP(
            &span, headerCount: headerCount, payload: payload.span, ssrc: ssrc,
            index: ExtendedSequenceNumber(index))
        #expect(count == packet.count)
        return packet
    }

    mutating func sealRTCP(_ plain: [UInt8]) throws -> [UInt8] {
        var packet = plain + [UInt8](repeating: 0xEE, count: profile.rtcpOverhead)
        var span = packet.mutableSpan
        let count = try sealRTCP(&span, count: plain.count)
        #expect(count == packet.count)
        return packet
    }
}

/// What opening gave: the plain packet and its index, or why not.
enum Outcome: Equatable {
    case opened([UInt8], UInt64)
    case failed(SRTPError)
}

extension SRTPReceiver {
    mutating func open(_ sealed: [UInt8], headerCount: Int = 12) -> Outcome {
        var packet = sealed
        let ssrc = SSRC(sealed.span.uint32(at: 8) ?? 0)
        let number = SequenceNumber(sealed.span.uint16(at: 2) ?? 0)
        var span = packet.mutableSpan
        do throws(SRTPError) {
            let opened = try openRTP(
                &span, headerCount: headerCount, ssrc: ssrc, sequenceNumber: number)
            return .opened(Array(packet.prefix(opened.count)), opened.index.rawValue)
        } catch { return .failed(error) }
    }

    mutating func openRTCP(_ sealed: [UInt8]) -> Outcome {
        var packet = sealed
        var span = packet.mutableSpan
        do throws(SRTPError) {
            let count = try openRTCP(&span)
            return .opened(Array(packet.prefix(count)), 0)
        } catch { return .failed(error) }
    }
}
