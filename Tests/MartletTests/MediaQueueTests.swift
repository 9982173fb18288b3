// That a source's buffer is bounded, says how full it is, and loses nothing.
// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import Martlet

@Suite struct MediaQueueTests {
    @Test func E33_I05_I07_aFullBufferSaysSoAndTakesMoreWhenThereIsRoom() async throws {
        let queue = MediaQueue<Int>(capacity: 30)
        var states = queue.bufferStates().makeAsyncIterator()
        #expect(await states.next() == .empty)
        #expect(queue.tryWrite(1, weight: 10) && queue.tryWrite(2, weight: 20))
        #expect(!queue.tryWrite(3, weight: 1))
        #expect(await states.next() == .available)
        #expect(await states.next() == .full)
        #expect(queue.weight == 30)
        #expect(await queue.next() == 1)
        #expect(queue.tryWrite(4, weight: 10))
        #expect(await queue.next() == 2)
        #expect(await queue.next() == 4)
        #expect(queue.bufferState == .empty)
    }

    @Test func whoLooksFindsWhatIsThereAndIsCalledOnceIfNothingIs() async throws {
        let queue = MediaQueue<Int>(capacity: 1)
        let calls = Mutex(0)
        let call: @Sendable () -> Void = { calls.withLock { $0 += 1 } }
        var writers: [CheckedContinuation<Bool, Never>] = []
        #expect(queue.call(call))
        #expect(queue.tryWrite(1, weight: 1))
        #expect(calls.withLock { $0 } == 1 && !queue.call(call))
        let writer = Task { try await queue.write(2, weight: 1) }
        while queue.writersWaiting == 0 { await Task.yield() }
        guard case .element(1) = queue.take(&writers), case .empty = queue.take(&writers) else {
            Issue.record("not what was written")
            return
        }
        // The writer goes on when the reader says so.
        #expect(writers.count == 1 && queue.call(call))
        for waiting in writers { waiting.resume(returning: true) }
        writers = []
        try await writer.value
        #expect(calls.withLock { $0 } == 2)
        guard case .element(2) = queue.take(&writers) else {
            Issue.record("not what was written")
            return
        }
        #expect(queue.call(call))
        queue.close()
        guard case .over = queue.take(&writers) else {
            Issue.record("not over")
            return
        }
        #expect(calls.withLock { $0 } == 3 && !queue.call(call))
    }

    @Test func whoWritesWaitsForRoomAndKeepsItsOrder() async throws {
        let queue = MediaQueue<Int>(capacity: 5)
        let writer = Task {
            for number in 0..<500 { try await queue.write(number, weight: 1) }
            queue.close()
        }
        var read: [Int] = []
        while let number = await queue.next() { read.append(number) }
        try await writer.value
        #expect(read == Array(0..<500))
    }

    @Test func aWriterThatIsCancelledGoesAndNothingOfItStays() async throws {
        let queue = MediaQueue<Int>(capacity: 1)
        #expect(queue.tryWrite(1, weight: 1))
        let writer = Task { try await queue.write(2, weight: 1) }
        writer.cancel()
        await #expect(throws: CancellationError.self) { try await writer.value }
        #expect(await queue.next() == 1)
        #expect(queue.weight == 0)
        let reader = Task { await queue.next() }
        reader.cancel()
        #expect(await reader.value == nil)
    }

    @Test func aClosedBufferIsReadToItsEndAndTakesNothing() async throws {
        let queue = MediaQueue<Int>(capacity: 10)
        #expect(queue.tryWrite(1, weight: 1))
        queue.close()
        #expect(!queue.tryWrite(2, weight: 1))
        await #expect(throws: MartletError.self) { try await queue.write(2, weight: 1) }
        #expect(await queue.next() == 1)
        #expect(await queue.next() == nil)
    }

    @Test func aBufferThatRefusesThrowsWhyUntilItTakesAgain() async throws {
        let queue = MediaQueue<Int>(capacity: 10)
        #expect(queue.tryWrite(1, weight: 10))
        let writer = Task { try await queue.write(2, weight: 1) }
        while queue.writersWaiting == 0 { await Task.yield() }
        let error = MartletError(code: 2009, "no")
        queue.refuse(error)
        // Who waits is told as well, and what waited is gone.
        await #expect(throws: error) { try await writer.value }
        await #expect(throws: error) { try await queue.write(3, weight: 1) }
        #expect(!queue.tryWrite(3, weight: 1) && queue.weight == 0 && queue.bufferState == .empty)
        queue.accept()
        try await queue.write(4, weight: 1)
        #expect(await queue.next() == 4)
        // What was closed stays so.
        queue.refuse(error)
        queue.close()
        queue.accept()
        let closed = await #expect(throws: MartletError.self) {
            try await queue.write(5, weight: 1)
        }
        #expect(closed?.code == 6010)
    }

    @Test func whatIsLargerThanTheBufferGoesAlone() async {
        let queue = MediaQueue<Int>(capacity: 10)
        #expect(queue.tryWrite(1, weight: 500))
        #expect(!queue.tryWrite(2, weight: 1))
        queue.removeAll()
        #expect(queue.tryWrite(2, weight: 1))
    }
}
