// Fuzzes how a client sends encoded frames of an application, and takes frames and sound out of hostile packets.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import Payloads
import RTP
import Wire

/// libFuzzer's entry: the first byte chooses the way, the rest are frames or packets.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var script = unsafe FuzzScript(data, count)
    switch script.byte() % 3 {
    case 0: send(&script)
    case 1: receivePictures(&script)
    default: receiveSound(&script)
    }
    return 0
}

/// What is cut into packets is put together again.
private func send(_ script: inout FuzzScript) {
    var h264 = H264Packetizer()
    var vp8 = VP8Packetizer(firstPictureID: UInt16(truncatingIfNeeded: script.short()))
    var packets = PacketizedFrame()
    while !script.isOver {
        let payloadMax = script.number(usual: 1_300)
        let frame = script.bytes(script.short() & 0xFFF)
        _ = OpusPacket.parse(frame.span)
        do throws(PacketizationError) {
            try vp8.packetize(frame.span, payloadMax: payloadMax, into: &packets)
            precondition(assembled(packets, .vp8, payloadMax) == frame)
        } catch {
            precondition(frame.isEmpty || payloadMax < VP8Packetizer.payloadMin)
        }
        do throws(PacketizationError) {
            try h264.packetize(frame.span, payloadMax: payloadMax, into: &packets)
            checkUnits(frame, assembled(packets, .h264, payloadMax))
        } catch {}
    }
}

private func assembled(
    _ packets: PacketizedFrame, _ codec: MediaCodec, _ payloadMax: Int
) -> [UInt8]? {
    guard var assembler = try? FrameAssembler(codec: codec) else { return nil }
    for index in 0..<packets.count {
        let payload = Array(packets.bytes[packets.range(of: index)])
        precondition(1...payloadMax ~= payload.count)
        do throws(FrameAssemblyError) { try assembler.append(payload.span) } catch { return nil }
    }
    return try? assembler.finished()
}

/// The units that came out are those that went in, but for those that are not sent; of some kinds there are none in a call.
private func checkUnits(_ sent: [UInt8], _ received: [UInt8]?) {
    guard let received else { return }
    var (left, right) = (AnnexBUnitCursor(sent.span), AnnexBUnitCursor(received.span))
    while let unit = right.next(in: received.span) {
        let bytes = Array(received[unit])
        var isThere = false
        while !isThere, let other = left.next(in: sent.span) {
            isThere = Array(sent[other]) == bytes
        }
        precondition(isThere, "a unit was made up")
    }
}

private func receivePictures(_ script: inout FuzzScript) {
    var receiver = FrameReceiver()
    var now = MediaInstant.zero
    var number = UInt64(script.short())
    let codecs: [MediaCodec] = [.vp8, .vp9, .h264, .av1]
    while !script.isOver {
        let action = script.byte()
        // Mostly the next, else far away.
        number =
            action & 0x30 == 0
            ? UInt64(script.number(usual: 70_000) & 0xFFFF_FFFF_FFFF) : number + UInt64(action & 1)
        let payload = script.bytes(Int(script.byte()))
        receiver.insert(
            ExtendedSequenceNumber(number),
            timestamp: RTPTimestamp(UInt32(truncatingIfNeeded: script.number(usual: 9_000))),
            marker: action & 2 == 0, codec: codecs[Int(action >> 2 & 3)], payload: payload.span)
        now = now + .milliseconds(Int64(script.byte()))
        var frames = 0
        while let frame = receiver.nextFrame(at: now) {
            frames += 1
            precondition(!frame.bytes.isEmpty && frames <= FrameReceiver.packetsMax)
        }
    }
}

private func receiveSound(_ script: inout FuzzScript) {
    var buffer = SoundBuffer()
    var now = MediaInstant.zero
    var timestamp = UInt32(truncatingIfNeeded: script.number(usual: 50_000))
    while !script.isOver {
        let action = script.byte()
        if action & 1 == 0 {
            let payload = script.bytes(Int(script.byte()))
            timestamp &+= UInt32(truncatingIfNeeded: script.number(usual: 2_000))
            // As long as a packet says that it is, else there is no packet.
            if let packet = OpusPacket.parse(payload.span) {
                buffer.insert(
                    SoundPacket(
                        timestamp: RTPTimestamp(timestamp), ticks: packet.ticks, payload: payload),
                    at: now, isRepeated: action & 2 == 0)
            }
        } else {
            for _ in 0..<Int(action >> 4) { _ = buffer.next(at: now) }
        }
        now = now + .milliseconds(Int64(action >> 5))
        precondition(buffer.target <= .seconds(1) && buffer.heldTicks >= 0)
        switch action {
        case 0xFE: buffer.restart()
        case 0xFF: buffer.discard()
        default: break
        }
    }
}
