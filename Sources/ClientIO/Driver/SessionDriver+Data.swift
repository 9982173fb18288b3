// Data streams of a driven session: packets that arrive once and in order, across sessions.
// SPDX-License-Identifier: Apache-2.0
package import ClientSession
import Signaling

extension SessionDriver {
    /// Opens a data stream that delivers each packet once and in order, and returns when the server knows it. It is
    /// opened again in every session that takes the place of a lost one.
    /// - Throws: `.refused` with `.invalidState` outside a room, `.permissionDenied`, `.tooManyStreams` and others.
    package func openDataStream() async throws(SessionFailure) -> DataStreamHandle {
        var opened: DataStreamHandle?
        let request = try make { session throws(SignalingError) in
            opened = try session.openDataStream()
        }
        guard let opened else { throw .aborted }
        _ = try await wait(for: .opened(opened), request)
        return opened
    }

    /// Queues a packet behind those that wait; while as many wait as may, it waits for space. It goes as soon as the
    /// server takes it. What is refused, and what is lost with a session, is told as an event.
    /// - Parameter userTimestamp: Any number of the application; it goes with the packet.
    /// - Throws: `.refused(.streamNotFound)`, `.linkLost` if the session ends meanwhile, `.aborted`.
    package func send(
        _ bytes: [UInt8], userTimestamp: Int64? = nil, over handle: DataStreamHandle
    ) async throws(SessionFailure) {
        while true {
            _ = try await wait(for: .space(handle))
            // Another caller may have taken the space.
            if session.hasSpace(in: handle) { break }
        }
        try sendNow(bytes, userTimestamp: userTimestamp, over: handle)
    }

    /// Queues a packet behind those that wait, or not at all.
    /// - Throws: `.refused` with `.streamNotFound`, or `.dataRateExceeded` while as many wait as may.
    package func sendNow(
        _ bytes: [UInt8], userTimestamp: Int64? = nil, over handle: DataStreamHandle
    ) throws(SessionFailure) {
        try perform { session, now throws(SignalingError) in
            try session.send(bytes, userTimestamp: userTimestamp, over: handle, at: now)
        }
    }

    /// Waits until no packet waits in a stream: all were taken by the server, refused, or lost with a session.
    /// - Throws: `.refused(.streamNotFound)`, `.linkLost` if the session ends meanwhile, `.aborted`.
    package func settle(_ handle: DataStreamHandle) async throws(SessionFailure) {
        _ = try await wait(for: .sent(handle))
    }

    /// How many packets wait in a stream, the one under way included.
    package func waitingPackets(in handle: DataStreamHandle) -> Int {
        session.waitingPackets(in: handle)
    }

    /// Closes a data stream; what waits in it is not sent any more.
    package func close(_ handle: DataStreamHandle) {
        tell { session, _ in session.close(handle) }
    }
}
