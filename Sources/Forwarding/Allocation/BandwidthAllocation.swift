// Divides what a receiver's path carries among the tracks it shows.
// SPDX-License-Identifier: Apache-2.0
package import BasicContainers

/// Grants each wish as many steps as fit, in this order:
///
/// 1. everybody's cheapest way, by rank and within one rank in the order of asking, so that nobody is dark for
///    another's sharpness;
/// 2. the favoured participant's tracks up to their best;
/// 3. screens up to their best;
/// 4. cameras, always the one with the fewest steps next.
///
/// What it has, a slot keeps while it fits, or nearly so, or while the path bears it; more is given only where a tenth stays
/// free above it, so that the estimate's small movements move nothing. O(wishes x steps).
package enum BandwidthAllocation {
    /// What more must leave free, in parts of what it takes: a tenth.
    package static let headroomDivisor: Int64 = 10

    /// By what part of it what somebody has may go beyond what there is: an estimate that is a little low must not take
    /// pictures away.
    package static let toleranceDivisor: Int64 = 16

    /// What an allocation came to.
    package struct Outcome: Sendable, Equatable {
        /// What everything granted takes, in bits/s.
        package var used: Int64 = 0
        /// What everybody's best would take, in bits/s: worth probing for.
        package var wanted: Int64 = 0
    }

    /// Sets `granted` of every wish.
    /// - Parameters:
    ///   - wishes: In the order in which they were there.
    ///   - bitsPerSecond: What there is for them, sound and repairs already taken off; below 0 is 0.
    ///   - borne: What the path is known to bear of them at present, for those who have it already.
    ///   - sustained: What is sent of them at present without a queue, whatever is lost of it: nobody's cheapest way
    ///     is taken away while that goes on.
    package static func allocate(
        _ wishes: inout UniqueArray<BandwidthWish>, bitsPerSecond: Int64, borne: Int64 = 0,
        sustained: Int64 = 0
    ) -> Outcome {
        var outcome = Outcome()
        let bits = max(0, bitsPerSecond)
        let kept = max(bits + bits / toleranceDivisor, borne)
        var left = Room(bits: bits, tolerance: max(kept, sustained) - bits)
        for index in 0..<wishes.count {
            wishes[index].granted = 0
            outcome.wanted += wishes[index].bestCost
        }
        // One by one: a list of ranks would be allocated.
        begin(.favoured, of: &wishes, &left)
        begin(.screen, of: &wishes, &left)
        begin(.camera, of: &wishes, &left)
        left.tolerance = kept - bits
        finish(.favoured, of: &wishes, &left)
        finish(.screen, of: &wishes, &left)
        raiseCameras(&wishes, &left)
        for index in 0..<wishes.count {
            outcome.used += wishes[index].cost(of: wishes[index].granted)
        }
        return outcome
    }

    /// What there is still to give, in bits/s; below 0 by as much as is tolerated.
    private struct Room {
        var bits: Int64
        var tolerance: Int64
    }

    /// Gives everybody of a rank its cheapest way.
    private static func begin(
        _ rank: BandwidthRank, of wishes: inout UniqueArray<BandwidthWish>, _ left: inout Room
    ) {
        for index in 0..<wishes.count where wishes[index].rank == rank {
            _ = raise(&wishes[index], &left)
        }
    }

    /// Gives everybody of a rank who has something the best that fits, one after the other.
    private static func finish(
        _ rank: BandwidthRank, of wishes: inout UniqueArray<BandwidthWish>, _ left: inout Room
    ) {
        for index in 0..<wishes.count where wishes[index].rank == rank {
            while wishes[index].granted > 0, raise(&wishes[index], &left) {}
        }
    }

    /// Gives every camera one step more in turn until nobody's next step fits.
    private static func raiseCameras(
        _ wishes: inout UniqueArray<BandwidthWish>, _ left: inout Room
    ) {
        for level in 1..<BandwidthWish.stepsMax {
            for index in 0..<wishes.count
            where wishes[index].rank == .camera && wishes[index].granted == level {
                _ = raise(&wishes[index], &left)
            }
        }
    }

    /// Gives a wish one step more, if there is one, it may have it, and it fits.
    private static func raise(_ wish: inout BandwidthWish, _ left: inout Room) -> Bool {
        let next = wish.granted + 1
        let kept = wish.current + wish.begun
        guard next <= wish.stepCount, next <= kept || wish.mayRise else { return false }
        let added = wish.cost(of: next) - wish.cost(of: wish.granted)
        let isNew = next > kept
        // What its publisher was told to make fit moves with the path: nothing more has to stay free.
        let isFitted = wish.unlimited > 0 && next <= wish.smallestCount
        let headroom = isFitted ? 0 : wish.cost(of: next) / headroomDivisor
        let fits =
            isNew
            ? added + headroom <= left.bits
            : wish.isHeld || added <= left.bits + left.tolerance
        guard fits else { return false }
        left.bits -= added
        wish.granted = next
        return true
    }
}
