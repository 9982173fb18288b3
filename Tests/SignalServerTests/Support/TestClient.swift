// A signalling client over a raw connection: its frames are built by hand, so that they can be wrong.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

/// A client of `/v1/signal`.
final class TestClient {
    /// A frame from the server.
    enum Frame: Equatable {
        case text([UInt8])
        case close(code: Int)
        case other(opcode: UInt8, [UInt8])
        case end
    }

    let connection: RawConnection
    private var lastID: Int64 = 0

    /// Upgrades a connection.
    init(_ connection: RawConnection) async throws {
        self.connection = connection
        let answer = try await connection.request(
            "GET", "/v1/signal",
            headers: [
                "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ])
        guard answer.status == 101 else { throw TestFailure("no upgrade: \(answer)") }
    }

    // MARK: Sending

    /// Sends one frame; `declaredCount` may lie.
    func send(
        opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true,
        declaredCount: UInt64? = nil
    ) async throws {
        let count = declaredCount ?? UInt64(payload.count)
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let maskBit: UInt8 = isMasked ? 0x80 : 0
        if count < 126 {
            frame.append(maskBit | UInt8(count))
        } else if count < 65_536 {
            frame += [maskBit | 126, UInt8(count >> 8), UInt8(truncatingIfNeeded: count)]
        } else {
            frame.append(maskBit | 127)
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                frame.append(UInt8(truncatingIfNeeded: count >> shift))
            }
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        if isMasked {
            frame += mask
            frame += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        } else {
            frame += payload
        }
        try await connection.write(frame)
    }

    /// Sends a text message.
    func send(_ text: String) async throws { try await send(opcode: 1, Array(text.utf8)) }

    /// Sends a message.
    func send(_ message: ClientMessage) async throws {
        try await send(opcode: 1, message.encoded())
    }

    /// A number for the next request.
    func nextID() -> RequestID {
        lastID += 1
        guard let id = RequestID(lastID) else { preconditionFailure("ids start at 1") }
        return id
    }

    // MARK: Receiving

    /// The next frame of the server.
    func nextFrame() async -> Frame {
        guard let head = await connection.take(2) else { return .end }
        var count = Int(head[1] & 0x7F)
        if count == 126 {
            guard let bytes = await connection.take(2) else { return .end }
            count = Int(bytes[0]) << 8 | Int(bytes[1])
        } else if count == 127 {
            guard let bytes = await connection.take(8) else { return .end }
            count = bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let payload = await connection.take(count) else { return .end }
        switch head[0] & 0x0F {
        case 1: return .text(payload)
        case 8: return .close(code: payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 0)
        default: return .other(opcode: head[0] & 0x0F, payload)
        }
    }

    /// The next message, pings left out.
    func next() async throws -> ServerMessage {
        while true {
            let frame = await nextFrame()
            guard case .text(let bytes) = frame else { throw TestFailure("no message: \(frame)") }
            let message = try ServerMessage.decode(bytes)
            if message != .ping { return message }
        }
    }

    /// Waits for the end of the connection and gives the code of its close frame, if there was one.
    func closeCode() async -> Int? {
        var code: Int?
        while true {
            switch await nextFrame() {
            case .close(let given): code = given
            case .end: return code
            default: break
            }
        }
    }

    // MARK: Requests

    /// Joins a room and returns the reply.
    @discardableResult
    func join(
        _ room: String = "demo", as participant: String? = nil, token: String? = nil,
        offer: String = TestOffer.sdk(), options: JoinOptions = JoinOptions()
    ) async throws -> JoinedReply {
        let id = nextID()
        try await send(
            .join(
                id,
                JoinRequest(
                    room: RoomName(room), token: token,
                    participant: try participant.map { try ParticipantID($0) },
                    offer: .plain(offer), options: options)))
        guard case .joined(let answered, let reply) = try await next(), answered == id else {
            throw TestFailure("not joined")
        }
        return reply
    }

    /// Tries to go on with a session; returns the answer.
    func resume(_ session: SessionID, after lastSequence: UInt64 = 0) async throws -> ServerMessage
    {
        try await send(
            .resume(nextID(), ResumeRequest(session: session, lastSequence: lastSequence)))
        return try await next()
    }

    /// Tries to go on with a session and expects an error of it.
    func expectResumeRefused(
        _ code: ErrorCode, _ session: SessionID, after lastSequence: UInt64 = 0
    ) async throws {
        guard case .error(let error) = try await resume(session, after: lastSequence) else {
            throw TestFailure("not refused")
        }
        #expect(error.code == code)
    }

    /// Joins and expects an error of it.
    func expectRefused(
        _ code: ErrorCode, _ room: String = "demo", token: String? = nil,
        offer: String = TestOffer.sdk()
    ) async throws {
        try await send(
            .join(
                nextID(),
                JoinRequest(room: RoomName(room), token: token, offer: .plain(offer))))
        guard case .error(let error) = try await next() else { throw TestFailure("no error") }
        #expect(error.code == code)
    }
}

/// Opens a signalling client for as long as `body` runs.
func withClient<Result: Sendable>(
    _ server: TestServer, _ body: (TestClient) async throws -> Result
) async throws -> Result {
    try await withConnection(server) { try await body(TestClient($0)) }
}
