// What the control plane tells a media loop, in the order it should happen.
// SPDX-License-Identifier: Apache-2.0
package import Forwarding
package import Negotiation

/// One change asked of a media worker. Commands about one room are obeyed in the order they were
/// given.
package enum WorkerCommand: Sendable {
    /// A peer whose offer was answered; its packets are expected from now on.
    case addPeer(PeerID, PeerMedia)
    /// A later offer of the same peer was answered: new sections, or an ICE restart.
    case updatePeer(PeerID, PeerMedia)
    /// Forgets a peer; its slots and what others received from it fall silent.
    case removePeer(PeerID)
    /// Shows `source` in the slot `mid` of `receiver`; `nil` empties the slot.
    case setSlot(receiver: PeerID, mid: String, source: SlotBinding?)
    /// Stops (`true`) or resumes forwarding of what `publisher` sends in the section `mid`.
    case setPaused(publisher: PeerID, mid: String, Bool)
    /// Says when the turn of what `publisher` sends in the section `mid` comes where a path does not carry all.
    case setRank(publisher: PeerID, mid: String, BandwidthRank)
    /// Asks for the counters, answered by `WorkerEvent.statistics` with the same token.
    case requestStatistics(token: UInt64)
}

/// What a slot shows: one sending section of one publisher.
package struct SlotBinding: Sendable, Hashable {
    /// The peer that sends the media.
    package var publisher: PeerID
    /// The section of the publisher's offer that carries it.
    package var mid: String

    /// Names a publisher's section.
    package init(publisher: PeerID, mid: String) {
        self.publisher = publisher
        self.mid = mid
    }
}
