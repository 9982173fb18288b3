// With which transport-wide sequence numbers the last packets of a slot left.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
package import Wire

/// One packet that left, and its transport-wide number.
struct SentNumber {
    /// The packet's number and one, so that 0 is nothing.
    var number: UInt64 = 0
    var transportSequence: UInt16 = 0
}

/// What has to be remembered of a packet to write it once more just as it was.
///
/// Where there is no stream of retransmissions a packet is repeated under its own number, which is part of
/// the cipher's nonce: every bit of it must be what it was (RFC 3711 §9.1, RFC 7714 §8). All of a packet
/// follows from the history and the slot, but for this number. Nothing is allocated after `init`.
package struct SentNumbers: ~Copyable, Sendable {
    /// How many packets are remembered: over a second of sound.
    package static let capacity = 64

    private var numbers: UniqueArray<SentNumber>

    /// Remembers nothing yet, and never anything if it is not used.
    package init(isUsed: Bool) {
        numbers = UniqueArray(repeating: SentNumber(), count: isUsed ? Self.capacity : 0)
    }

    /// Remembers a packet; it takes the place of the one `capacity` numbers before.
    package mutating func insert(
        _ number: ExtendedSequenceNumber, transportSequence: UInt16
    ) {
        guard !numbers.isEmpty else { return }
        numbers[place(of: number)] = SentNumber(
            number: number.rawValue &+ 1, transportSequence: transportSequence)
    }

    /// The transport-wide number of a packet; `nil` if it is not remembered.
    package func transportSequence(of number: ExtendedSequenceNumber) -> UInt16? {
        guard !numbers.isEmpty else { return nil }
        let sent = numbers[place(of: number)]
        return sent.number == number.rawValue &+ 1 ? sent.transportSequence : nil
    }

    /// Forgets everything.
    package mutating func removeAll() {
        for index in 0..<numbers.count { numbers[index] = SentNumber() }
    }

    private func place(of number: ExtendedSequenceNumber) -> Int {
        Int(number.rawValue % UInt64(Self.capacity))
    }
}
