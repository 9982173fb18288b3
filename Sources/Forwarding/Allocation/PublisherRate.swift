// The most that a publisher is to send of a track's smallest size, or of its only one.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Bounds what a publisher encodes where no receiver could use more, and lets it go again.
///
/// Less is told as soon as somebody has to do without; more only after it has been possible for a while, longer each
/// time that it did not last. Nothing is told more often than each second, nor for less than a tenth.
package struct PublisherRate: Sendable, Equatable {
    /// The least that is asked for, in bits/s, all headers counted: some 51 kbit/s of picture. Below that an encoder
    /// leaves out so many frames, even of 160x90 pixels, that lower temporal layers serve better.
    package static let least: Int64 = 70_000
    /// What of that which a receiver can bear is asked for, in percent: encoders exceed their bound now and then, and a
    /// slot begins again only where a tenth stays free.
    package static let share: Int64 = 85
    /// A change must be worth this part.
    package static let changeDivisor: Int64 = 10
    /// More is given by this part of the bound at a time, or up to half of what can be borne.
    package static let stepDivisor: Int64 = 5
    /// The shortest time between two changes.
    package static let interval = MediaDuration.seconds(1)
    /// How long an encoder is given to obey before it is asked for still less.
    package static let obeyTime = MediaDuration.seconds(2)
    /// How long more must have been possible before it is asked for; the longest such time.
    package static let quietTimes = (
        first: MediaDuration.milliseconds(1_500), longest: MediaDuration.seconds(12)
    )
    /// More that lasted so long, lasted.
    package static let lastingTime = MediaDuration.seconds(8)
    /// A bound that did not last is not come near again for so long, unless twice as much can be borne.
    package static let failureMemory = MediaDuration.seconds(30)
    /// After how long a publisher that sends much more all the same is told again: it may have begun anew.
    package static let reminderAfter = MediaDuration.seconds(5)

    /// The bound, in bits/s, all headers counted; `nil`: there is none.
    package private(set) var limit: Int64?
    /// What was sent before there was a bound, in bits/s; 0 without one: worth looking for on the paths of receivers.
    package var unlimited: Int64 = 0
    private var changedAt: MediaInstant?
    private var raisedAt: MediaInstant?
    private var possibleSince: MediaInstant?
    private var quietTime = Self.quietTimes.first
    /// The last bound that did not last, and until when that counts.
    private var failedLimit: Int64 = 0
    private var failedUntil: MediaInstant?

    /// No bound.
    package init() {}

    /// The bound without headers of packets, as encoders count, in bits/s; `nil`: there is none. Of 30 frames a second
    /// each has one packet at least, and a large packet one part of header in twenty.
    package var encodedLimit: Int64? {
        limit.map { ($0 - 30 * Int64(LayerRates.packetOverheadBytes) * 8) * 20 / 21 }
    }

    /// Takes what receivers can bear now, and says whether the publisher is to be told of ``limit`` (again).
    /// - Parameters:
    ///   - need: `nil`: nobody is held to this size.
    ///   - rate: What is sent of it at present, in bits/s, all headers counted.
    package mutating func update(_ need: RateNeed?, rate: Int64, at now: MediaInstant) -> Bool {
        let need = need ?? RateNeed()
        let bits = min(max(need.bitsPerSecond, 0), 1 << 40)
        let bearable = max(bits * Self.share / 100, Self.least)
        guard let limit else {
            guard need.isMissed, rate > 0, Self.isWorth(bearable, below: rate) else { return false }
            unlimited = rate
            return change(to: bearable, at: now)
        }
        if let changedAt, now - changedAt < Self.interval { return false }
        if need.isMissed {
            possibleSince = nil
            // What is known of a path just after it was overfull, and before less comes, says little.
            if let changedAt, now - changedAt < Self.obeyTime { return false }
            return lower(limit, to: bearable, bits: bits, rate: rate, at: now)
        }
        if bits >= unlimited + unlimited / 20 || bearable > limit + limit / Self.changeDivisor {
            let since = possibleSince ?? now
            possibleSince = since
            guard now - since >= quietTime else { return false }
            guard bits < unlimited + unlimited / 20 else {
                raisedAt = now
                return change(to: nil, at: now)
            }
            // Of a path that is not filled more is believed than it may carry: step by step.
            let step = max(limit + limit / Self.stepDivisor, bits / 2)
            var more = min(bearable, step, unlimited)
            if let failedUntil, now < failedUntil, bits < failedLimit * 2 {
                more = min(more, failedLimit - failedLimit / Self.changeDivisor)
                guard more > limit + limit / Self.changeDivisor else { return false }
            }
            raisedAt = now
            return change(to: more, at: now)
        }
        possibleSince = nil
        return remind(limit, rate: rate, at: now)
    }

    /// Lowers the bound to what can be borne; an encoder that takes more than it is allowed is allowed less.
    private mutating func lower(
        _ limit: Int64, to bearable: Int64, bits: Int64, rate: Int64, at now: MediaInstant
    ) -> Bool {
        var lower = bearable
        if rate > max(bits, limit) {
            lower = min(lower, max(limit * 3 / 4, Self.least))
        }
        guard Self.isWorth(lower, below: limit) else { return remind(limit, rate: rate, at: now) }
        if let raisedAt, now - raisedAt < Self.lastingTime {
            quietTime = min(quietTime + quietTime, Self.quietTimes.longest)
            failedLimit = limit
            failedUntil = now + Self.failureMemory
        } else if raisedAt != nil {
            quietTime = Self.quietTimes.first
        }
        raisedAt = nil
        return change(to: lower, at: now)
    }

    private mutating func remind(_ limit: Int64, rate: Int64, at now: MediaInstant) -> Bool {
        guard rate > limit + limit / 2, let changedAt, now - changedAt >= Self.reminderAfter else {
            return false
        }
        return change(to: limit, at: now)
    }

    private mutating func change(to limit: Int64?, at now: MediaInstant) -> Bool {
        self.limit = limit
        changedAt = now
        possibleSince = nil
        if limit == nil { unlimited = 0 }
        return true
    }

    private static func isWorth(_ lower: Int64, below limit: Int64) -> Bool {
        lower < limit - limit / changeDivisor
    }
}
