// Drives a whole media worker with two connected peers: what they send sealed, and what anybody sends.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import NetworkSimulation
import RTP
import Wire

/// The input is a list of steps: a byte that chooses one, a byte for its length, and its bytes.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // libFuzzer owns `data` for the length of this call.
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    let call = VirtualCall(seed: 1)
    guard
        let alice = try? call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)], receivingPairs: 1),
        let bob = try? call.join(receivingPairs: 1), call.connect()
    else { preconditionFailure("the call does not connect") }
    var steps = Steps(call: call, alice: alice, bob: bob)
    var offset = 0
    var number = 0
    while offset + 2 <= input.count, number < 64 {
        let end = min(offset + 2 + Int(input[offset + 1]), input.count)
        steps.take(input[offset], Array(input[(offset + 2)..<end]))
        offset = end
        number += 1
    }
    call.run(for: .milliseconds(300))
    // Whatever Alice did, what leaves the worker can be opened and was negotiated.
    precondition(steps.hasOtherSections || bob.failures.isEmpty, bob.failures.first ?? "")
    call.leave(alice)
    call.leave(bob)
    precondition(call.worker.statistics.peers == 0)
    return 0
}

/// What can happen in the call.
private struct Steps {
    let call: VirtualCall
    let alice: VirtualClient
    let bob: VirtualClient
    /// Whether the worker was told of sections that the clients do not know.
    var hasOtherSections = false

    init(call: VirtualCall, alice: VirtualClient, bob: VirtualClient) {
        self.call = call
        self.alice = alice
        self.bob = bob
        call.show(alice, "0", in: "0", of: bob)
        call.show(alice, "1", in: "1", of: bob)
    }

    mutating func take(_ kind: UInt8, _ bytes: [UInt8]) {
        let first = bytes.first ?? 0
        switch kind % 10 {
        case 0: call.inject(bytes, from: first & 1 == 0 ? alice.address : bob.address)
        case 1: alice.sendPlain(bytes)
        case 2: alice.sendPlain(packet(bytes))
        case 3: control(bytes, of: alice)
        case 4: control(bytes, of: bob)
        case 5: call.run(for: .milliseconds(Int64(first) * Int64(bytes.count)))
        case 6: call.show(first & 2 == 0 ? alice : nil, "\(first & 1)", in: "\(first & 1)", of: bob)
        case 7: call.apply(.setPaused(publisher: alice.id, mid: "\(first & 1)", first & 2 == 0))
        case 8: publish(first)
        default: change(bytes)
        }
        call.run(for: .milliseconds(1))
    }

    /// A packet of one of Alice's streams: the numbers come from the input, what routes it is right.
    private func packet(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 5 else { return bytes }
        let section = alice.media?.section(mid: bytes[0] & 1 == 0 ? "0" : "1")
        guard let section, let slot = section.slot, !section.codecs.isEmpty else { return bytes }
        let codec = section.codecs[Int(bytes[0] >> 1) % section.codecs.count]
        let isRepeated = bytes[0] & 0x80 != 0
        let type = isRepeated ? codec.retransmissionPayloadType ?? 1 : codec.payloadType
        let ssrc = isRepeated ? slot.rtxSSRC ?? 1 : slot.ssrc &+ UInt32(bytes[0] >> 5 & 1)
        var packet = [UInt8](repeating: 0, count: 64)
        var span = packet.mutableSpan
        var writer = RTPHeaderWriter()
        writer.begin(
            marker: bytes[1] & 1 != 0, payloadType: type,
            sequenceNumber: SequenceNumber(UInt16(bytes[1]) << 8 | UInt16(bytes[2])),
            timestamp: RTPTimestamp(UInt32(bytes[3]) << 24 | UInt32(bytes[4])), ssrc: SSRC(ssrc),
            in: &span)
        if let id = section.extensionID(.mid) {
            writer.append(id: id, data: Array(section.mid.utf8).span, in: &span)
        }
        if let id = section.extensionID(.transportSequenceNumber) {
            writer.append(id: id, uint16: UInt16(bytes[2]) << 8 | UInt16(bytes[1]), in: &span)
        }
        if let id = section.extensionID(.rid), bytes[0] & 0x40 != 0 {
            writer.append(id: id, data: bytes.span.extracting(3..<4), in: &span)
        }
        let count = writer.finish(in: &span)
        return Array(packet.prefix(count)) + bytes[5...]
    }

    /// RTCP as it is, or about a stream that is there.
    private func control(_ bytes: [UInt8], of client: VirtualClient) {
        var bytes = bytes
        let ssrc =
            client.slotSSRC(mid: "1")
            ?? client.media?.section(mid: "1")?.slot.map { SSRC($0.ssrc) }
        if bytes.count >= 12, bytes[0] & 0x20 == 0, let ssrc {
            let place = bytes[1] == 200 ? 4 : 8
            for index in 0..<4 {
                bytes[place + index] = UInt8(
                    truncatingIfNeeded: ssrc.rawValue >> (24 - 8 * UInt32(index)))
            }
        }
        client.sendControl { output in
            for byte in bytes.prefix(1_200) { output.append(byte) }
            return true
        }
    }

    private func publish(_ first: UInt8) {
        guard alice.sources.count < 8 else {
            return alice.sources[Int(first) % 8].leap(over: 9_000)
        }
        var settings = first & 1 == 0 ? SourceSettings.audio(tag: 1) : .video(.vp8, tag: 2)
        if first & 2 != 0 { settings.ssrc = SSRC(UInt32(first)) }
        alice.publish(mid: first & 1 == 0 ? "0" : "1", settings, at: call.now)
    }

    /// A later offer: sections renamed, resting, or with other streams.
    private mutating func change(_ bytes: [UInt8]) {
        guard bytes.count >= 2, var media = (bytes[0] & 1 == 0 ? alice : bob).serverMedia,
            !media.sections.isEmpty
        else { return }
        hasOtherSections = true
        let index = Int(bytes[1]) % media.sections.count
        switch bytes[0] >> 1 & 3 {
        case 0: media.sections[index].mid = "m\(bytes[1])"
        case 1: media.sections[index].direction = .inactive
        case 2: media.sections[index].slot?.ssrc &+= 1
        default: media.sections[index].codecs.removeAll()
        }
        call.apply(.updatePeer((bytes[0] & 1 == 0 ? alice : bob).id, media))
    }
}
