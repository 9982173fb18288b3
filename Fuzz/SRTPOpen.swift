// Feeds SRTP and SRTCP: foreign bytes as they are, and bytes sealed here, which get past the tag.
// SPDX-License-Identifier: Apache-2.0
import SRTP
import Wire

/// The first byte chooses the profile and what is done, the next two a header length or an index;
/// the rest is the packet.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    guard input.count >= 3 else { return 0 }
    let profiles = [SRTPProfile.aes128CMHMACSHA1_80, .aeadAES128GCM, .aeadAES256GCM]
    let profile = profiles[Int(input[0] & 0x7F) % profiles.count]
    let number = UInt16(input[1]) << 8 | UInt16(input[2])
    let key = [UInt8](repeating: 0x4B, count: profile.keyCount)
    let salt = [UInt8](repeating: 0x53, count: profile.saltCount)
    do throws(SRTPError) {
        var sender = try SRTPSender(profile: profile, key: key.span, salt: salt.span)
        var receiver = try SRTPReceiver(profile: profile, key: key.span, salt: salt.span)
        let body = Array(input[3...])
        openForeign(&receiver, body, headerCount: Int(number))
        if input[0] & 0x80 != 0 {
            try sealAndOpen(&sender, &receiver, body, number: number)
        }
    } catch {
        return 0
    }
    return 0
}

/// Opens bytes that nobody sealed.
private func openForeign(_ receiver: inout SRTPReceiver, _ body: [UInt8], headerCount: Int) {
    var packet = body
    let ssrc = SSRC(body.span.uint32(at: 8) ?? 0)
    let sequence = SequenceNumber(body.span.uint16(at: 2) ?? 0)
    var span = packet.mutableSpan
    do throws(SRTPError) {
        _ = try receiver.openRTP(
            &span, headerCount: headerCount, ssrc: ssrc, sequenceNumber: sequence)
    } catch {}
    packet = body
    span = packet.mutableSpan
    do throws(SRTPError) { _ = try receiver.openRTCP(&span) } catch {}
}

/// Seals the body in pieces under indices that follow from it; what opens must be what was sealed,
/// and only once.
private func sealAndOpen(
    _ sender: inout SRTPSender, _ receiver: inout SRTPReceiver, _ body: [UInt8], number: UInt16
) throws(SRTPError) {
    var index = UInt64(number)
    for (position, byte) in body.enumerated().prefix(200) {
        let ssrc = SSRC(UInt32(byte >> 6))
        // Steps of up to 16,383 forward; every eighth packet comes late.
        let step = UInt64(byte) << UInt64(position % 7)
        index = position % 8 == 7 ? index - min(index, step) : index + step
        let payload = Array(body[position...].prefix(Int(byte)))
        var packet =
            [0x80, 0x60, UInt8(index >> 8 & 0xFF), UInt8(index & 0xFF), 0, 0, 0, 0, 0, 0, 0]
            + [UInt8(ssrc.rawValue)]
            + [UInt8](repeating: 0, count: payload.count + sender.profile.rtpOverhead)
        var span = packet.mutableSpan
        let sealed = try sender.sealRTP(
            &span, headerCount: 12, payload: payload.span, ssrc: ssrc,
            index: ExtendedSequenceNumber(index))
        precondition(sealed == packet.count)
        var copy = packet
        span = packet.mutableSpan
        let sequence = SequenceNumber(UInt16(truncatingIfNeeded: index))
        do throws(SRTPError) {
            let opened = try receiver.openRTP(
                &span, headerCount: 12, ssrc: ssrc, sequenceNumber: sequence)
            precondition(Array(packet[12..<opened.count]) == payload)
            precondition(opened.index.rawValue == index)
        } catch {
            continue
        }
        span = copy.mutableSpan
        do throws(SRTPError) {
            _ = try receiver.openRTP(
                &span, headerCount: 12, ssrc: ssrc, sequenceNumber: sequence)
            preconditionFailure("a packet was taken twice")
        } catch {}
    }
    guard body.count >= 8 else { return }
    var report = body + [UInt8](repeating: 0, count: sender.profile.rtcpOverhead)
    var span = report.mutableSpan
    _ = try sender.sealRTCP(&span, count: body.count)
    var copy = report
    span = report.mutableSpan
    let plainCount = try receiver.openRTCP(&span)
    precondition(Array(report.prefix(plainCount)) == body)
    span = copy.mutableSpan
    do throws(SRTPError) {
        _ = try receiver.openRTCP(&span)
        preconditionFailure("a report was taken twice")
    } catch {}
}
