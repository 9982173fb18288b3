// That what the server says to many sessions of a process is read once, and nothing else is kept.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@testable import ClientIO

@Suite struct MessageMemoryTests {
    private static func left(_ number: Int) throws -> ServerMessage {
        .participantLeft(try ParticipantID("bot-\(number)"), .left)
    }

    @Test func theSameWordsAreReadOnceByMany() throws {
        let memory = MessageMemory()
        memory.enter()
        memory.enter()
        let message = try Self.left(1)
        let text = message.encoded()
        for _ in 0..<3 {
            #expect(try memory.message(text, bytesMax: 1_000) == message)
        }
        #expect(memory.hits == 2)
        // Each caller's bound holds, known or not.
        #expect(throws: SignalingError(.messageTooLarge)) {
            try memory.message(text, bytesMax: text.count - 1)
        }
        // Of more than there is room for the oldest go.
        for number in 2..<2 + MessageMemory.messagesMax {
            _ = try memory.message(try Self.left(number).encoded(), bytesMax: 1_000)
        }
        _ = try memory.message(text, bytesMax: 1_000)
        #expect(memory.hits == 2)
        _ = try memory.message(try Self.left(5).encoded(), bytesMax: 1_000)
        #expect(memory.hits == 3)
    }

    @Test func whatIsOnesOwnAndWhatOneSessionHearsIsNotKept() throws {
        let memory = MessageMemory()
        memory.enter()
        let text = try Self.left(1).encoded()
        for _ in 0..<2 { _ = try memory.message(text, bytesMax: 1_000) }
        #expect(memory.hits == 0)
        memory.enter()
        let pong = ServerMessage.pong(nil).encoded()
        for _ in 0..<2 { #expect(try memory.message(pong, bytesMax: 1_000) == .pong(nil)) }
        #expect(memory.hits == 0)
        for _ in 0..<2 { _ = try memory.message(text, bytesMax: 1_000) }
        #expect(memory.hits == 1)
        memory.leave()
        memory.enter()
        _ = try memory.message(text, bytesMax: 1_000)
        #expect(memory.hits == 1)
        #expect(throws: SignalingError.self) { try memory.message([0x7B], bytesMax: 1_000) }
    }
}
