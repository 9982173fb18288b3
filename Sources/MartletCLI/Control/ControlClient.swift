// Asks a running server: one request a connection, over plain HTTP/1.1.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import SignalServer
import Signaling

/// One server, and the token that it is asked with.
struct ControlClient: Sendable {
    /// How long connecting may take.
    static let connectTimeout = TimeAmount.seconds(5)
    /// How long an answer may take.
    static let answerTimeout = TimeAmount.seconds(30)
    /// The largest answer taken, in bytes.
    static let answerBytesMax = 64 * 1024 * 1024

    /// What a server answers.
    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
        /// The address of this machine from which the server was reached.
        var localAddress: String?
    }

    let server: ServerAddress
    /// Empty: none, which a development server takes from those who publish and play.
    let token: String
    /// The key that the token was made with; `nil`: it was given.
    let keyName: String?

    /// The path of a room.
    static func path(of room: RoomName) -> String { "/v1/rooms/\(percentEncoded(room.text))" }

    /// The path of a participant.
    static func path(of participant: ParticipantID, in room: RoomName) -> String {
        "\(path(of: room))/participants/\(percentEncoded(participant.text))"
    }

    /// Asks for something and reads the answer's body.
    /// - Throws: A `CommandFailure` that says why there is none.
    func ask<Value: Decodable>(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8]? = nil, for type: Value.Type
    ) async throws -> Value {
        let answer = try await send(method, path, body)
        do {
            return try ControlBody.decode(type, from: answer)
        } catch {
            throw CommandFailure(
                "\(server.text) answers what this command cannot read: is it a Martlet of another version?"
            )
        }
    }

    /// Asks for something that is done, or not.
    /// - Returns: The answer's body.
    /// - Throws: A `CommandFailure` that says why it was not.
    @discardableResult
    func send(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8]? = nil
    ) async throws -> [UInt8] {
        try await ask(method, path, body ?? [], type: "application/json").body
    }

    /// Asks for something, with a body of any type.
    /// - Throws: A `CommandFailure` that says why it was not done.
    func ask(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [], type: String
    ) async throws -> Answer {
        let answer = try await exchange(method, path, body, type)
        guard (200..<300).contains(answer.status) else {
            throw refusal(answer.status, answer.body)
        }
        return answer
    }

    // MARK: Refusals

    /// An error's body, of this version's codes or of others.
    private struct Refusal: Decodable {
        var code: Int
        var message: String
    }

    private func refusal(_ status: Int, _ body: [UInt8]) -> CommandFailure {
        guard let refusal = try? ControlBody.decode(Refusal.self, from: body) else {
            return CommandFailure(
                "\(server.text) answers \(status) and is no Martlet server; name another with --server"
            )
        }
        let key = keyName.map { "the key \($0)" } ?? "the token"
        switch ErrorCode(rawValue: refusal.code) {
        case .tokenUnknownKey, .tokenSignatureInvalid:
            return CommandFailure(
                "\(server.text) does not know \(key): give the one it was started with "
                    + "(--key NAME=SECRET or \(KeyOptions.environmentName))")
        case .tokenExpired, .tokenNotYetValid:
            return CommandFailure(
                "\(server.text) says of \(key): \(printable(refusal.message)) "
                    + "If it was just made, the clocks of the two machines differ.")
        case .notFound:
            return CommandFailure(
                "\(server.text) has no admin interface: it is another version of Martlet")
        default:
            return CommandFailure(
                "\(printable(refusal.message)) (code \(refusal.code))", code: refusal.code)
        }
    }

    // MARK: The connection

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func exchange(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8], _ type: String
    ) async throws -> Answer {
        let connection = try await connect()
        let channel = connection.channel
        let deadline = channel.eventLoop.scheduleTask(in: Self.answerTimeout) {
            channel.close(promise: nil)
        }
        defer { deadline.cancel() }
        // Once the server has closed the connection it has none any more.
        let localAddress = channel.localAddress?.ipAddress
        do {
            return try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(.head(head(method, path, body, type)))
                if !body.isEmpty {
                    try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
                }
                try await outbound.write(.end(nil))
                var answer = try await readAnswer(inbound)
                answer.localAddress = localAddress
                return answer
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(
                "\(server.text) gives no answer that is HTTP; is it a Martlet server?")
        }
    }

    private func connect() async throws -> Connection {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(Self.connectTimeout)
                .connect(host: server.host, port: server.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw CommandFailure(
                "no server answers at \(server.text): start one with `martlet serve`, "
                    + "or name another with --server or \(ServerAddress.environmentName)")
        }
    }

    private func head(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8], _ type: String
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders([
            (
                "Host",
                server.host.contains(":")
                    ? "[\(server.host)]:\(server.port)" : "\(server.host):\(server.port)"
            ),
            ("Accept", type), ("Connection", "close"),
            ("User-Agent", "martlet/\(MartletVersion.text)"),
        ])
        if !token.isEmpty { headers.add(name: "Authorization", value: "Bearer \(token)") }
        if !body.isEmpty {
            headers.add(name: "Content-Type", value: type)
            headers.add(name: "Content-Length", value: String(body.count))
        }
        return HTTPRequestHead(
            version: .http1_1, method: method, uri: server.folder + path, headers: headers)
    }

    private func readAnswer(
        _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>
    ) async throws -> Answer {
        var answer: Answer?
        for try await part in inbound {
            switch part {
            case .head(let head):
                answer = Answer(status: Int(head.status.code), headers: head.headers, body: [])
            case .body(let bytes):
                guard (answer?.body.count ?? 0) + bytes.readableBytes <= Self.answerBytesMax else {
                    throw CommandFailure("\(server.text) answers more than this command reads")
                }
                answer?.body += Array(bytes.readableBytesView)
            case .end:
                if let answer { return answer }
            }
        }
        throw CommandFailure("\(server.text) closed the connection without an answer; try again")
    }
}
