// What one slot could use of its receiver's bandwidth.
// SPDX-License-Identifier: Apache-2.0

/// The ways in which one slot can show its track, from the cheapest to the best, and what was granted.
///
/// Of fixed size: asking and granting allocate nothing.
package struct BandwidthWish: Sendable {
    /// The most ways of one track: four temporal layers of the smallest picture, then larger pictures.
    package static let stepsMax = 12

    /// The slot it is for, for the asker to know.
    package let slot: Int
    /// When its turn comes.
    package let rank: BandwidthRank
    /// How many steps it had until now, 0 (paused) to `stepCount`.
    package private(set) var current = 0
    /// How many steps it begins with beyond those, whatever is known of the path.
    package private(set) var begun = 0
    /// Whether it may be given more than it has.
    package var mayRise: Bool
    /// Whether it keeps what it has, though that does not seem to fit: it has only just been given it.
    package var isHeld = false
    /// How many steps it is given: 0 pauses it.
    package internal(set) var granted = 0
    /// How many steps there are.
    package private(set) var stepCount = 0
    /// How many of them are the smallest size, by temporal layers.
    package private(set) var smallestCount = 0
    /// What the smallest size would take if its publisher were not held to less, in bits/s; 0: it is not.
    package var unlimited: Int64 = 0
    private var rates = InlineArray<12, Int64>(repeating: 0)
    private var targets = InlineArray<12, LayerTarget>(repeating: .all)

    /// Makes a wish without steps, which is always granted nothing.
    package init(slot: Int, rank: BandwidthRank, mayRise: Bool = true) {
        self.slot = slot
        self.rank = rank
        self.mayRise = mayRise
    }

    /// Adds the next better way; what comes after the last possible step is left out.
    /// - Parameters:
    ///   - target: The layers it consists of.
    ///   - bitsPerSecond: What it takes, cheaper ways not counted twice; at least 0. A way that takes less
    ///     than the one before it counts as much as that one.
    package mutating func append(_ target: LayerTarget, bitsPerSecond: Int64) {
        guard stepCount < Self.stepsMax else { return }
        let before = stepCount == 0 ? 0 : rates[stepCount - 1]
        rates[stepCount] = min(max(bitsPerSecond, before), 1 << 40)
        targets[stepCount] = target
        stepCount += 1
    }

    /// Takes note that all steps so far are of the smallest size.
    package mutating func endSmallest() { smallestCount = stepCount }

    /// What the whole smallest size takes if its publisher is held to nothing, in bits/s.
    package var smallestCost: Int64 { max(cost(of: smallestCount), unlimited) }

    /// What everything would take if its publisher were held to nothing, in bits/s.
    package var bestCost: Int64 { max(cost(of: stepCount), unlimited) }

    /// Whether not even the whole smallest size was granted.
    package var isMissed: Bool { granted < smallestCount && !isHeld }

    /// Takes note of what it had until now: as many steps, in their order, as `target` allows; `nil`: none.
    package mutating func setCurrent(_ target: LayerTarget?) {
        current = 0
        guard let target else { return }
        while current < stepCount, targets[current].isWithin(target) { current += 1 }
    }

    /// Lets it begin with its cheapest way, whatever is known of the path: that shows soon enough whether it bears it.
    package mutating func begin() { current = min(1, stepCount) }

    /// Lets it begin again with the whole smallest size, which its publisher has made to fit: what was found of a path
    /// on which little was sent since says less than what is sent over it next.
    package mutating func beginAgain() {
        begun = max(0, smallestCount - current)
        isHeld = true
    }

    /// The layers that were granted: everything that is published where that is every step, since larger pictures
    /// may come; `nil` where it is none.
    package var grantedTarget: LayerTarget? {
        if isWhole { return .all }
        return granted > 0 ? targets[granted - 1] : nil
    }

    /// The layers of a step, counted from 0; everything for a step there is not.
    package func target(ofStep step: Int) -> LayerTarget {
        step >= 0 && step < stepCount ? targets[step] : .all
    }

    /// Whether every step was granted.
    package var isWhole: Bool { granted == stepCount }

    /// What so many steps take, in bits/s; 0 for none.
    package func cost(of steps: Int) -> Int64 {
        guard steps > 0, stepCount > 0 else { return 0 }
        return rates[min(steps, stepCount) - 1]
    }
}
