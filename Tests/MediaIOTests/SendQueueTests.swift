// What a send queue does with the kernel's answers.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
import MediaWorker
import Testing
import Wire

@testable import MediaIO

/// Answers from a script, then takes everything; records what it took.
private struct ScriptedKernel: ~Copyable, DatagramKernel {
    var answers: [Int32] = []
    var hasRoomAfterWait = true
    var waits = 0
    /// First byte and segment size of each message taken.
    var taken: [String] = []

    mutating func send(_ messages: Span<mediaio_message>) -> Int32 {
        let answer = answers.isEmpty ? Int32(messages.count) : answers.removeFirst()
        for index in 0..<max(0, Int(answer)) {
            taken.append("\(messages[index].offset)/\(messages[index].segment_bytes)")
        }
        return answer
    }

    mutating func waitForRoom() -> Bool {
        waits += 1
        return hasRoomAfterWait
    }
}

@Suite struct SendQueueTests {
    private let path = TransportPath(socket: 0, remote: loopback.with(port: 9))

    private func messages(
        _ offset: Int, _ count: Int, _ segmentSize: Int, segments: Bool = true
    ) -> [mediaio_message] {
        var run = OutgoingRun(
            Transmission(path: path, offset: offset, count: count, segmentSize: segmentSize))
        var cut: [mediaio_message] = []
        while let message = run.next(segments: segments) { cut.append(message) }
        return cut
    }

    @Test func runsAreCutAtSegmentsAndBytes() {
        #expect(messages(0, 100, 100).map(\.segment_bytes) == [0])
        #expect(messages(0, 100, 0).map(\.count) == [100])
        #expect(messages(0, 150, 100).map(\.segment_bytes) == [100])
        #expect(messages(0, 6500, 100).map(\.count) == [6400, 100])
        #expect(messages(0, 6500, 100).map(\.segment_bytes) == [100, 0])
        #expect(messages(7, 130_000, 1300).map(\.count) == [65_000, 65_000])
        #expect(messages(7, 250, 100, segments: false).map(\.offset) == [7, 107, 207])
        #expect(messages(0, 70_000, 70_000).isEmpty)
        #expect(messages(0, 65_507, 65_507).map(\.count) == [65_507])
        #expect(messages(0, 80_000, 40_000).map(\.count) == [40_000, 40_000])
    }

    private func flush(
        _ queue: inout SendQueue, _ kernel: inout ScriptedKernel, patience: Int = 1
    ) -> SendCounters {
        var patience = patience
        var counters = SendCounters()
        queue.flush(through: &kernel, patience: &patience, counters: &counters)
        #expect(queue.isEmpty)
        return counters
    }

    private func queue(_ list: [mediaio_message]) -> SendQueue {
        var queue = SendQueue(segments: true)
        for message in list { queue.append(message) }
        return queue
    }

    @Test func aPartialSendGoesOnBehindIt() {
        var queue = queue((0..<10).flatMap { messages($0, 1, 1) })
        var kernel = ScriptedKernel(answers: [3, -EINTR, 4])
        let counters = flush(&queue, &kernel)
        #expect(kernel.taken == (0..<10).map { "\($0)/0" })
        #expect(counters.datagrams == 10)
        #expect(counters.calls == 4)
    }

    @Test func aFullBufferIsWaitedForOnceThenTheRestIsDropped() {
        var queue = queue((0..<10).flatMap { messages($0, 1, 1) })
        var kernel = ScriptedKernel(answers: [2, -EAGAIN, 2, -EAGAIN])
        let counters = flush(&queue, &kernel)
        #expect(kernel.waits == 1)
        #expect(counters.datagrams == 4)
        #expect(counters.droppedBufferFull == 6)
    }

    @Test func anErrorCostsOnlyItsOwnDatagram() {
        var queue = queue((0..<4).flatMap { messages($0, 1, 1) })
        var kernel = ScriptedKernel(answers: [1, -EPERM])
        let counters = flush(&queue, &kernel)
        #expect(kernel.taken == ["0/0", "2/0", "3/0"])
        #expect(counters.droppedOther == 1)
    }

    @Test func aRefusedConnectionOfAnotherIsForgotten() {
        var queue = queue((0..<3).flatMap { messages($0, 1, 1) })
        var kernel = ScriptedKernel(answers: [-ECONNREFUSED, 1, -ECONNREFUSED, -ECONNREFUSED])
        let counters = flush(&queue, &kernel)
        #expect(kernel.taken == ["0/0", "2/0"])
        #expect(counters.droppedOther == 1)
    }

    @Test func anErrorThatNeverEndsEndsTheFlush() {
        for code in [EINTR, EAGAIN, ENOBUFS, ECONNREFUSED, EINVAL, EIO, ENOMEM, 0] {
            var queue = queue(messages(0, 1, 1) + messages(1, 5000, 100) + messages(9, 1, 1))
            var kernel = ScriptedKernel(answers: [Int32](repeating: -code, count: 1000))
            let counters = flush(&queue, &kernel)
            #expect(counters.droppedBufferFull + counters.droppedOther == 52)
        }
    }

    @Test func aRunThatIsRefusedGoesSingly() {
        var queue = queue(messages(0, 250, 100) + messages(300, 20, 10))
        var kernel = ScriptedKernel(answers: [-EINVAL])
        let counters = flush(&queue, &kernel)
        #expect(kernel.taken == ["0/0", "100/0", "200/0", "300/10"])
        #expect(counters.segmentationRefusals == 1)
        #expect(counters.datagrams == 5)
        #expect(counters.runs == 1)
        #expect(queue.segments)
    }

    @Test func aDeviceWithoutChecksumsEndsSegmentationAtOnce() {
        var queue = queue(messages(0, 250, 100))
        var kernel = ScriptedKernel(answers: [-EIO])
        let counters = flush(&queue, &kernel)
        #expect(counters.datagrams == 3)
        #expect(!queue.segments)
    }

    @Test func onePeersRefusalsDoNotEndSegmentationForOthers() {
        var queue = queue([])
        for _ in 0..<100 {
            for message in messages(0, 250, 100) + messages(300, 20, 10) { queue.append(message) }
            var kernel = ScriptedKernel(answers: [-EMSGSIZE])
            #expect(flush(&queue, &kernel).datagrams == 5)
        }
        #expect(queue.segments)
        for _ in 0..<SendQueue.refusalsMax {
            for message in messages(0, 250, 100) { queue.append(message) }
            var kernel = ScriptedKernel(answers: [-EMSGSIZE])
            #expect(flush(&queue, &kernel).datagrams == 3)
        }
        #expect(!queue.segments)
    }

    @Test func aKernelThatRefusesToSegmentStillGetsTheDatagrams() throws {
        var sockets = try SocketSet(bindings: [loopback])
        // Linux segments no socket that leaves out checksums.
        var on: CInt = 1
        let result = unsafe setsockopt(
            sockets.descriptors[0], SOL_SOCKET, SO_NO_CHECK, &on, socklen_t(MemoryLayout<CInt>.size)
        )
        try #require(result == 0)
        var client = try TestClient()
        let path = TransportPath(socket: 0, remote: client.address)
        let slab = [UInt8](repeating: 3, count: 450)
        sockets.send(
            slab.span,
            [Transmission(path: path, offset: 0, count: 450, segmentSize: 100)].span)
        #expect(client.receive(5).map(\.bytes.count) == [100, 100, 100, 100, 50])
        #expect(sockets.counters.segmentationRefusals == 1)
    }

    @Test func aTransmissionOutsideTheSlabIsRefused() throws {
        var sockets = try SocketSet(bindings: [loopback])
        let slab = [UInt8](repeating: 3, count: 100)
        let wrong = [
            Transmission(path: path, offset: 0, count: 101, segmentSize: 101),
            Transmission(path: path, offset: -1, count: 10, segmentSize: 10),
            Transmission(path: path, offset: 101, count: 0, segmentSize: 0),
            Transmission(path: path, offset: .max, count: .max, segmentSize: 1),
            Transmission(
                path: TransportPath(socket: 1, remote: path.remote), offset: 0, count: 1,
                segmentSize: 1),
        ]
        sockets.send(slab.span, wrong.span)
        #expect(sockets.counters.malformed == 5)
        #expect(sockets.counters.calls == 0)
    }
}
