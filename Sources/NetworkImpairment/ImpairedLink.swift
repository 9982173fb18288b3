// A one-way link with loss, delay and a bottleneck, decided from a seed.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Why a link lost a datagram.
package enum LinkLoss: Sendable, Equatable {
    /// By chance while the link was good.
    case random
    /// While the link was bad.
    case burst
    /// The queue before the bottleneck was too long.
    case queueFull
    /// Nothing passes at this time.
    case blackout
}

/// What a link does with one datagram.
package enum LinkVerdict: Sendable, Equatable {
    /// It is lost.
    case lost(LinkLoss)
    /// It arrives at this time, and perhaps once more.
    case arrives(at: MediaInstant, again: MediaInstant?)
}

/// The memory of a one-way link.
///
/// Each question (lost? how late? overtaken? twice?) has a random sequence of its own and is asked for every
/// datagram, so the n-th datagram of a seed is lost or not whatever the other settings are.
package struct ImpairedLink: Sendable {
    private var lossRandom: SeededRandom
    private var burstRandom: SeededRandom
    private var jitterRandom: SeededRandom
    private var reorderRandom: SeededRandom
    private var duplicateRandom: SeededRandom
    private var isBad = false
    private var busyUntil = MediaInstant(nanoseconds: .min)
    private var lastArrival = MediaInstant(nanoseconds: .min)
    private var lastVideoArrival = MediaInstant(nanoseconds: .min)

    /// Starts a link in its good state; the same seed decides the same.
    package init(seed: UInt64) {
        var seeds = SeededRandom(seed: seed)
        lossRandom = SeededRandom(seed: seeds.next())
        burstRandom = SeededRandom(seed: seeds.next())
        jitterRandom = SeededRandom(seed: seeds.next())
        reorderRandom = SeededRandom(seed: seeds.next())
        duplicateRandom = SeededRandom(seed: seeds.next())
    }

    /// Decides about a datagram of `byteCount` bytes that enters the link now.
    /// - Parameter isVideo: Whether the video delay applies to it.
    package mutating func decide(
        byteCount: Int, isVideo: Bool = false, settings: LinkSettings, at now: MediaInstant
    ) -> LinkVerdict {
        let lossDraw = lossRandom.nextFraction()
        let burstDraw = burstRandom.nextFraction()
        let jitterDraw = jitterRandom.nextFraction()
        let isOvertaken = reorderRandom.nextFraction() < settings.reorder
        let isDoubled = duplicateRandom.nextFraction() < settings.duplicate
        stepBurst(settings.burst, burstDraw)

        if let blackout = settings.blackout, blackout.contains(now) { return .lost(.blackout) }
        if let burst = settings.burst, isBad {
            if lossDraw < burst.lossWhileBad { return .lost(.burst) }
        } else if lossDraw < settings.loss {
            return .lost(.random)
        }
        guard let leaves = passBottleneck(byteCount: byteCount, settings: settings, at: now) else {
            return .lost(.queueFull)
        }
        let jitter = MediaDuration(
            nanoseconds: Int64(Double(max(0, settings.jitter.nanoseconds)) * jitterDraw))
        var arrival = leaves + settings.delay + jitter
        if isVideo { arrival = arrival + settings.videoDelay }
        if isOvertaken {
            arrival = arrival + settings.reorderDelay
        } else {
            // Video and the rest keep their order among themselves only when they are delayed apart.
            let isApart = isVideo && settings.videoDelay != .zero
            arrival = max(arrival, isApart ? lastVideoArrival : lastArrival)
            if isApart { lastVideoArrival = arrival } else { lastArrival = arrival }
        }
        return .arrives(at: arrival, again: isDoubled ? arrival + .milliseconds(1) : nil)
    }

    private mutating func stepBurst(_ burst: BurstLoss?, _ draw: Double) {
        guard let burst else {
            isBad = false
            return
        }
        if draw < (isBad ? burst.leave : burst.enter) { isBad.toggle() }
    }

    /// When the datagram has left the bottleneck; nil if the queue before it is too long.
    private mutating func passBottleneck(
        byteCount: Int, settings: LinkSettings, at now: MediaInstant
    ) -> MediaInstant? {
        guard settings.bitsPerSecond > 0 else { return now }
        let start = max(now, busyUntil)
        guard start - now <= settings.queueDelayMax else { return nil }
        let bits = Double(byteCount + 28) * 8
        let time = bits * 1e9 / Double(settings.bitsPerSecond)
        busyUntil = start + MediaDuration(nanoseconds: Int64(min(time, 1e18)))
        return busyUntil
    }
}

extension SeededRandom {
    /// A number from 0 up to but not including 1, in steps of 2^-53.
    fileprivate mutating func nextFraction() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
