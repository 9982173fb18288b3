// A TCP connection on which a test says whatever it likes, byte by byte.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// A client's end of a connection.
final class RawConnection {
    /// An HTTP answer.
    struct Answer {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: String

        /// The value of a field; its name in lower case.
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    let channel: any Channel
    private(set) var received: [UInt8] = []

    fileprivate init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, channel: any Channel
    ) {
        iterator = inbound.makeAsyncIterator()
        self.outbound = outbound
        self.channel = channel
    }

    func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Waits for more bytes; false if the server has closed.
    func readMore() async -> Bool {
        guard let chunk = try? await iterator.next() else { return false }
        received += Array(chunk.readableBytesView)
        return true
    }

    /// Waits until the server closes.
    func readToEnd() async { while await readMore() {} }

    /// Takes bytes off the front of what was received, waiting for them; `nil` if the server closes before.
    func take(_ count: Int) async -> [UInt8]? {
        while received.count < count {
            guard await readMore() else { return nil }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    /// Reads the head of an answer, and its body if it has a length.
    func readAnswer() async -> Answer? {
        let end: [UInt8] = [13, 10, 13, 10]
        var headCount: Int?
        while headCount == nil {
            if received.count >= 4 {
                headCount = (0...received.count - 4).first { Array(received[$0..<$0 + 4]) == end }
            }
            if headCount == nil, await !readMore() { return nil }
        }
        guard let headCount, let head = await take(headCount + 4) else { return nil }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let parts = lines.first?.split(separator: " ") ?? []
        guard parts.count >= 2, let status = Int(parts[1]) else { return nil }
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers.append(
                (
                    line[..<colon].lowercased(),
                    String(line[line.index(after: colon)...].drop { $0 == " " })
                ))
        }
        var answer = Answer(status: status, headers: headers, body: "")
        if let count = answer.header("content-length").flatMap({ Int($0) }), count > 0 {
            answer.body = String(decoding: await take(count) ?? [], as: UTF8.self)
        }
        return answer
    }

    /// Sends a request on this connection and reads its answer.
    func request(
        _ method: String, _ path: String, headers: [String] = [], body: String = ""
    ) async throws -> Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for header in headers { text += header + "\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        try await write(text + "\r\n" + body)
        guard let answer = await readAnswer() else { throw TestFailure("no answer to \(path)") }
        return answer
    }
}

/// Opens a connection for as long as `body` runs.
func withConnection<Result: Sendable>(
    _ server: TestServer, receiveBufferBytes: Int? = nil,
    _ body: (RawConnection) async throws -> Result
) async throws -> Result {
    var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    if let receiveBufferBytes {
        bootstrap = bootstrap.channelOption(
            ChannelOptions.socketOption(.so_rcvbuf), value: receiveBufferBytes)
    }
    let channel = try await bootstrap.connect(host: "127.0.0.1", port: server.port) { channel in
        channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
    }
    return try await channel.executeThenClose { inbound, outbound in
        try await body(RawConnection(inbound, outbound, channel: channel.channel))
    }
}

/// Sends one request on a connection of its own.
func request(
    _ server: TestServer, _ method: String, _ path: String, headers: [String] = [],
    body: String = ""
) async throws -> RawConnection.Answer {
    try await withConnection(server) {
        try await $0.request(method, path, headers: headers, body: body)
    }
}

extension RawConnection.Answer: Sendable {}
