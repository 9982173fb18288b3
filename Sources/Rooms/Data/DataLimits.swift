// How much applications may send through a room.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The limits of data streams and messages. What goes beyond is refused, with the time to wait.
package struct DataLimits: Sendable, Equatable {
    /// The most data streams of one session at a time.
    package var streamsPerUser = 5
    /// The largest packet, in bytes.
    package var packetBytesMax = 1024
    /// Packets of one session.
    package var packets = RateLimit(burst: 30, perSecond: 30)
    /// Bytes of one session's packets.
    package var bytes = RateLimit(burst: 6 * 1024, perSecond: 6 * 1024)
    /// Packets of all sessions of a room together; `nil`: no such limit.
    package var roomPackets: RateLimit?
    /// Bytes of all sessions of a room together; `nil`: no such limit.
    package var roomBytes: RateLimit?
    /// The longest message, in bytes.
    package var messageBytesMax = 4096
    /// The most recipients that a message names.
    package var messageRecipientsMax = 64
    /// Messages of one session.
    package var messages = RateLimit(burst: 20, perSecond: 10)
    /// Bytes of one session's messages.
    package var messageBytes = RateLimit(burst: 32 * 1024, perSecond: 16 * 1024)

    /// The default limits.
    package init() {}
}

/// Room for a number of packets and of bytes; either may be without limit.
struct DataBudget: Sendable {
    private var packets: TokenBucket?
    private var bytes: TokenBucket?

    init(packets: RateLimit?, bytes: RateLimit?, at now: MediaInstant) {
        self.packets = packets.map { TokenBucket($0, at: now) }
        self.bytes = bytes.map { TokenBucket($0, at: now) }
    }

    /// How long until a packet of `count` bytes may go; `nil`: never.
    mutating func wait(for count: Int, at now: MediaInstant) -> MediaDuration? {
        var wait = MediaDuration.zero
        if packets != nil {
            guard let time = packets?.wait(for: 1, at: now) else { return nil }
            wait = max(wait, time)
        }
        if bytes != nil {
            guard let time = bytes?.wait(for: Int64(count), at: now) else { return nil }
            wait = max(wait, time)
        }
        return wait
    }

    /// Counts a packet for which `wait` has just been zero.
    mutating func spend(_ count: Int, at now: MediaInstant) {
        _ = packets?.take(at: now)
        _ = bytes?.take(Int64(count), at: now)
    }
}

/// What a session has of data: its streams and what it may still send.
struct DataSender: Sendable {
    /// The open streams, in the order of opening.
    var streams: [DataStreamNumber] = []
    private(set) var lastNumber: DataStreamNumber = 0
    var packets: DataBudget
    var messages: DataBudget

    typealias DataStreamNumber = UInt32

    init(_ limits: DataLimits, at now: MediaInstant) {
        packets = DataBudget(packets: limits.packets, bytes: limits.bytes, at: now)
        messages = DataBudget(packets: limits.messages, bytes: limits.messageBytes, at: now)
    }

    /// A number that no stream of the session has had; `nil` when there are none left.
    mutating func open() -> DataStreamNumber? {
        guard lastNumber < .max else { return nil }
        lastNumber += 1
        streams.append(lastNumber)
        return lastNumber
    }
}
