// What the receivers of one size of a track can bear of it.
// SPDX-License-Identifier: Apache-2.0

/// What one receiver, or several together, can bear of a track's smallest size, or of its only one.
package struct RateNeed: Sendable, Equatable {
    /// The most that may be sent, in bits/s, all headers counted; `.max`: there is no bound.
    package var bitsPerSecond: Int64
    /// Whether what is sent at present is more than that, so that somebody does without.
    package var isMissed: Bool

    /// Notes what somebody can bear.
    package init(bitsPerSecond: Int64 = .max, isMissed: Bool = false) {
        self.bitsPerSecond = bitsPerSecond
        self.isMissed = isMissed
    }

    /// How the needs of several receivers become one.
    package enum Rule: Sendable {
        /// The least counts: those who can bear more have larger sizes to turn to.
        case least
        /// The most counts: there is one size, and nobody's network takes from a picture that another can have whole.
        case most
    }

    /// Takes the need of another receiver in.
    package mutating func join(_ other: RateNeed, by rule: Rule) {
        switch rule {
        case .least:
            isMissed = isMissed || other.isMissed
            bitsPerSecond = min(bitsPerSecond, other.bitsPerSecond)
        case .most:
            // Whoever misses it at less than another bears misses it for good.
            if other.bitsPerSecond > bitsPerSecond {
                self = other
            } else if other.bitsPerSecond == bitsPerSecond {
                isMissed = isMissed && other.isMissed
            }
        }
    }

    /// The same of two groups of receivers, of which either may be empty (`nil`).
    package static func joined(_ one: RateNeed?, _ other: RateNeed?, by rule: Rule) -> RateNeed? {
        guard var need = one else { return other }
        if let other { need.join(other, by: rule) }
        return need
    }
}
