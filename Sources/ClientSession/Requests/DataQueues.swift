// Data streams of a client: packets wait here until the server has taken them, one after the other.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

/// A data stream as the application holds it; it stays the same across sessions.
package struct DataStreamHandle: Hashable, Sendable {
    /// The most bytes of a packet that any room can be made to take (`dataPacketBytesMax` in docs/admin.md).
    package static let packetBytesMax = 32_768

    /// Its place in the order of opening.
    package let number: Int
}

/// The queues of all streams. One packet of a stream is under way at a time, so that packets keep their
/// order also when the server asks to wait.
struct DataQueues: Sendable {
    /// The most packets that wait in a stream.
    static let packetsMax = 64

    struct Packet: Sendable {
        var bytes: [UInt8]
        var userTimestamp: Int64?
    }

    struct Stream: Sendable {
        var handle: DataStreamHandle
        /// Its id in this session; `nil` until the server has given one.
        var id: DataStreamID?
        /// The `openStream` or `sendData` under way.
        var request: RequestID?
        var waiting: [Packet] = []
        /// Not before this moment.
        var notBefore: MediaInstant?
    }

    var streams: [Stream] = []
    private var opened = 0

    /// When a packet may go that was asked to wait.
    var nextDeadline: MediaInstant? {
        streams.reduce(nil) { earliest($0, $1.notBefore) }
    }

    mutating func open() -> DataStreamHandle {
        opened += 1
        let handle = DataStreamHandle(number: opened)
        streams.append(Stream(handle: handle))
        return handle
    }

    func index(of handle: DataStreamHandle) -> Int? {
        streams.firstIndex { $0.handle == handle }
    }

    /// The session is over. A packet that was under way may have been sent, so it is not sent again.
    /// - Returns: The streams that lost one.
    mutating func lose() -> [DataStreamHandle] {
        var losers: [DataStreamHandle] = []
        for index in streams.indices {
            if streams[index].request != nil, streams[index].id != nil,
                !streams[index].waiting.isEmpty
            {
                streams[index].waiting.removeFirst()
                losers.append(streams[index].handle)
            }
            // The next session knows none of the streams.
            streams[index].id = nil
            streams[index].request = nil
            streams[index].notBefore = nil
        }
        return losers
    }
}
