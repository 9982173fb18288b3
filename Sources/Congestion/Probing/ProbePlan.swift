// A short train of packets that asks whether the path carries more, and how it is sent.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// What one probe sends: at least so many bytes in at least so many packets, evenly at one rate.
package struct ProbePlan: Sendable, Equatable {
    /// How long a probe lasts at least; libwebrtc's last 15 ms, and its timers are finer.
    static let duration = MediaDuration.milliseconds(20)
    /// How many packets it has at least.
    static let packetsMin = 5

    /// Its number, 1 to 255: packets of it are noted under this.
    package let number: UInt8
    /// The rate in bits a second.
    package let bitsPerSecond: Double
    /// The least bytes on the wire.
    package let bytes: Int
    /// The least packets.
    package let packets: Int

    init(number: UInt8, bitsPerSecond: Double) {
        self.number = number
        self.bitsPerSecond = bitsPerSecond
        bytes = Int(bitsPerSecond * Double(Self.duration.nanoseconds) / 8e9)
        packets = Self.packetsMin
    }
}

/// Sends one probe: says when padding of it is due, and which packets belong to it.
///
/// The first and the last packet of a probe are padding, so that a burst of media can stand only in its
/// midst, where it falsifies neither the rate of sending nor that of arrival.
package struct ProbeSender: Sendable {
    /// A probe whose packets cannot be sent in this time is given up.
    static let lifetime = MediaDuration.milliseconds(500)

    /// What is being sent.
    package let plan: ProbePlan
    private let startedAt: MediaInstant
    private var bytesSent = 0
    private var packetsSent = 0
    private var paddingSent = 0

    /// Begins to send.
    package init(_ plan: ProbePlan, at now: MediaInstant) {
        self.plan = plan
        startedAt = now
    }

    /// The number under which a media packet that leaves now is noted: that of the probe once it has
    /// begun, else 0.
    package var numberForMedia: UInt8 { paddingSent > 0 ? plan.number : 0 }

    /// Counts a packet that left while the probe lasts.
    package mutating func noteSent(bytes: Int, isPadding: Bool) {
        guard isPadding || paddingSent > 0 else { return }
        bytesSent += bytes
        packetsSent += 1
        if isPadding { paddingSent += 1 }
    }

    /// Whether all of it has left, or will not any more.
    package func isDone(at now: MediaInstant) -> Bool {
        (bytesSent >= plan.bytes && packetsSent >= plan.packets
            && now - startedAt >= ProbePlan.duration)
            || now - startedAt > Self.lifetime
    }

    /// When its next padding is due: as soon as its rate has caught up with what was sent.
    package var nextDue: MediaInstant {
        startedAt
            + MediaDuration(nanoseconds: Int64(Double(bytesSent) * 8e9 / plan.bitsPerSecond))
    }
}
