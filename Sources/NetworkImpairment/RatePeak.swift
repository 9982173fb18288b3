// The highest rate that a stream of datagrams reached.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Finds the most bits that came within any 200 ms, seen in steps of 20 ms, as a rate.
package struct RatePeak: Sendable {
    /// How long a rate must be kept to count, to a step.
    package static let window = MediaDuration.milliseconds(200)
    private static let stepNanoseconds: Int64 = 20_000_000

    private var bits = InlineArray<10, Int64>(repeating: 0)
    private var step = Int64.min
    private var sum: Int64 = 0
    private var most: Int64 = 0

    /// Starts with nothing.
    package init() {}

    /// Notes a datagram of `byteCount` bytes without its IPv4 and UDP headers, which are counted
    /// too. Time that goes back counts as the latest.
    package mutating func note(byteCount: Int, at now: MediaInstant) {
        let present = max(step, now.nanoseconds / Self.stepNanoseconds)
        if step == .min || present - step >= 10 {
            bits = InlineArray(repeating: 0)
            sum = 0
        } else {
            var passed = step
            while passed < present {
                passed += 1
                let place = Self.place(passed)
                sum -= bits[place]
                bits[place] = 0
            }
        }
        step = present
        let added = Int64(byteCount + 28) * 8
        bits[Self.place(present)] += added
        sum += added
        most = max(most, sum)
    }

    /// The highest rate since the last call, in kbit/s.
    package mutating func take() -> Int {
        defer { most = sum }
        return Int(most * 1_000 / Self.window.milliseconds / 1_000)
    }

    private static func place(_ step: Int64) -> Int {
        let place = step % 10
        return Int(place < 0 ? place + 10 : place)
    }
}
