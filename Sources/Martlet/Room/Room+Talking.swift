// Data, messages, and what one does as oneself or as a moderator.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

/// A data stream of one's own (rows D01 to D12).
public struct DataStream: Sendable {
    /// What carries it.
    enum Carrier: Sendable {
        case session(SessionDriver, DataStreamHandle)
        case engine(IsolatedEngine, Int)
    }

    let carrier: Carrier

    /// The number by which ``RoomEvent/dataLost(stream:)`` names it.
    public var number: Int {
        switch carrier {
        case .session(_, let handle): handle.number
        case .engine(_, let number): number
        }
    }

    /// Sends a packet to everybody, once and in order; waits while many wait already.
    /// - Parameters:
    ///   - bytes: At most 1,024.
    ///   - userTimestamp: Any number of the application's (row D17).
    /// - Throws: A ``MartletError``: 7001 once it is closed, 7002 for too large a packet.
    public func send(_ bytes: [UInt8], userTimestamp: Int64? = nil) async throws(MartletError) {
        switch carrier {
        case .session(let session, let handle):
            do {
                try await session.send(bytes, userTimestamp: userTimestamp, over: handle)
            } catch { throw MartletError(error) }
        case .engine(let engine, let number):
            try await engine.send(bytes, userTimestamp, over: number, waits: true)
        }
    }

    /// Sends a packet, or does not: 7003 while as many wait as may.
    /// - Throws: As ``send(_:userTimestamp:)`` does, and 7003.
    public func trySend(_ bytes: [UInt8], userTimestamp: Int64? = nil) async throws(MartletError) {
        switch carrier {
        case .session(let session, let handle):
            do {
                try await session.sendNow(bytes, userTimestamp: userTimestamp, over: handle)
            } catch { throw MartletError(error) }
        case .engine(let engine, let number):
            try await engine.send(bytes, userTimestamp, over: number, waits: false)
        }
    }

    /// Closes it; what waits is not sent any more.
    public func close() async {
        switch carrier {
        case .session(let session, let handle): await session.close(handle)
        case .engine(let engine, let number): _ = try? await engine.call(.closeDataStream(number))
        }
    }
}

extension Room {
    /// Opens a data stream that delivers each packet once and in order to everybody (row D01). At most five are open at once.
    /// - Throws: A ``MartletError``: 1005 outside a room, 2009 without the right, 7000 for a sixth.
    public func openDataStream() async throws(MartletError) -> DataStream {
        if let engine { return try await engine.openDataStream() }
        let session = try linked().session
        do {
            return DataStream(carrier: .session(session, try await session.openDataStream()))
        } catch { throw MartletError(error) }
    }

    /// Sends a message to some, or to everybody, and returns when it is sure to arrive (row D13).
    /// - Parameters:
    ///   - content: At most 4,096 bytes.
    ///   - participants: At most 64; `nil`: everybody else.
    ///   - id: 1 to 64 characters; the receivers are told it.
    /// - Returns: Those who are not in the room.
    /// - Throws: A ``MartletError``: 1005 outside a room, 3003 if nobody of them is there.
    @discardableResult
    public func sendMessage(
        _ content: String, to participants: [String]? = nil, id: String? = nil
    ) async throws(MartletError) -> [String] {
        if let engine { return try await engine.sendMessage(content, to: participants, id: id) }
        let session = try linked().session
        var message = OutgoingMessage(content: content)
        do throws(SignalingError) {
            if let id { message.message = try MessageID(id) }
            if let participants {
                var recipients: [ParticipantID] = []
                for participant in participants {
                    recipients.append(try ParticipantID(participant))
                }
                message.to = recipients
            }
        } catch {
            throw MartletError(error)
        }
        do throws(SessionFailure) {
            return try await session.sendMessage(message).map(\.text)
        } catch { throw MartletError(error) }
    }

    /// Shows a new token before the old one runs out (row T05).
    /// - Throws: A ``MartletError`` with the server's code.
    public func renewToken(_ token: String) async throws(MartletError) {
        if let engine { return try await engine.renewToken(token) }
        let session = try linked().session
        do { try await session.renewToken(token) } catch { throw MartletError(error) }
    }

    /// Begins or ends being one of those who publish (row R03).
    /// - Throws: A ``MartletError``: 2009 where the token does not let one choose.
    public func setRole(_ role: Role) async throws(MartletError) {
        if let engine { return try await engine.setRole(role) }
        let session = try linked().session
        do {
            try await session.setRole(role == .host ? .host : .audience)
        } catch { throw MartletError(error) }
    }

    /// Sends somebody away, and keeps them away for some seconds if those are given (row V01).
    /// - Throws: A ``MartletError``: 2009 without the right, 3003 if they are not there.
    public func remove(_ participant: String, banSeconds: Int64? = nil) async throws(MartletError) {
        if let engine {
            try await engine.call(.remove(participant, banSeconds: banSeconds))
            return
        }
        let session = try linked().session
        do {
            try await session.removeParticipant(
                try Self.id(participant), banSeconds: banSeconds)
        } catch { throw MartletError(error) }
    }
}
