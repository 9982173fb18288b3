// How much work a packet of sound is worth: little where nothing is to be heard.
// SPDX-License-Identifier: Apache-2.0

/// Chooses the complexity of each packet. Of pure silence, as of a bot that has nothing to say, nothing can be encoded badly: the least
/// work makes the shortest packets, in a fifth of the time. A microphone never gives it.
struct EncoderEffort: Sendable {
    /// So many packets of silence are encoded as the sound before them: it fades in them. 100 ms.
    static let fadingPackets = 5

    private let ordinary: Int
    private var silentPackets = 0

    /// - Parameter ordinary: The complexity of what is to be heard, 0 to 10.
    init(ordinary: Int) { self.ordinary = ordinary }

    /// Whether the last packet, of silence, was made with the least work: nothing is left of the sound before it.
    var isFaded: Bool { silentPackets > Self.fadingPackets }

    /// The complexity of the next packet.
    /// - Parameter isSilent: Whether all its samples are 0.
    mutating func complexity(isSilent: Bool) -> Int {
        guard isSilent else {
            silentPackets = 0
            return ordinary
        }
        silentPackets = min(silentPackets + 1, Self.fadingPackets + 1)
        return isFaded ? 0 : ordinary
    }
}
