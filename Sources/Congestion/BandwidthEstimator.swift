// How much the path to one receiver carries, from what its transport-wide feedback says.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The bounds of an estimate, in bits a second.
package struct EstimateLimits: Sendable {
    /// What is believed before anything is known.
    package var start = 500_000.0
    /// The least estimate: sound still gets through.
    package var least = 30_000.0
    /// The most.
    package var most = 30_000_000.0
    /// The most where a receiver sends no transport-wide feedback: loss comes late.
    package var mostByLoss = 4_000_000.0

    /// The usual bounds.
    package init() {}
}

/// Estimates a path's rate as Google congestion control does (draft-ietf-rmcat-gcc-02; Carlucci et
/// al. 2016): a trend of the one-way delay and loss bound the rate, probes let it rise quickly.
///
/// It is told of every packet sent and of every feedback packet, and asked for its target and for
/// probes. Its memory is bounded (8 KiB, taken at the first packet, to 32 KiB at high rates); nothing is
/// allocated per packet or per feedback. What feedback says of packets that were not sent is passed over.
package struct BandwidthEstimator: ~Copyable {
    /// Nothing heard for so long: the path is taken for interrupted.
    static let silenceMax = MediaDuration.milliseconds(1_000)
    /// How often the target is halved while nothing is heard, and how often at most.
    static let halving = (interval: MediaDuration.seconds(2), most: 2)
    /// How long a path that was silent is taken with caution.
    static let cautionTime = MediaDuration.seconds(1)
    /// The detectors start over after a pause of this length.
    static let pauseMax = MediaDuration.seconds(2)
    /// A path that loses more than this share and has no queue drops what goes beyond its rate.
    static let sustainedLoss = 0.6
    /// From this share on repetitions are sent twice.
    static let randomLoss = 0.04
    /// A queue stands that does not go in this time, or is so long.
    static let standingQueue = (
        time: MediaDuration.milliseconds(500), least: MediaDuration.milliseconds(250)
    )
    /// Where packets wait, less than this share of what is sent arriving means that ever more of them do.
    static let fillingShare = 0.75
    /// From what queue on the pictures make way for it to drain, from which they do so most, and how much they leave
    /// then of the rate.
    static let draining = (
        from: MediaDuration.milliseconds(75), most: MediaDuration.milliseconds(300), share: 0.25
    )
    /// Less than this share of the target being sent means that it is not used.
    static let usedShare = 0.65

    let limits: EstimateLimits
    var packets = SentPackets()
    var sending = SendingRate()
    var acknowledged = AcknowledgedRate()
    var arrivals = InterArrival()
    var trend = DelayTrend()
    var detector = OveruseDetector()
    var control: RateControl
    var loss = LossControl()
    var probes = ProbeControl()
    var measurement = ProbeMeasurement()

    /// The unwrapped number after the highest acknowledged, and as it was one feedback earlier.
    var heardEnd: UInt64 = 0
    var heardEndBefore: UInt64 = 0
    /// The unwrapped number from which on packets have not been judged lost or not.
    var judgedEnd: UInt64 = 0
    var heardAt: MediaInstant?
    /// When silence ended last.
    var silenceEndedAt: MediaInstant?
    var firstSentAt: MediaInstant?
    /// How often the target was halved for silence, and what it was before.
    var halvings = 0
    var beforeSilence: Double?
    var shortestRoundTrip = ShortestRoundTrip()
    var late = LateArrivals()
    /// The share of packets lost over some hundreds of them: where feedback is lost, all it would have spoken of seems to
    /// be for a moment.
    var lossOverall = 0.0
    /// Since when packets wait; `nil`: they do not.
    var queueSince: MediaInstant?
    /// Whether ever more packets wait on the path, as the last feedback says.
    package internal(set) var isFilling = false
    /// Whether packets waited at the feedback before: one that was lost makes them look late.
    var hadQueue = false
    /// What could be used if it were there, in bits a second; `nil`: not known, nothing is probed.
    package var wanted: Double?
    /// The round trip as feedback shows it.
    package internal(set) var roundTrip = MediaDuration.milliseconds(100)
    /// Whether transport-wide feedback has come.
    package internal(set) var hasFeedback = false
    /// Whether receiver reports have bounded the rate of a receiver without transport-wide feedback.
    package internal(set) var hasReports = false
    /// Statuses of feedback passed over because no such packet was sent, or it was known already.
    package internal(set) var ignoredStatuses: UInt64 = 0

    /// Makes an estimator that has seen nothing.
    package init(limits: EstimateLimits = EstimateLimits()) {
        self.limits = limits
        control = RateControl(start: limits.start, range: limits.least...limits.most)
    }

    /// The target in bits a second, IP and UDP headers counted; `nil` before anything was heard.
    package var target: Double? {
        guard hasFeedback || hasReports else { return nil }
        return currentTarget
    }

    var currentTarget: Double {
        max(min(control.bitsPerSecond, loss.bound), limits.least)
    }

    /// Whether packets leave and nothing is heard of them.
    package var isSilent: Bool { beforeSilence != nil }

    /// Whether the path was silent until a moment ago, or is.
    package func isAfterSilence(at now: MediaInstant) -> Bool {
        isSilent || silenceEndedAt.map { now - $0 < Self.cautionTime } ?? false
    }

    /// What the delay says.
    package var use: PathUse { detector.use }

    /// The rate at which packets arrive, in bits a second; `nil`: too few have.
    package var throughput: Double? { acknowledged.bitsPerSecond(of: packets) }

    /// What the path carries at present without a queue or much loss, in bits a second: whoever sends that may go on,
    /// though the target is lower for a moment, as after a probe. `nil`: it does not, or that is not known.
    package var borne: Double? {
        guard !isCongested, loss.lastLoss - loss.ownLoss < LossControl.thresholds.high else {
            return nil
        }
        return throughput
    }

    /// What is sent at present over a path on which no queue stands, in bits a second, though much of it may be lost: loss
    /// alone is no reason to send nothing. `nil`: there is a queue or most is lost, or that is not known.
    package mutating func sustained(at now: MediaInstant) -> Double? {
        guard !isCongested, !isFilling, lossOverall < Self.sustainedLoss else { return nil }
        return sending.bitsPerSecond(at: now)
    }

    /// Whether a queue stands on the path, not just a keyframe's or a probe's.
    package var isCongested: Bool {
        guard let queueSince, let heardAt else { return false }
        return heardAt - queueSince >= Self.standingQueue.time
            || queue > Self.standingQueue.least
    }

    /// Whether packets wait on the path for longer than probes and other flows make them.
    package var hasQueue: Bool { queue > LossControl.queueMax }

    /// What of the rate may be sent while packets wait on the path, 0.25 to 1: what is sent now only comes later, and
    /// sound with it. A receiver remembers for many seconds how late its sound came, and holds pictures back as well.
    package var drainingShare: Double {
        let (from, most, share) = Self.draining
        let beyond = queue.nanoseconds - from.nanoseconds
        guard beyond > 0 else { return 1 }
        let part = Double(beyond) / Double(most.nanoseconds - from.nanoseconds)
        return 1 - (1 - share) * min(part, 1)
    }

    /// How long packets wait on the path.
    var queue: MediaDuration { shortestRoundTrip.excess(of: roundTrip) }

    /// The share of packets that was last found lost, 0 to 1.
    package var lossShare: Double { loss.lastLoss }

    /// What has become of a packet that feedback speaks of now and does not report as arrived.
    package enum Absence: Sendable, Equatable {
        /// It should have been there for some time; it was sent so long ago.
        case lost(sentBefore: MediaDuration)
        /// It may have been overtaken and still come.
        case due
    }

    /// Whether a packet is missing; `nil`: it has arrived, or is not remembered.
    /// - Parameter now: When feedback came that was sent after the packet should have arrived.
    package func absence(of sequence: SequenceNumber, at now: MediaInstant) -> Absence? {
        guard let number = packets.number(of: sequence), let packet = packets.packet(number),
            packet.fate == .unknown
        else { return nil }
        let elapsed = SentPackets.milliseconds(
            from: packet.sentTick, to: SentPackets.tick(of: now))
        let age = MediaDuration(nanoseconds: Int64(max(elapsed, 0) * 1e6))
        let least = shortestRoundTrip.least ?? roundTrip
        return age >= least + late.wait ? .lost(sentBefore: age) : .due
    }

    /// Whether the path loses packets though none wait on it: what is sent twice has twice the chance.
    ///
    /// Mutating, since it is asked for each packet of sound: a borrowed look from another module copies the whole
    /// estimator first.
    package var losesAtRandom: Bool {
        mutating get { lossOverall >= Self.randomLoss && !hasQueue }
    }

    /// Whether clearly less is sent than the target allows.
    package mutating func isApplicationLimited(at now: MediaInstant) -> Bool {
        guard let rate = sending.bitsPerSecond(at: now) else { return true }
        return rate < currentTarget * Self.usedShare
    }

    /// Notes a packet that leaves now.
    /// - Parameters:
    ///   - sequence: Its transport-wide sequence number; numbers grow by one.
    ///   - bytes: Its size on the wire, IP and UDP headers included.
    ///   - probe: The number of the probe it belongs to; 0: none.
    package mutating func noteSent(
        sequence: UInt16, bytes: Int, probe: UInt8 = 0, at now: MediaInstant
    ) {
        packets.note(sequence: sequence, bytes: bytes, probe: probe, at: now)
        sending.add(bytes: bytes, at: now)
        if firstSentAt == nil { firstSentAt = now }
    }

    /// The next probe, if one is to be sent now; its packets are noted under its number.
    package mutating func takeProbe(at now: MediaInstant) -> ProbePlan? {
        guard hasFeedback, beforeSilence == nil else { return nil }
        let isCalm = detector.use == .normal && queue < LossControl.queueMax
        let isUnused = isApplicationLimited(at: now)
        guard
            let plan = probes.next(
                rate: currentTarget, wanted: wanted.map { min($0, limits.most) }, isCalm: isCalm,
                isUnused: isUnused, at: now)
        else { return nil }
        measurement.begin(plan)
        return plan
    }

    /// Notices silence: halves the target while packets leave and nothing is heard of them.
    package mutating func advance(to now: MediaInstant) {
        guard hasFeedback, let heardAt, packets.end > heardEnd,
            now - heardAt >= Self.silenceMax
        else { return }
        if beforeSilence == nil { beforeSilence = control.bitsPerSecond }
        let due = Int((now - heardAt).nanoseconds / Self.halving.interval.nanoseconds)
        while halvings < min(due, Self.halving.most) {
            halvings += 1
            control.set(control.bitsPerSecond / 2, at: now)
        }
    }

    /// Takes the loss of a receiver report, which counts only where no transport-wide feedback comes.
    /// - Parameters:
    ///   - fractionLost: The share lost in 256ths (RFC 3550 §6.4.1).
    ///   - packets: How many packets it speaks of.
    package mutating func receiveReport(
        fractionLost: UInt8, packets count: Int, roundTrip: MediaDuration, at now: MediaInstant
    ) {
        guard !hasFeedback, count > 0 else { return }
        hasReports = true
        self.roundTrip = roundTrip
        shortestRoundTrip.note(roundTrip, at: now)
        let lost = (count * Int(fractionLost) + 128) / 256
        let tick = SentPackets.tick(of: now)
        for index in 0..<min(count, SentPackets.capacities.most) {
            loss.note(isLost: index < lost, sentTick: tick)
        }
        if let rate = sending.bitsPerSecond(at: now) {
            growByReports(sent: rate, at: now)
        }
        let overflows = loss.judge(
            rate: currentTarget, queue: queue,
            roundTrip: roundTrip, at: now)
        if overflows {
            control.set(currentTarget * (1 - 0.5 * min(loss.lastLoss, 1)), at: now)
        }
    }

    /// Without delays to go by the rate grows by 8 % a report, while it is used.
    private mutating func growByReports(sent: Double, at now: MediaInstant) {
        guard sent > currentTarget * Self.usedShare, loss.lastLoss < LossControl.thresholds.low
        else { return }
        let most = max(limits.mostByLoss, limits.least)
        control.set(min(control.bitsPerSecond * LossControl.growth, most), at: now)
    }
}
