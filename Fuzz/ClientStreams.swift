// Fuzzes what a client reads from a TCP connection: frames in pieces, beside what it sends.
// SPDX-License-Identifier: Apache-2.0

import ClientTransport
import Wire

/// libFuzzer's entry: the first byte of each piece is its length, the rest arrives together.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let path = TransportPath(socket: 16, remote: NetworkAddress(ipv4: 0xC000_0201, port: 443))
    var streams = ClientStreams()
    var now = MediaInstant.zero
    streams.send([0, 1].span, on: path, at: now)
    streams.opened(1, at: now)
    var position = 0
    var bytes = 0
    while position < input.count {
        let end = min(input.count, position + 1 + Int(input[position]))
        let piece = Array(input[(position + 1)..<end])
        streams.receive(piece.span, of: 1) { datagram, from in
            precondition(from == path && !datagram.isEmpty)
            bytes += datagram.count
        }
        streams.send(piece.span, on: path, at: now)
        if input[position] & 1 == 0 { _ = streams.takeBytes(of: 1, bytesMax: end - position) }
        now = now + .milliseconds(Int64(input[position]))
        streams.advance(to: now)
        position = end
    }
    precondition(bytes <= input.count)
    while streams.pollOrder() != nil {}
    return 0
}
