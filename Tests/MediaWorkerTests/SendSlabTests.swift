// That equal datagrams to one path leave as one run, and that nothing else does.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import MediaWorker

/// Remembers what was sent.
private struct RecordingDoor: DatagramDoor {
    var sent: [(Transmission, [UInt8])] = []

    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        for index in transmissions.indices {
            let run = transmissions[index]
            sent.append((run, slab.extracting(run.offset..<(run.offset + run.count)).copied()))
        }
    }
}

private final class BoxedSlab {
    var slab = SendSlab(capacity: 512 * 1_024)
    var door = RecordingDoor()

    var isEmpty: Bool { slab.isEmpty }

    func add(_ count: Int, to path: TransportPath) {
        slab.commit(count: count, path: path)
    }

    func flush() -> [(Transmission, [UInt8])] {
        slab.flush(through: &door)
        defer { door.sent = [] }
        return door.sent
    }
}

@Suite struct SendSlabTests {
    private let one = TransportPath(socket: 0, remote: NetworkAddress(ipv4: 1, port: 1))
    private let two = TransportPath(socket: 0, remote: NetworkAddress(ipv4: 2, port: 1))

    @Test func equalDatagramsToOnePathAreOneRun() {
        let box = BoxedSlab()
        for _ in 0..<5 { box.add(1_200, to: one) }
        for _ in 0..<5 { box.add(1_200, to: two) }
        let sent = box.flush()
        #expect(
            sent.map(\.0) == [
                Transmission(path: one, offset: 0, count: 6_000, segmentSize: 1_200),
                Transmission(path: two, offset: 6_000, count: 6_000, segmentSize: 1_200),
            ])
    }

    @Test func aShorterDatagramEndsItsRun() {
        let box = BoxedSlab()
        for count in [1_200, 1_200, 100, 100, 1_200] { box.add(count, to: one) }
        let sent = box.flush().map(\.0)
        #expect(sent.map(\.count) == [2_500, 100, 1_200])
        #expect(sent.map(\.segmentSize) == [1_200, 100, 1_200])
    }

    @Test func aLongerDatagramBeginsARun() {
        let box = BoxedSlab()
        for count in [100, 1_200, 1_200] { box.add(count, to: one) }
        #expect(box.flush().map(\.0.count) == [100, 2_400])
    }

    @Test func runsKeepTheKernelsLimits() {
        let box = BoxedSlab()
        for _ in 0..<100 { box.add(100, to: one) }
        for _ in 0..<100 { box.add(1_400, to: two) }
        let sent = box.flush().map(\.0)
        for run in sent {
            #expect(run.count / run.segmentSize <= SendSlab.segmentsMax)
            #expect(run.count <= SendSlab.runBytesMax)
        }
        #expect(sent.reduce(0) { $0 + $1.count } == 100 * 100 + 100 * 1_400)
        #expect(sent.count == 2 + 3)
    }

    @Test func aFlushStartsOver() {
        let box = BoxedSlab()
        box.add(500, to: one)
        #expect(box.flush().count == 1)
        #expect(box.isEmpty)
        #expect(box.flush().isEmpty)
        // Not a continuation of the run that has left.
        box.add(500, to: one)
        #expect(
            box.flush().map(\.0) == [
                Transmission(path: one, offset: 0, count: 500, segmentSize: 500)
            ])
    }

    @Test func nothingWrittenIsNothingSent() {
        let box = BoxedSlab()
        box.add(0, to: one)
        #expect(box.flush().isEmpty)
    }

    @Test func roomIsForADatagramOfAnySize() {
        let box = BoxedSlab()
        while box.slab.hasRoom { box.add(1_400, to: one) }
        let used = box.slab.used
        #expect(used + SendSlab.datagramMax > 512 * 1_024)
        #expect(used <= 512 * 1_024)
    }
}
