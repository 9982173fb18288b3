// That what waits for a client is bounded, keeps its order and leaves together.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct OutboundQueueTests {
    private func text(_ text: String) -> OutboundQueue.Item { .text(ByteBuffer(string: text)) }

    private func words(_ step: OutboundQueue.Step) -> [String] {
        switch step {
        case .wait: ["wait"]
        case .end: ["end"]
        case .write(let items):
            items.map { item in
                switch item {
                case .text(let buffer), .replay(let buffer), .pong(let buffer):
                    String(buffer: buffer)
                case .close(_, let reason): "close \(reason)"
                }
            }
        }
    }

    @Test func whatCameTogetherLeavesTogetherAndInOrder() {
        let queue = OutboundQueue(messagesMax: 1_000, bytesMax: 1_000_000)
        #expect(queue.append(text("0")) == .due)
        for index in 1..<150 { #expect(queue.append(text("\(index)")) == .queued) }
        var seen: [String] = []
        for count in [64, 64, 22] {
            let batch = words(queue.next())
            #expect(batch.count == count)
            seen += batch
        }
        #expect(seen == (0..<150).map(String.init))
        queue.finish()
        #expect(words(queue.next()) == ["end"])
    }

    @Test func whatIsBeingWrittenStillCounts() {
        let queue = OutboundQueue(messagesMax: 4, bytesMax: 1_000)
        for _ in 0..<4 { #expect(queue.append(text("x")) != .overflown) }
        _ = queue.next()
        // The batch is not written yet.
        #expect(queue.append(text("x")) == .overflown)
        #expect(queue.append(text("x")) == .discarded)
    }

    @Test func bytesAreBoundedToo() async {
        let queue = OutboundQueue(messagesMax: 100, bytesMax: 10)
        #expect(queue.append(text("0123456789")) == .due)
        #expect(queue.append(text("x")) == .overflown)
    }

    @Test func replayedMessagesDoNotCount() async {
        let queue = OutboundQueue(messagesMax: 2, bytesMax: 10)
        for _ in 0..<100 {
            #expect(queue.append(.replay(ByteBuffer(string: "0123456789"))) != .overflown)
        }
        #expect(queue.append(text("x")) == .queued)
    }

    @Test func nothingFollowsACloseFrame() {
        let queue = OutboundQueue(messagesMax: 10, bytesMax: 1_000)
        _ = queue.append(text("last"))
        _ = queue.append(.close(.normalClosure, "bye"))
        #expect(queue.append(text("late")) == .discarded)
        #expect(words(queue.next()) == ["last", "close bye"])
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

    @Test func whatIsHeldLeavesWithItsReleaseOrWithWhatIsNot() {
        let queue = OutboundQueue(messagesMax: 100, bytesMax: 1_000)
        #expect(words(queue.next()) == ["wait"])
        #expect(queue.append(text("a"), held: true) == .held)
        #expect(queue.append(text("b"), held: true) == .queued)
        #expect(queue.release() == true)
        #expect(words(queue.next()) == ["a", "b"])
        #expect(words(queue.next()) == ["wait"])
        #expect(queue.append(text("c"), held: true) == .held)
        #expect(queue.append(text("d")) == .due)
        #expect(words(queue.next()) == ["c", "d"])
        #expect(queue.release() == false)
        queue.finish()
        #expect(words(queue.next()) == ["end"])
    }

    @Test func whoWritesIsWokenOnceForAllThatComesUntilItFindsNothingMore() {
        let queue = OutboundQueue(messagesMax: 1_000, bytesMax: 1_000_000)
        #expect(queue.append(text("a")) == .due)
        #expect(queue.append(text("b")) == .queued)
        #expect(words(queue.next()) == ["a", "b"])
        // It will ask once more by itself.
        #expect(queue.append(text("c")) == .queued)
        #expect(words(queue.next()) == ["c"])
        #expect(words(queue.next()) == ["wait"])
        #expect(queue.append(text("d")) == .due)
    }
}
