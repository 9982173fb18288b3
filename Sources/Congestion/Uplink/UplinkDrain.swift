// What a publisher may send while a queue on its way to us drains, and for some seconds after.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Bounds a publisher as soon as its sound comes late, until it does not, and then by what its way has carried meanwhile:
/// libwebrtc's own congestion control needs more than a second to send less than a way that has become narrow carries, and
/// all that time its sound is late. The bound rises until that has found by itself what there is, and goes.
package struct UplinkDrain: Sendable {
    /// Sound so late begins a bound, and such ends its first part.
    static let late = (from: MediaDuration.milliseconds(100), until: MediaDuration.milliseconds(50))
    /// For so long nothing may have come in time: after a pause of the publisher's own much is late, but comes at once.
    static let patience = MediaDuration.milliseconds(60)
    /// What of the rate of arrival is left, while the queue drains and when it has.
    static let shares = (draining: 0.5, drained: 0.85)
    /// The least bound, in bits a second.
    static let least = 80_000.0
    /// How long a queue may take to drain: what does not go by then is none of this publisher's.
    static let longest = MediaDuration.milliseconds(1_500)
    /// How long after such there is no other bound.
    static let rest = MediaDuration.seconds(10)
    /// By how much a bound rises, how often, and for how long.
    static let rise = (
        factor: 1.02, each: MediaDuration.milliseconds(250), lasting: MediaDuration.seconds(6)
    )

    private enum Phase: Sendable {
        case free
        case draining(since: MediaInstant)
        case rising(since: MediaInstant, next: MediaInstant)
    }

    /// The bound in bits a second; `nil`: there is none.
    package private(set) var bitsPerSecond: Double?
    private var phase = Phase.free
    private var restsUntil = MediaInstant.zero
    private var lateSince: MediaInstant?

    /// Bounds nothing.
    package init() {}

    /// Takes how late sound is now.
    /// - Parameter arriving: What arrives, in bits a second.
    /// - Returns: Whether the bound has changed.
    package mutating func update(
        late: MediaDuration, arriving: Double, at now: MediaInstant
    ) -> Bool {
        lateSince = late >= Self.late.from ? lateSince ?? now : nil
        switch phase {
        case .free:
            guard now >= restsUntil else { return false }
            return begin(arriving: arriving, at: now)
        case .draining(let since):
            if now - since >= Self.longest {
                restsUntil = now + Self.rest
                return end()
            }
            guard late < Self.late.until else { return false }
            // Packets waited all the time: what came is what the way carries.
            phase = .rising(since: now, next: now + Self.rise.each)
            bitsPerSecond = max(arriving * Self.shares.drained, Self.least)
            return true
        case .rising(let since, let next):
            if begin(arriving: arriving, at: now) { return true }
            guard now >= next, let bound = bitsPerSecond else { return false }
            guard now - since < Self.rise.lasting else { return end() }
            phase = .rising(since: since, next: now + Self.rise.each)
            bitsPerSecond = bound * Self.rise.factor
            return true
        }
    }

    private mutating func begin(arriving: Double, at now: MediaInstant) -> Bool {
        guard let lateSince, now - lateSince >= Self.patience else { return false }
        phase = .draining(since: now)
        bitsPerSecond = max(arriving * Self.shares.draining, Self.least)
        return true
    }

    private mutating func end() -> Bool {
        phase = .free
        bitsPerSecond = nil
        return true
    }
}
