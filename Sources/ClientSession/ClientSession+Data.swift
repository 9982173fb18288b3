// Sending over data streams: a packet waits or is refused, and is never lost silently.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension ClientSession {
    /// Opens a data stream that delivers each packet once and in order.
    /// - Throws: `.invalidState` outside a room.
    package mutating func openDataStream() throws(SignalingError) -> DataStreamHandle {
        guard session != nil else {
            throw SignalingError(.invalidState, detail: "Join a room first.")
        }
        try checkRoom()
        let handle = data.open()
        openDataStreams()
        return handle
    }

    /// Closes a data stream; what waits in it is not sent any more.
    package mutating func close(_ handle: DataStreamHandle) {
        guard let index = data.index(of: handle) else { return }
        let stream = data.streams.remove(at: index)
        if session != nil, let id = stream.id { enqueue { .closeStream($0, id) } }
    }

    /// Queues a packet behind those that wait; it goes as soon as the server takes it.
    /// - Parameter bytes: At most 32,768; what a room takes less of (1,024 by default) is refused by the server.
    /// - Throws: `.streamNotFound`, `.packetTooLarge`, or `.dataRateExceeded` while as many wait as may; then nothing was
    ///   queued.
    package mutating func send(
        _ bytes: [UInt8], userTimestamp: Int64? = nil, over handle: DataStreamHandle,
        at now: MediaInstant
    ) throws(SignalingError) {
        guard let index = data.index(of: handle) else { throw SignalingError(.streamNotFound) }
        guard bytes.count <= DataStreamHandle.packetBytesMax else {
            throw SignalingError(.packetTooLarge)
        }
        guard data.streams[index].waiting.count < DataQueues.packetsMax else {
            throw SignalingError(.dataRateExceeded)
        }
        data.streams[index].waiting.append(
            DataQueues.Packet(bytes: bytes, userTimestamp: userTimestamp))
        sendNextPacket(of: index, at: now)
    }

    /// How many packets wait in a stream, the one under way included.
    package func waitingPackets(in handle: DataStreamHandle) -> Int {
        data.index(of: handle).map { data.streams[$0].waiting.count } ?? 0
    }

    /// Whether the server knows a stream in this session; `nil`: there is no such stream.
    package func isOpen(_ handle: DataStreamHandle) -> Bool? {
        data.index(of: handle).map { data.streams[$0].id != nil }
    }

    /// Whether one more packet may wait in a stream.
    package func hasSpace(in handle: DataStreamHandle) -> Bool {
        data.index(of: handle).map { data.streams[$0].waiting.count < DataQueues.packetsMax }
            ?? false
    }

    /// Asks the server for the streams it does not know yet.
    mutating func openDataStreams() {
        for index in data.streams.indices
        where data.streams[index].id == nil && data.streams[index].request == nil {
            let id = enqueue { .openStream($0, .reliableOrdered) }
            data.streams[index].request = id
        }
    }

    mutating func sendDueData(at now: MediaInstant) {
        for index in data.streams.indices { sendNextPacket(of: index, at: now) }
    }

    private mutating func sendNextPacket(of index: Int, at now: MediaInstant) {
        let stream = data.streams[index]
        guard let id = stream.id, stream.request == nil, let packet = stream.waiting.first else {
            return
        }
        if let notBefore = stream.notBefore, notBefore > now { return }
        data.streams[index].notBefore = nil
        let request = enqueue {
            .sendData(
                $0,
                OutgoingData(
                    stream: id, bytes: packet.bytes, userTimestamp: packet.userTimestamp))
        }
        data.streams[index].request = request
    }

    /// Takes note of what became of a stream's request.
    /// - Returns: Whether it was one, and is not for the application to know.
    mutating func noteData(
        _ id: RequestID, _ outcome: RequestOutcome, at now: MediaInstant
    ) -> Bool {
        guard let index = data.streams.firstIndex(where: { $0.request == id }) else {
            guard case .done(.streamOpened(_, let stream)) = outcome else { return false }
            // Closed before it was open: now it has an id to be closed by.
            enqueue { .closeStream($0, stream) }
            return true
        }
        data.streams[index].request = nil
        switch outcome {
        case .done(.streamOpened(_, let stream)): data.streams[index].id = stream
        case .refused(let error) where error.retryAfter != nil:
            // Not done, not even in part: the same packet goes again, and those behind it wait.
            data.streams[index].notBefore = now + (error.retryAfter ?? .zero)
            return true
        case .done: data.streams[index].waiting.removeFirst()
        case .refused, .lost:
            if data.streams[index].id == nil {
                data.streams.remove(at: index)
                return false
            }
            if !data.streams[index].waiting.isEmpty {
                data.streams[index].waiting.removeFirst()
                report(.packetLost(data.streams[index].handle))
            }
            sendNextPacket(of: index, at: now)
            return false
        }
        sendNextPacket(of: index, at: now)
        return true
    }
}
