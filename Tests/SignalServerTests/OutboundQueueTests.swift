// That what waits for a client is bounded, keeps its order and leaves together.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct OutboundQueueTests {
    private func text(_ text: String) -> OutboundQueue.Item { .text(ByteBuffer(string: text)) }

    private func words(_ batch: [OutboundQueue.Item]?) -> [String]? {
        batch?.map { item in
            switch item {
            case .text(let buffer), .replay(let buffer), .pong(let buffer):
                String(buffer: buffer)
            case .close(_, let reason): "close \(reason)"
            }
        }
    }

    @Test func whatCameTogetherLeavesTogetherAndInOrder() async {
        let queue = OutboundQueue(messagesMax: 1_000, bytesMax: 1_000_000)
        for index in 0..<150 { #expect(queue.append(text("\(index)")) == .queued) }
        var seen: [String] = []
        for count in [64, 64, 22] {
            let batch = words(await queue.nextBatch()) ?? []
            #expect(batch.count == count)
            seen += batch
        }
        #expect(seen == (0..<150).map(String.init))
        queue.finish()
        #expect(await queue.nextBatch() == nil)
    }

    @Test func whatIsBeingWrittenStillCounts() async {
        let queue = OutboundQueue(messagesMax: 4, bytesMax: 1_000)
        for _ in 0..<4 { #expect(queue.append(text("x")) == .queued) }
        _ = await queue.nextBatch()
        // The batch is not written yet.
        #expect(queue.append(text("x")) == .overflown)
        #expect(queue.append(text("x")) == .discarded)
    }

    @Test func bytesAreBoundedToo() async {
        let queue = OutboundQueue(messagesMax: 100, bytesMax: 10)
        #expect(queue.append(text("0123456789")) == .queued)
        #expect(queue.append(text("x")) == .overflown)
    }

    @Test func replayedMessagesDoNotCount() async {
        let queue = OutboundQueue(messagesMax: 2, bytesMax: 10)
        for _ in 0..<100 {
            #expect(queue.append(.replay(ByteBuffer(string: "0123456789"))) == .queued)
        }
        #expect(queue.append(text("x")) == .queued)
    }

    @Test func nothingFollowsACloseFrame() async {
        let queue = OutboundQueue(messagesMax: 10, bytesMax: 1_000)
        _ = queue.append(text("last"))
        _ = queue.append(.close(.normalClosure, "bye"))
        #expect(queue.append(text("late")) == .discarded)
        #expect(words(await queue.nextBatch()) == ["last", "close bye"])
    }

    @Test func memoryIsGivenBackOnceHalfOfManyHaveGone() {
        var trimming = MemoryTrimming()
        for (sessions, isTrimmed) in [
            (50, false), (0, false), (2_000, false), (1_001, false), (1_000, true), (901, false),
            (500, true), (0, true), (0, false), (99, false), (0, false), (100, false), (0, true),
        ] {
            #expect(trimming.shouldTrim(sessions: sessions) == isTrimmed, "\(sessions)")
        }
    }

    @Test func whatIsHeldLeavesWithItsReleaseOrWithWhatIsNot() async {
        let queue = OutboundQueue(messagesMax: 100, bytesMax: 1_000)
        async let first = queue.nextBatch()
        // The reader waits, or will.
        try? await Task.sleep(for: .milliseconds(20))
        #expect(queue.append(text("a"), held: true) == .held)
        #expect(queue.append(text("b"), held: true) == .queued)
        queue.release()
        #expect(words(await first) == ["a", "b"])
        #expect(queue.append(text("c"), held: true) == .held)
        #expect(queue.append(text("d")) == .queued)
        #expect(words(await queue.nextBatch()) == ["c", "d"])
        queue.release()
        queue.finish()
        #expect(await queue.nextBatch() == nil)
    }

    @Test func whoWaitsIsWokenByWhatComesAndByTheEnd() async {
        let queue = OutboundQueue(messagesMax: 10_000, bytesMax: 1_000_000)
        async let read: Int = {
            var count = 0
            while let batch = await queue.nextBatch() { count += batch.count }
            return count
        }()
        for index in 0..<5_000 {
            _ = queue.append(text("x"))
            if index % 100 == 0 { await Task.yield() }
        }
        queue.finish()
        #expect(await read == 5_000)
    }
}
