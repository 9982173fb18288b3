// That what one loop hands another arrives whole, in order, and wakes whoever sleeps.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import MediaWorker
import RTP
import Testing
import Wire

@testable import MediaIO

@Suite struct RelayRingTests {
    private static let stream = RelayedStream(
        publisher: 1, section: 0, layer: 0, place: 0, generation: 1, ssrc: SSRC(1),
        clockRate: 90_000)

    private static func packet(_ number: UInt64) -> RelayMessage {
        let entry = HistoryEntry(
            sequence: ExtendedSequenceNumber(number), timestamp: RTPTimestamp(0), codec: .vp8,
            marker: false, startsKeyframe: false)
        return .packet(stream, entry, .fresh)
    }

    private static func push(_ number: UInt64, _ bytes: [UInt8] = [], to ring: RelayRing) -> Bool {
        ring.push(packet(number), payload: bytes.span)
    }

    /// The number in a packet and the bytes behind it.
    private static func taken(from ring: RelayRing) -> [(UInt64, [UInt8])] {
        var all: [(UInt64, [UInt8])] = []
        while ring.take({ message, payload in
            guard case .packet(_, let entry, _) = message else { return }
            all.append((entry.sequence.rawValue, payload.copied()))
        }) {}
        ring.release()
        return all
    }

    @Test func whatIsPublishedComesOutOnceAndInOrder() {
        let ring = RelayRing(capacity: 64)
        for round in UInt64(0)..<10 {
            for step in UInt64(0)..<20 {
                let bytes = [UInt8](repeating: UInt8(round), count: Int(step))
                #expect(Self.push(round * 20 + step, bytes, to: ring))
            }
            #expect(Self.taken(from: ring).isEmpty)
            ring.publish()
            let taken = Self.taken(from: ring)
            #expect(taken.map(\.0) == Array(round * 20..<round * 20 + 20))
            #expect(taken.map(\.1.count) == Array(0..<20))
            #expect(taken.allSatisfy { $0.1.allSatisfy { $0 == UInt8(round) } })
        }
    }

    @Test func aFullRingRefusesPacketsBeforeRequests() {
        let ring = RelayRing(capacity: 64)
        var count = 0
        while Self.push(UInt64(count), to: ring) { count += 1 }
        #expect(count == 64 - RelayRing.reserve)
        var requests = 0
        while ring.push(.caughtUp(Self.stream), payload: Span()) { requests += 1 }
        #expect(requests == RelayRing.reserve)
        ring.publish()
        #expect(Self.taken(from: ring).count == count)
        #expect(Self.push(0, to: ring))
        let tooLong = [UInt8](repeating: 0, count: RelayRing.payloadMax + 1)
        #expect(!Self.push(0, tooLong, to: ring))
    }

    @Test func aLoopSleepsOnlyWhereNothingIsPending() throws {
        let mesh = try RelayMesh(count: 3)
        var writer = RelayExchange(mesh, index: 0)
        var reader = RelayExchange(mesh, index: 2)
        var mayWait = [reader.mayWait()]
        reader.awake()
        let isTaken = [2, 0, 3, -1].map {
            writer.relay(Self.packet(7), payload: Span(), to: $0)
        }
        #expect(isTaken == [true, false, false, false])
        mayWait.append(reader.mayWait())
        reader.awake()
        writer.flush()
        mayWait.append(reader.mayWait())
        var sources: [Int] = []
        reader.take { _, _, loop in sources.append(loop) }
        #expect(sources == [0])
        mayWait.append(reader.mayWait())
        #expect(mayWait == [true, true, false, true])
    }

    @Test func aTurnTakesOnlySoMuchAndComesAgain() throws {
        let mesh = try RelayMesh(count: 2)
        var writer = RelayExchange(mesh, index: 1)
        var reader = RelayExchange(mesh, index: 0)
        for number in UInt64(0)..<300 {
            let isTaken = writer.relay(Self.packet(number), payload: Span(), to: 0)
            #expect(isTaken)
        }
        writer.flush()
        var count = 0
        reader.take { _, _, _ in count += 1 }
        #expect(count == RelayExchange.messagesPerTurnMax)
        let mayWait = reader.mayWait()
        #expect(!mayWait)
        reader.take { _, _, _ in count += 1 }
        #expect(count == 300)
        let mayWaitThen = reader.mayWait()
        #expect(mayWaitThen)
    }

    @Test func twoThreadsLoseAndRepeatNothing() async throws {
        let mesh = try RelayMesh(count: 2)
        let count = UInt64(20_000)
        let writer = try LoopThread(name: "writer", cpu: nil, body: RingWriter(mesh, count: count))
        var reader = RelayExchange(mesh, index: 0)
        var poller = try Poller()
        try poller.watch(mesh.ports[0].wake)
        var next = UInt64(0)
        var isWhole = true
        while next < count {
            // Without a wake-up this would wait for ever: the writer says nothing twice.
            let mayWait = reader.mayWait()
            let ready = poller.wait(timeout: mayWait ? .seconds(10) : .zero)
            reader.awake()
            try #require(!mayWait || ready > 0, "nobody woke the reader")
            if ready > 0 { mesh.ports[0].wake.clear() }
            reader.take { message, payload, _ in
                guard case .packet(_, let entry, _) = message else { return }
                isWhole =
                    isWhole && entry.sequence.rawValue == next
                    && payload.count == Int(next % 200)
                    && payload.uint8(at: payload.count - 1) ?? UInt8(next & 0xFF)
                        == UInt8(next & 0xFF)
                next += 1
            }
        }
        writer.join()
        #expect(isWhole)
    }
}

/// Writes numbers into a ring as fast as it takes them.
private final class RingWriter: LoopThreadBody {
    private let mesh: RelayMesh
    private let count: UInt64

    init(_ mesh: RelayMesh, count: UInt64) {
        self.mesh = mesh
        self.count = count
    }

    override func run() {
        var exchange = RelayExchange(mesh, index: 1)
        var number = UInt64(0)
        let stream = RelayedStream(
            publisher: 1, section: 0, layer: 0, place: 0, generation: 1, ssrc: SSRC(1),
            clockRate: 90_000)
        while number < count {
            let entry = HistoryEntry(
                sequence: ExtendedSequenceNumber(number), timestamp: RTPTimestamp(0), codec: .vp8,
                marker: false, startsKeyframe: false)
            let bytes = [UInt8](repeating: UInt8(number & 0xFF), count: Int(number % 200))
            if exchange.relay(.packet(stream, entry, .fresh), payload: bytes.span, to: 0) {
                number += 1
            }
            exchange.flush()
        }
    }
}
