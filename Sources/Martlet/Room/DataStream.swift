// A data stream of one's own.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

/// A data stream of one's own (rows D01 to D12). It goes on in a session, and in a process, that takes the place of a lost one: what
/// waits is sent there, and a packet that was under way is told as ``RoomEvent/dataLost(stream:)``.
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
    ///   - bytes: At most as many as the room takes, 1,024 by default. A packet that the server refuses is told as
    ///     ``RoomEvent/dataLost(stream:)``.
    ///   - userTimestamp: Any number of the application's (row D17).
    /// - Throws: A ``MartletError``: 7001 once it is closed, 7002 for more bytes than any room takes (32,768).
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

    /// Waits until nothing waits in it any more; in an engine, which is given one packet after the other.
    func settle() async throws(MartletError) {
        guard case .session(let session, let handle) = carrier else { return }
        do { try await session.settle(handle) } catch { throw MartletError(error) }
    }

    /// Closes it; what waits is not sent any more.
    public func close() async {
        switch carrier {
        case .session(let session, let handle): await session.close(handle)
        case .engine(let engine, let number): await engine.closeDataStream(number)
        }
    }
}
