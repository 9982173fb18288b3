// Packets of silence that are sent again rather than encoded anew.
// SPDX-License-Identifier: Apache-2.0

/// Remembers the last packets of silence that lasts. Speech's encoder comes to the same four packets over and over (a seed of two bits
/// goes round, RFC 6716 §4.2.7.7): once they are known they are what it would make, and it need not be asked. Encoders of which that
/// is not so, as without in-band FEC, are asked each time.
struct RepeatedSilence: Sendable {
    /// After so many packets the encoder begins anew.
    static let period = 4
    /// So many in a row have to be those of a period before.
    static let likeMin = 2 * period

    private var packets: [[UInt8]] = []
    private var place = 0
    private var like = 0

    /// The next packet; `nil`: it is not known, and has to be encoded.
    mutating func next() -> [UInt8]? {
        guard like >= Self.likeMin else { return nil }
        defer { place = (place + 1) % Self.period }
        return packets[place]
    }

    /// Takes a packet that was encoded, of silence behind silence.
    mutating func note(_ packet: [UInt8]) {
        guard packets.count == Self.period else {
            packets.append(packet)
            return
        }
        like = packets[place] == packet ? like + 1 : 0
        packets[place] = packet
        place = (place + 1) % Self.period
    }

    /// There is something to be heard: the encoder goes on from there.
    mutating func restart() {
        guard !packets.isEmpty else { return }
        packets.removeAll(keepingCapacity: true)
        (place, like) = (0, 0)
    }
}
