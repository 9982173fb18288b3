// What one feedback packet does to an estimate.
// SPDX-License-Identifier: Apache-2.0
package import RTP
package import Wire

extension BandwidthEstimator {
    /// Takes transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01). O(statuses of
    /// packets that arrived).
    package mutating func receive(
        _ feedback: TransportFeedback, in bytes: Span<UInt8>, at now: MediaInstant
    ) {
        resumeAfterPause(at: now)
        var cursor = TransportFeedbackCursor(feedback)
        var newest: SentPacket?
        var newestNumber: UInt64 = 0
        while let status = cursor.nextReceived(in: bytes) {
            guard let number = packets.number(of: status.sequenceNumber),
                let arrival = status.arrival,
                packets.packet(number)?.fate == .unknown
            else {
                ignoredStatuses &+= 1
                continue
            }
            let tick = UInt32(
                truncatingIfNeeded: arrival.nanoseconds / TransportFeedback.tickNanoseconds)
            packets.noteArrival(of: number, tick: tick)
            guard let packet = packets.packet(number) else { continue }
            if number < heardEnd { noteLateness(of: packet) }
            take(packet, number)
            if newest == nil || number > newestNumber {
                newest = packet
                newestNumber = number
            }
        }
        guard let newest else { return }
        late.decay()
        heardAt = now
        heardEndBefore = max(heardEnd, packets.start)
        heardEnd = max(heardEnd, newestNumber + 1)
        if !hasFeedback {
            hasFeedback = true
            judgedEnd = newestNumber
            heardEndBefore = newestNumber
        }
        noteRoundTrip(of: newest, at: now)
        if endSilence(at: now) { return }
        let overflows = judgeLoss(at: now)
        let fills = fills(at: now)
        isFilling = fills && hadQueue
        hadQueue = hasQueue
        updateRate(detector.use, isSure: overflows || isFilling, at: now)
    }

    /// Takes a packet that earlier feedback had passed over.
    private mutating func noteLateness(of packet: SentPacket) {
        guard heardEnd > 0, let overtaker = packets.packet(heardEnd - 1), overtaker.fate == .arrived
        else { return }
        let excess =
            SentPackets.arrivalMilliseconds(from: overtaker.arrivalTick, to: packet.arrivalTick)
            + SentPackets.milliseconds(from: packet.sentTick, to: overtaker.sentTick)
        late.note(excess: excess)
    }

    private mutating func take(_ packet: SentPacket, _ number: UInt64) {
        acknowledged.add(number, of: packets)
        measurement.add(packet)
        guard let delta = arrivals.add(packet) else { return }
        trend.add(delta)
        detector.judge(slope: trend.slope, delta: delta)
    }

    /// A line through delays from before and after a pause says nothing.
    private mutating func resumeAfterPause(at now: MediaInstant) {
        guard let heardAt, now - heardAt > Self.pauseMax else { return }
        arrivals = InterArrival()
        trend = DelayTrend()
        detector = OveruseDetector()
        acknowledged.reset()
    }

    private mutating func noteRoundTrip(of packet: SentPacket, at now: MediaInstant) {
        let elapsed = SentPackets.milliseconds(
            from: packet.sentTick, to: SentPackets.tick(of: now))
        roundTrip = MediaDuration(nanoseconds: Int64(max(0, min(elapsed, 10_000)) * 1e6))
        shortestRoundTrip.note(roundTrip, at: now)
        queueSince = hasQueue ? queueSince ?? now : nil
    }

    /// After silence what was lost in it is not held against the path; whether the former rate is there
    /// again is asked by a probe.
    private mutating func endSilence(at now: MediaInstant) -> Bool {
        guard let before = beforeSilence else { return false }
        beforeSilence = nil
        silenceEndedAt = now
        halvings = 0
        judgedEnd = heardEnd
        heardEndBefore = heardEnd
        loss.forget(at: now)
        probes.probe(at: before)
        return true
    }

    /// Packets below what was acknowledged one feedback ago are lost if they have not arrived by now.
    private mutating func judgeLoss(at now: MediaInstant) -> Bool {
        judgedEnd = max(judgedEnd, packets.start)
        while judgedEnd < heardEndBefore {
            if let packet = packets.packet(judgedEnd), !wasSentBeforeDecrease(packet) {
                let isLost = packet.fate == .unknown
                loss.note(isLost: isLost, sentTick: packet.sentTick)
                lossOverall += ((isLost ? 1 : 0) - lossOverall) / 512
            }
            judgedEnd += 1
        }
        return loss.judge(
            rate: currentTarget, queue: queue,
            roundTrip: roundTrip, at: now)
    }

    /// Whether packets pile up on the path: the newest that arrived is old, and fewer arrive than are sent. The trend
    /// would tell as well, but only when many of those that wait have arrived.
    private mutating func fills(at now: MediaInstant) -> Bool {
        guard hasQueue, measurement.plan == nil,
            let sent = sending.bitsPerSecond(at: now),
            let recent = acknowledged.recentBitsPerSecond(of: packets, milliseconds: 200)
        else { return false }
        return recent < sent * Self.fillingShare
    }

    /// What was lost before the rate was lowered for the delay is no reason to lower it again.
    private func wasSentBeforeDecrease(_ packet: SentPacket) -> Bool {
        guard let decreased = control.decreasedAt else { return false }
        return SentPackets.milliseconds(from: SentPackets.tick(of: decreased), to: packet.sentTick)
            < 0
    }

    /// - Parameter isSure: Whether fewer packets come than are sent.
    private mutating func updateRate(_ seen: PathUse, isSure: Bool, at now: MediaInstant) {
        let use = isSure ? .over : seen
        let throughput = acknowledged.bitsPerSecond(of: packets)
        let isUnused = !isFilling && isApplicationLimited(at: now)
        if let result = measurement.result(ownLoss: loss.ownLoss) {
            takeProbeResult(result.bitsPerSecond, isFull: result.isFull, at: now)
        }
        control.update(
            use, throughput: throughput,
            recent: use == .over ? recentRate : nil,
            queue: queue, isUnused: isUnused, isSure: isSure,
            roundTrip: roundTrip, at: now)
        guard use == .over else { return }
        probes.delay(until: now + ProbeControl.calm)
        if hasQueue { probes.forgetDrop() }
    }

    /// The rate of arrival over the time in which packets have waited, where they do: before, the path was not full.
    private var recentRate: Double? {
        let waiting = Double(queue.nanoseconds) / 1e6
        return acknowledged.recentBitsPerSecond(
            of: packets,
            milliseconds: max(AcknowledgedRate.windowMillisecondsMin, min(waiting, 200)))
    }

    /// A probe only raises the rate: what stands in its way for a moment is no loss of capacity.
    private mutating func takeProbeResult(
        _ found: Double, isFull: Bool, at now: MediaInstant
    ) {
        measurement = ProbeMeasurement()
        probes.finish(found: found, at: now)
        // What got through without filling the path shows that this is not where losses begin.
        if !isFull { loss.raise(to: found) }
        guard detector.use != .over, found > control.bitsPerSecond else { return }
        control.set(found, at: now)
        if isFull { control.noteCapacity(found) }
    }
}
