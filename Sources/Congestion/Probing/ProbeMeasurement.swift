// What came of a probe: the rate at which its packets were sent, and that at which they arrived.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Gathers the acknowledged packets of one probe, as libwebrtc's probe bitrate estimator does.
struct ProbeMeasurement {
    /// The share of packets and of bytes that must have arrived.
    static let shareMin = 0.8
    /// Packets that arrive this many times faster than they were sent measure nothing.
    static let ratioMax = 2.0
    /// Below this ratio the path was full.
    static let ratioUnfilled = 0.9
    /// How much of a full path's rate is taken.
    static let utilisation = 0.95
    /// The longest probe, in milliseconds.
    static let lengthMax = 1_000.0

    private(set) var plan: ProbePlan?
    private var firstSent: UInt32 = 0
    private var lastSent: UInt32 = 0
    private var lastSentBytes = 0
    private var firstArrival: UInt32 = 0
    private var lastArrival: UInt32 = 0
    private var firstArrivalBytes = 0
    private var bytes = 0
    private var packets = 0

    /// Waits for the packets of a probe.
    mutating func begin(_ plan: ProbePlan) {
        self = ProbeMeasurement()
        self.plan = plan
    }

    /// Takes an acknowledged packet of the probe.
    mutating func add(_ packet: SentPacket) {
        guard let plan, packet.probe == plan.number else { return }
        if packets == 0 {
            firstSent = packet.sentTick
            lastSent = packet.sentTick
            lastSentBytes = Int(packet.bytes)
            firstArrival = packet.arrivalTick
            lastArrival = packet.arrivalTick
            firstArrivalBytes = Int(packet.bytes)
        } else {
            if SentPackets.milliseconds(from: lastSent, to: packet.sentTick) > 0 {
                lastSent = packet.sentTick
                lastSentBytes = Int(packet.bytes)
            }
            if SentPackets.milliseconds(from: packet.sentTick, to: firstSent) > 0 {
                firstSent = packet.sentTick
            }
            if SentPackets.arrivalMilliseconds(from: lastArrival, to: packet.arrivalTick) > 0 {
                lastArrival = packet.arrivalTick
            }
            if SentPackets.arrivalMilliseconds(from: packet.arrivalTick, to: firstArrival) > 0 {
                firstArrival = packet.arrivalTick
                firstArrivalBytes = Int(packet.bytes)
            }
        }
        bytes += Int(packet.bytes)
        packets += 1
    }

    /// The rate found, in bits a second, and whether the path was full; `nil` while too little has
    /// arrived, or if it means nothing.
    ///
    /// - Parameter ownLoss: The share that the path loses at any rate.
    func result(ownLoss: Double) -> (bitsPerSecond: Double, isFull: Bool)? {
        let share = Self.shareMin * (1 - ownLoss)
        guard let plan, Double(packets) >= Double(plan.packets) * share,
            Double(bytes) >= Double(plan.bytes) * share
        else { return nil }
        let sending = SentPackets.milliseconds(from: firstSent, to: lastSent)
        let arriving = SentPackets.arrivalMilliseconds(from: firstArrival, to: lastArrival)
        guard sending > 0, sending <= Self.lengthMax, arriving > 0, arriving <= Self.lengthMax
        else { return nil }
        let sent = Double(bytes - lastSentBytes) * 8_000 / sending
        let arrived = Double(bytes - firstArrivalBytes) * 8_000 / arriving
        guard arrived <= sent * Self.ratioMax else { return nil }
        let isFull = arrived < sent * Self.ratioUnfilled
        return (isFull ? arrived * Self.utilisation : min(sent, arrived), isFull)
    }
}
