// That a client's TCP connections are opened and closed when they should be, and keep neither memory nor old media.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import ClientTransport

private func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant.zero + .milliseconds(milliseconds)
}

private func path(_ port: UInt16 = 443) -> TransportPath {
    TransportPath(socket: 16, remote: NetworkAddress(ipv4: 0xC000_0201, port: port))
}

private let check: [UInt8] = [0, 1] + [UInt8](repeating: 7, count: 98)
private let media: [UInt8] = [128] + [UInt8](repeating: 9, count: 1_099)

/// Connections in a box, for the macros of the tests, which make no mutating calls.
private final class StreamsBox {
    private var streams = ClientStreams(relaySockets: [17])

    /// With one connection, number 1, which is open and has nothing to send.
    static func opened() -> StreamsBox {
        let box = StreamsBox()
        box.give(check)
        _ = box.allOrders()
        box.opened(1, at: at(0))
        _ = box.allBytes(of: 1)
        return box
    }

    var count: Int { streams.count }
    var open: [UInt64] { streams.open }
    var nextDeadline: MediaInstant? { streams.nextDeadline }
    var droppedDatagrams: UInt64 { streams.droppedDatagrams }

    func contains(_ number: UInt64) -> Bool { streams.contains(number) }
    func opened(_ number: UInt64, at now: MediaInstant) { streams.opened(number, at: now) }
    func closed(_ number: UInt64) { streams.closed(number) }
    func closeAll() { streams.closeAll() }
    func advance(to now: MediaInstant) { streams.advance(to: now) }

    func give(_ bytes: [UInt8], on way: TransportPath = path(), at now: MediaInstant = at(0)) {
        streams.send(bytes.span, on: way, at: now)
    }

    func allOrders() -> [StreamOrder] {
        var orders: [StreamOrder] = []
        while let order = streams.pollOrder() { orders.append(order) }
        return orders
    }

    func bytes(of number: UInt64, bytesMax: Int) -> [UInt8]? {
        streams.takeBytes(of: number, bytesMax: bytesMax)
    }

    func allBytes(of number: UInt64) -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = streams.takeBytes(of: number, bytesMax: 700) { all += bytes }
        return all
    }

    func datagrams(
        in bytes: [UInt8], of number: UInt64
    ) -> [(bytes: [UInt8], path: TransportPath)] {
        var found: [(bytes: [UInt8], path: TransportPath)] = []
        streams.receive(bytes.span, of: number) { datagram, path in
            found.append((datagram.span.indices.map { datagram[$0] }, path))
        }
        return found
    }
}

private func frame(_ datagram: [UInt8]) -> [UInt8] {
    [UInt8(datagram.count >> 8), UInt8(datagram.count & 0xFF)] + datagram
}

@Suite struct ClientStreamsTests {
    @Test func theFirstDatagramOpensAConnectionAndWaitsForIt() {
        let streams = StreamsBox()
        streams.give(check)
        streams.give(media)
        #expect(streams.allOrders() == [.connect(1, path())])
        #expect(streams.open.isEmpty && streams.bytes(of: 1, bytesMax: 100) == nil)
        streams.opened(1, at: at(30))
        #expect(streams.open == [1])
        #expect(streams.allBytes(of: 1) == frame(check) + frame(media))
    }

    @Test func datagramsComeOutWholeHoweverTheyAreCut() {
        var random = SeededRandom(seed: 3)
        let streams = StreamsBox.opened()
        let sent = (0..<200).map { number in
            [UInt8](
                repeating: UInt8(truncatingIfNeeded: number),
                count: Int.random(in: 1...2_048, using: &random))
        }
        let stream = sent.flatMap { frame($0) }
        var taken: [[UInt8]] = []
        var position = 0
        while position < stream.count {
            let end = min(stream.count, position + Int.random(in: 1...20_000, using: &random))
            let found = streams.datagrams(in: Array(stream[position..<end]), of: 1)
            #expect(found.allSatisfy { $0.path == path() })
            taken += found.map(\.bytes)
            position = end
        }
        #expect(taken == sent)
    }

    @Test func hostileFramingClosesTheConnectionAndNothingElse() {
        for head in [[0, 0], [8, 1], [255, 255]] as [[UInt8]] {
            let streams = StreamsBox.opened()
            streams.give(check, on: path(444))
            _ = streams.allOrders()
            let found = streams.datagrams(in: frame(check) + head + frame(check), of: 1)
            #expect(found.map(\.bytes) == [check])
            #expect(streams.allOrders() == [.close(1), .lost(path())])
            #expect(streams.count == 1)
            // What still comes of it is not looked at.
            #expect(streams.datagrams(in: frame(check), of: 1).isEmpty)
            streams.closed(1)
            #expect(streams.allOrders().isEmpty)
        }
        var random = SeededRandom(seed: 4)
        for _ in 0..<60 {
            let streams = StreamsBox.opened()
            for _ in 0..<20 {
                let noise = (0..<Int.random(in: 0...3_000, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                _ = streams.datagrams(in: noise, of: UInt64.random(in: 0...2, using: &random))
            }
        }
    }

    @Test func aSlowConnectionDropsMediaAndKeepsChecks() {
        let streams = StreamsBox.opened()
        for _ in 0..<10_000 { streams.give(media) }
        let waiting = streams.allBytes(of: 1)
        #expect(waiting.count <= ClientStreams.mediaBytesMax)
        #expect(waiting.count > ClientStreams.mediaBytesMax - 2 * media.count)
        #expect(waiting.count % frame(media).count == 0)
        #expect(streams.droppedDatagrams == 10_000 - UInt64(waiting.count / frame(media).count))
        for _ in 0..<10_000 { streams.give(media) }
        let dropped = streams.droppedDatagrams
        streams.give(check)
        #expect(streams.droppedDatagrams == dropped)
        for _ in 0..<10_000 { streams.give(check) }
        #expect(streams.allBytes(of: 1).count <= ClientStreams.bytesMax)
    }

    @Test func mediaThatWouldComeTooLateIsNotSent() {
        let streams = StreamsBox.opened()
        streams.give(media, at: at(1_000))
        streams.give(media, at: at(1_400))
        _ = streams.bytes(of: 1, bytesMax: 1_500)
        streams.give(media, at: at(1_500))
        streams.give(check, at: at(1_500))
        #expect(streams.droppedDatagrams == 1)
        let rest = streams.allBytes(of: 1)
        #expect(rest.count == 2 * frame(media).count + frame(check).count - 1_500)
        // When all has left, media goes on.
        streams.give(media, at: at(1_600))
        #expect(streams.droppedDatagrams == 1 && streams.allBytes(of: 1) == frame(media))
    }

    @Test func whatIsReadInPiecesForEverStaysBounded() {
        let streams = StreamsBox.opened()
        var taken = 0
        for round in 0..<5_000 {
            streams.give(media, at: at(Int64(round) / 100))
            taken += streams.bytes(of: 1, bytesMax: 1_000)?.count ?? 0
        }
        #expect(taken == 5_000_000)
        #expect(streams.allBytes(of: 1).count <= ClientStreams.mediaBytesMax)
    }

    @Test func relaysHaveOtherFrames() {
        let streams = StreamsBox()
        let relay = TransportPath(socket: 17, remote: path().remote)
        let request: [UInt8] = [0, 3, 0, 4] + [UInt8](repeating: 5, count: 20)
        let channel: [UInt8] = [0x40, 0, 0, 5, 128, 1, 2, 3, 4]
        streams.give(request, on: relay)
        streams.give(channel, on: relay)
        #expect(streams.allOrders() == [.connect(1, relay)])
        streams.opened(1, at: at(0))
        let sent = streams.allBytes(of: 1)
        #expect(sent == request + channel + [0, 0, 0])
        for cut in 0...sent.count {
            let pieces = [Array(sent[..<cut]), Array(sent[cut...])]
            let found = pieces.flatMap { streams.datagrams(in: $0, of: 1) }
            #expect(found.map(\.bytes) == [request, channel] && found.last?.path == relay)
        }
        // Media in a channel is dropped before requests are.
        for _ in 0..<20_000 { streams.give(channel, on: relay) }
        let dropped = streams.droppedDatagrams
        streams.give(request, on: relay)
        #expect(dropped > 0 && streams.droppedDatagrams == dropped)
        for strange in [[0, 1, 0, 3], [80, 0, 0, 0], [128, 0, 0, 1], [64, 0, 255, 255]] {
            let streams = StreamsBox()
            streams.give(request, on: relay)
            streams.opened(1, at: at(0))
            _ = streams.allOrders()
            let found = streams.datagrams(in: request + strange.map { UInt8($0) }, of: 1)
            #expect(found.count == 1 && streams.allOrders() == [.close(1), .lost(relay)])
        }
    }

    @Test func whatCannotBeOpenedOrIsOfNoUseIsClosed() {
        let streams = StreamsBox()
        streams.give(check)
        streams.give(check, at: at(9_000))
        _ = streams.allOrders()
        #expect(streams.nextDeadline == at(10_000))
        streams.advance(to: at(9_999))
        #expect(streams.allOrders().isEmpty)
        streams.advance(to: at(10_000))
        #expect(streams.allOrders() == [.close(1), .lost(path())])
        #expect(streams.nextDeadline == nil)

        // A new one has another number, and what is said of the former is nobody's.
        streams.give(check, at: at(11_000))
        #expect(streams.allOrders() == [.connect(2, path())])
        streams.opened(1, at: at(11_000))
        streams.closed(1)
        #expect(streams.open.isEmpty && streams.contains(2) && !streams.contains(1))
        streams.opened(2, at: at(11_100))
        streams.give(check, at: at(20_000))
        #expect(streams.nextDeadline == at(35_000))
        streams.advance(to: at(35_000))
        #expect(streams.allOrders() == [.close(2), .lost(path())])
    }

    @Test func connectionsAreBoundedAndAllClosedInTheEnd() {
        let streams = StreamsBox()
        for port in 1...100 as ClosedRange<UInt16> { streams.give(check, on: path(port)) }
        #expect(streams.count == ClientStreams.connectionsMax)
        streams.give([UInt8](repeating: 1, count: 70_000), on: path(1))
        streams.give([], on: path(1))
        #expect(streams.droppedDatagrams == 94)
        _ = streams.allOrders()
        streams.closed(3)
        #expect(streams.allOrders() == [.lost(path(3))])
        streams.closeAll()
        #expect(streams.allOrders() == [1, 2, 4, 5, 6, 7, 8].map { .close($0) })
        #expect(streams.count == 0)
    }
}
