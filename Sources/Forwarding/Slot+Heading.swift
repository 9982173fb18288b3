// What of a slot is looked up for each packet that leaves through it.
// SPDX-License-Identifier: Apache-2.0
package import Wire

extension Slot {
    /// What sealing has to know of a slot beside the header.
    package struct Heading: Sendable {
        /// The source that the packet leaves under.
        package var ssrc: SSRC
        /// Whether its header carries a transport-wide sequence number.
        package var usesTransportSequence: Bool
        /// Whether it may be padded.
        package var bearsPadding: Bool
    }

    /// The heading of a packet; `nil` for a retransmission where the receiver takes none.
    ///
    /// Mutating, like all that is asked for each packet: a borrowed look through an optional copies the whole slot
    /// first, a mutating one goes to its place.
    package mutating func heading(isRetransmission: Bool) -> Heading? {
        guard let source = isRetransmission ? retransmissionSSRC : ssrc else { return nil }
        return Heading(
            ssrc: source, usesTransportSequence: usesTransportSequence,
            bearsPadding: bearsPadding && !isRetransmission)
    }
}
