// Whether packets that are missing between two others would have been forwarded.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Wire

/// The last packet of a source in its order, as far as it tells of what is missing behind it.
struct LayerGap: Sendable {
    private var timestamp = RTPTimestamp(0)
    private var fields = DescriptorFields()
    /// What became of the packet.
    private var verdict = LayerVerdict()

    /// Notes a packet that came in its order.
    mutating func note(_ entry: HistoryEntry, _ verdict: LayerVerdict) {
        timestamp = entry.timestamp
        fields = entry.descriptor
        self.verdict = verdict
    }

    /// How many pictures on a packet is, by its descriptor; `nil` if the descriptors do not say.
    func pictures(to entry: HistoryEntry) -> UInt16? {
        guard fields.pictureIDOffset != nil, entry.descriptor.pictureIDOffset != nil else {
            return entry.timestamp == timestamp ? 0 : nil
        }
        let mask: UInt16 = entry.descriptor.pictureIDIs15Bit ? 0x7FFF : 0x7F
        return (entry.descriptor.pictureID &- fields.pictureID) & mask
    }

    /// Whether the packets missing before `entry` have to be given numbers: some of them may yet be forwarded.
    ///
    /// Exact where both packets are of one picture or of two that follow each other, as far as their first and last
    /// packets are known; where only the base layer is kept, also over pictures that are missing as a whole. Else the
    /// answer is yes: a number too many looks like a lost packet, one too few could never be sent.
    /// - Parameter next: What becomes of `entry` itself.
    func mayHoldKept(before entry: HistoryEntry, _ next: LayerVerdict) -> Bool {
        if verdict.isKept, next.isKept { return true }
        guard let pictures = pictures(to: entry) else { return true }
        if pictures == 0 { return next.isKept || (verdict.mayPrecedeKept && next.mayFollowKept) }
        // What is missing is the end of the one picture or the start of the other.
        if pictures == 1 { return verdict.mayPrecedeKept || next.mayFollowKept }
        guard next.isBaseOnly, pictures < 64, !verdict.mayPrecedeKept, !next.mayFollowKept
        else { return true }
        // Each base picture has a number of its own (RFC 7741 §4.2): whether one is among the missing.
        let step = entry.descriptor.tl0PictureIndex &- fields.tl0PictureIndex
        let isBase = entry.descriptor.layers.temporal == 0
        return fields.tl0Offset == nil || step != (isBase ? 1 : 0)
    }
}
