// One WebSocket of a test: opened, read from, closed.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

@testable import ClientIO

/// Opens a WebSocket, waits for `messages` messages, and closes it.
/// - Throws: Why it ended, if it ended first.
@discardableResult
func openAndClose(
    _ address: String, messages: Int = 0, options: WebSocketOptions = WebSocketOptions()
) async throws -> [String] {
    let address = try WebSocketAddress(address)
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    return try await withCheckedThrowingContinuation { continuation in
        eventLoop.execute {
            var client: WebSocketClient?
            var received: [String] = []
            // A test that waits for what never comes is to fail, not to hang.
            let limit = eventLoop.assumeIsolated().scheduleTask(in: .seconds(20)) {
                guard client != nil else { return }
                client?.close()
                client = nil
                continuation.resume(throwing: TestFailure("it never came"))
            }
            client = WebSocketClient(address, options: options, on: eventLoop) { event in
                switch event {
                case .opened: break
                case .received(let text): received.append(String(buffer: text))
                case .closed(let error):
                    client = nil
                    limit.cancel()
                    return continuation.resume(throwing: error)
                }
                guard received.count >= messages, client != nil else { return }
                client?.close()
                client = nil
                limit.cancel()
                continuation.resume(returning: received)
            }
            client?.connect()
        }
    }
}

/// Expects a WebSocket to end for a reason.
func failure(
    of address: String, messages: Int = 0, options: WebSocketOptions = WebSocketOptions()
) async -> WebSocketError? {
    do {
        try await openAndClose(address, messages: messages, options: options)
        return nil
    } catch {
        return error as? WebSocketError
    }
}

/// Begins to open a WebSocket and closes it after a while, however far it is then.
func connectAndGiveUp(_ address: String, after microseconds: Int) async throws {
    let address = try WebSocketAddress(address)
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    try await eventLoop.submit {
        let client = WebSocketClient(address, options: WebSocketOptions(), on: eventLoop) { _ in }
        client.connect()
        return eventLoop.assumeIsolated().scheduleTask(
            in: .microseconds(Int64(microseconds))
        ) { client.close() }.futureResult
    }.get().get()
}
