// Many clients on one thread of their own.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// Connects clients, and waits for what they see.
final class Swarm {
    /// A client that is connected.
    struct Member: Sendable {
        let channel: any Channel
        fileprivate let client: NIOLoopBound<SwarmClient>
    }

    let board = SwarmBoard()
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let host: String
    private let port: Int
    private let deadline: ContinuousClock.Instant

    /// - Parameter deadline: When every wait gives up.
    init(host: String, port: Int, deadline: ContinuousClock.Instant) {
        self.host = host
        self.port = port
        self.deadline = deadline
    }

    /// Connects one client, which then joins by itself.
    func connect(room: String, name: String, leavesAtOnce: Bool = false) async throws -> Member {
        let board = board
        return try await ClientBootstrap(group: group).connect(host: host, port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let client = SwarmClient(
                    board: board, room: room, name: name, leavesAtOnce: leavesAtOnce)
                try channel.pipeline.syncOperations.addHandler(client)
                return Member(
                    channel: channel, client: NIOLoopBound(client, eventLoop: channel.eventLoop))
            }
        }
    }

    /// Lets a client leave.
    func leave(_ member: Member) {
        member.channel.eventLoop.execute { member.client.value.sayGoodbye(on: member.channel) }
    }

    /// Waits until `holds` does.
    /// - Throws: When a client failed, or at the deadline.
    func wait(for what: String, _ holds: (SwarmBoard.Counts) async throws -> Bool) async throws {
        while true {
            let counts = board.snapshot
            if counts.failed > 0 {
                throw BenchmarkFailure("a client failed: \(counts.problem ?? "no reason")")
            }
            if try await holds(counts) { return }
            guard ContinuousClock.now < deadline else {
                throw BenchmarkFailure(
                    "gave up waiting for \(what): \(counts.joined) joined, \(counts.left) left")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// The figures of `/metrics` by name, labelled ones left out.
    func metrics() async throws -> [String: Int] {
        let channel = try await ClientBootstrap(group: group).connect(host: host, port: port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        let text = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(
                    string: "GET /metrics HTTP/1.1\r\nHost: benchmark\r\nConnection: close\r\n\r\n")
            )
            var text = ByteBuffer()
            for try await var chunk in inbound { text.writeBuffer(&chunk) }
            return String(buffer: text)
        }
        var figures: [String: Int] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Int(words[1]) else { continue }
            figures[String(words[0])] = value
        }
        return figures
    }

    /// Ends the thread.
    func stop() async { try? await group.shutdownGracefully() }
}
