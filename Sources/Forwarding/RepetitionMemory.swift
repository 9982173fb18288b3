// Which packets were repeated to a receiver so lately that the answer may still be under way.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
package import Wire

/// One packet that was repeated, and when.
struct Repetition {
    /// The number and one, so that 0 is nothing.
    var number: UInt64 = 0
    var at = MediaInstant.zero
}

/// Remembers when the last packets were repeated to one receiver.
///
/// A receiver asks again when it has not got an answer in time; where its idea of the round trip is too
/// short it would get everything twice. Nothing is allocated after `init`.
package struct RepetitionMemory: ~Copyable, Sendable {
    /// How many packets are remembered; of two with the same place the later one.
    package static let capacity = 128
    /// The shortest time between two repetitions of one packet.
    package static let intervalMin = MediaDuration.milliseconds(5)
    /// The longest time between two repetitions of one packet, whatever the round trip.
    package static let intervalMax = MediaDuration.milliseconds(150)

    private var repetitions = UniqueArray<Repetition>(
        repeating: Repetition(), count: Self.capacity)

    /// Nothing repeated yet.
    package init() {}

    /// Whether a packet was repeated after `instant`, as far as that is remembered.
    package func isUnderWay(_ number: ExtendedSequenceNumber, since instant: MediaInstant) -> Bool {
        let last = repetitions[Int(number.rawValue % UInt64(Self.capacity))]
        // When packets left is known to 10 us.
        return last.number == number.rawValue &+ 1 && last.at > instant + .microseconds(10)
    }

    /// Whether a packet may be repeated at `now`; saying yes counts as having repeated it.
    ///
    /// - Parameter roundTrip: To the receiver. Three quarters of it must have passed: a request that
    ///   comes then was sent when the last answer should have been there.
    package mutating func take(
        _ number: ExtendedSequenceNumber, roundTrip: MediaDuration, at now: MediaInstant
    ) -> Bool {
        let place = Int(number.rawValue % UInt64(Self.capacity))
        let interval = MediaDuration(nanoseconds: roundTrip.nanoseconds / 4 * 3)
        let last = repetitions[place]
        if last.number == number.rawValue &+ 1,
            now - last.at < min(max(interval, Self.intervalMin), Self.intervalMax)
        {
            return false
        }
        repetitions[place] = Repetition(number: number.rawValue &+ 1, at: now)
        return true
    }
}
