// Datagrams over TCP: frames, whoever does not belong here, and readers that are too slow.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
import MediaWorker
import Testing
import Wire

@testable import MediaIO

/// A blocking TCP connection that waits at most five seconds for anything.
private final class StreamClient {
    let descriptor: Int32

    init(_ remote: NetworkAddress) throws {
        var address = mediaio_address(remote)
        descriptor = unsafe mediaio_tcp_connect(&address)
        try #require(descriptor >= 0)
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { mediaio_close(descriptor) }

    func write(_ bytes: [UInt8]) {
        let count = unsafe bytes.withUnsafeBufferPointer {
            unsafe mediaio_tcp_send(descriptor, $0.baseAddress, UInt32($0.count), nil, 0)
        }
        #expect(Int(count) == bytes.count)
    }

    /// Up to `count` bytes; fewer at the stream's end or after five seconds.
    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var part = [UInt8](repeating: 0, count: min(65_536, count - bytes.count))
            let room = UInt32(part.count)
            let result = unsafe part.withUnsafeMutableBufferPointer { buffer -> Int32 in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe mediaio_tcp_receive(descriptor, base, room)
            }
            guard result > 0 else { break }
            bytes += part.prefix(Int(result))
        }
        return bytes
    }

    /// Whether the other side closes within five seconds.
    func isClosed() -> Bool {
        var byte: UInt8 = 0
        let result = unsafe mediaio_tcp_receive(descriptor, &byte, 1)
        return result == 0 || result == -ECONNRESET
    }
}

private func frame(_ datagram: [UInt8]) -> [UInt8] {
    [UInt8(datagram.count >> 8), UInt8(datagram.count & 0xFF)] + datagram
}

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    private func echo() throws -> MediaLoop<EchoHandler> {
        var configuration = SocketConfiguration()
        configuration.acceptsStreams = true
        return try MediaLoop(
            sockets: try SocketSet(addresses: [loopback], port: 0, configuration: configuration),
            handler: EchoHandler())
    }

    @Test func datagramsComeBackOverTheConnectionTheyCameOver() throws {
        let loop = try echo()
        defer { loop.stop() }
        let clients = (try StreamClient(loop.addresses[0]), try StreamClient(loop.addresses[0]))
        for number in 0..<40 {
            let first = frame([0] + [UInt8](repeating: UInt8(number), count: number * 40))
            let second = frame([1, UInt8(number)])
            clients.0.write(first)
            clients.1.write(second)
            #expect(clients.0.read(first.count) == first)
            #expect(clients.1.read(second.count) == second)
        }
        loop.stop()
        let streams = loop.statistics().streams
        #expect(streams.accepted == 2 && streams.received == 80 && streams.sent == 80)
    }

    @Test func framesMayComeInAnyPieces() throws {
        let loop = try echo()
        defer { loop.stop() }
        let client = try StreamClient(loop.addresses[0])
        let frames = frame([0, 1, 2]) + frame([200]) + frame([UInt8](repeating: 3, count: 2_048))
        for byte in frames.prefix(300) { client.write([byte]) }
        client.write(Array(frames.dropFirst(300)))
        #expect(client.read(frames.count) == frames)
    }

    @Test func whoDoesNotBelongHereIsClosed() throws {
        let loop = try echo()
        defer { loop.stop() }
        for bytes in [
            frame([128, 1]), [0, 0], [0xFF, 0xFF, 1],
            Array("GET / HTTP/1.1\r\n\r\n".utf8),
        ] {
            let client = try StreamClient(loop.addresses[0])
            client.write(bytes)
            #expect(client.isClosed())
        }
        // Whoever belonged here until now, too.
        let former = try StreamClient(loop.addresses[0])
        former.write(frame([0]))
        #expect(former.read(3) == frame([0]))
        former.write([0xFF, 0xFF])
        #expect(former.isClosed())
        // Others go on.
        let client = try StreamClient(loop.addresses[0])
        client.write(frame([2, 3]))
        #expect(client.read(4) == frame([2, 3]))
        loop.stop()
        #expect(loop.statistics().streams.dropped == 5)
    }

    @Test func aReaderThatIsTooSlowLosesWholeDatagramsAndNobodyElseAny() throws {
        let loop = try echo()
        defer { loop.stop() }
        let slow = try StreamClient(loop.addresses[0])
        let other = try StreamClient(loop.addresses[0])
        let big = frame([0] + [UInt8](repeating: 7, count: 1_999))
        let count = 4_000
        for number in 0..<count {
            slow.write(big)
            if number % 400 == 0 {
                other.write(frame([1, 2]))
                #expect(other.read(4) == frame([1, 2]))
            }
        }
        // What was not dropped comes whole, in frames.
        slow.write(frame([3]))
        var whole = 0
        while true {
            let head = slow.read(2)
            guard head.count == 2 else { break }
            let datagram = slow.read(Int(head[0]) << 8 | Int(head[1]))
            if datagram == [3] { break }
            #expect(datagram == Array(big.dropFirst(2)))
            whole += 1
            if whole == count { break }
        }
        loop.stop()
        let streams = loop.statistics().streams
        #expect(streams.unsent + UInt64(whole) <= UInt64(count) + 1)
        #expect(streams.received <= UInt64(count) + 11)
    }

    @Test func whatHasLeftDoesNotPileUpBehindAReaderThatIsNeverDone() throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { mediaio_close(end) } }
        try #require(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        var connection = StreamConnection(
            descriptor: ends[0], path: TransportPath(socket: 1, remote: loopback), at: .zero)
        let datagram = [UInt8](repeating: 5, count: 1_200)
        var part = [UInt8](repeating: 0, count: 16_384)
        for _ in 0..<3_000 {
            let result = unsafe datagram.withUnsafeBufferPointer { bytes in
                unsafe bytes.baseAddress.map { unsafe connection.send($0, count: bytes.count) }
            }
            #expect(result != .broken)
            guard connection.keptBytes > StreamConnection.backlogMax / 2 else { continue }
            // A little is read each time, and never all.
            _ = unsafe part.withUnsafeMutableBufferPointer {
                unsafe read(ends[1], $0.baseAddress, 1_000)
            }
            #expect(connection.sendBacklog() == .sent)
        }
        #expect(connection.hasBacklog)
        #expect(connection.keptBytes <= 2 * StreamConnection.backlogMax + 4_096)
    }

    @Test func silentConnectionsAreClosedAndTheirPlacesUsedAgain() throws {
        var streams = try StreamSet(addresses: [loopback.with(port: 0)], firstSocket: 1)
        var poller = try Poller()
        try streams.watch(with: &poller)
        #expect(streams.nextDeadline == nil)
        // A listener without a port of its own choosing is found by the kernel; here none connects.
        streams.accept(at: 0, with: &poller, at: .zero)
        streams.accept(at: 9, with: &poller, at: .zero)
        #expect(streams.count == 0 && streams.counters == StreamCounters())
        streams.serve(0, with: &poller, at: .zero) { _, _ in }
        streams.advance(to: .zero)
    }
}
