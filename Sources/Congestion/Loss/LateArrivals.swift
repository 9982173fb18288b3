// How long a packet may still be on its way when later ones have arrived.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The wait that tells a packet that is lost from one that was overtaken.
///
/// It grows with how late packets come that feedback had passed over before, and shrinks while none does.
struct LateArrivals {
    /// The shortest and the longest wait.
    static let bounds = (
        least: MediaDuration.milliseconds(10), most: MediaDuration.milliseconds(100)
    )
    /// What is added to the lateness seen.
    static let spare = 0.25
    /// What each feedback takes away of the wait.
    static let decay: Int64 = 64

    /// The wait, counted from when the packet should have been there.
    private(set) var wait = Self.bounds.least

    /// Takes a packet that came later than one sent after it.
    /// - Parameter excess: How much longer it was on its way than that, in milliseconds.
    mutating func note(excess: Double) {
        let milliseconds = min(max(excess, 0), 1_000) * (1 + Self.spare)
        let lateness = MediaDuration(nanoseconds: Int64(milliseconds * 1e6))
        wait = max(wait, min(lateness, Self.bounds.most))
    }

    /// Lets the time of one feedback pass.
    mutating func decay() {
        let shorter = wait.nanoseconds - wait.nanoseconds / Self.decay
        wait = max(MediaDuration(nanoseconds: shorter), Self.bounds.least)
    }
}
