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
    /// Says which layers of what the slot `mid` of `receiver` shows are wanted, until it shows something else.
    case setQuality(receiver: PeerID, mid: String, SlotQuality)
    /// Stops (`true`) or resumes forwarding of what `publisher` sends in the section `mid`.
    case setPaused(publisher: PeerID, mid: String, Bool)
    /// Says when the turn of what `publisher` sends in the section `mid` comes where a path does not carry all.
    case setRank(publisher: PeerID, mid: String, BandwidthRank)
    /// Lets a peer of another loop have a stand-in here, as whose packets are taken that the loop relays. The commands
    /// about peers go on for it, those about its tracks as well.
    case addStandIn(PeerID, PeerMedia, loop: Int)
    /// Begins (`true`) or ends to hand what `publisher`, a peer of this loop, sends in the section `mid` to another
    /// loop; that one accepts it first.
    case relayTrack(publisher: PeerID, mid: String, to: Int, Bool)
    /// Begins (`true`) or ends to take what is relayed of the section `mid` of a stand-in; what was taken is then
    /// forgotten.
    case acceptTrack(publisher: PeerID, mid: String, Bool)
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

/// How much of what a slot shows its receiver wants to see: the lesser of a level and of what fills a view.
package struct SlotQuality: Sendable, Hashable {
    /// Which of the layers.
    package enum Level: Sendable, Hashable {
        /// The smallest.
        case low
        /// The one in the middle: of two the larger.
        case medium
        /// The largest.
        case high
    }

    /// The pixels in which it is shown.
    package struct View: Sendable, Hashable {
        /// From left to right.
        package var width: UInt16
        /// From top to bottom.
        package var height: UInt16

        /// Makes a view.
        package init(width: UInt16, height: UInt16) {
            self.width = width
            self.height = height
        }
    }

    /// The largest layer wanted.
    package var level: Level
    /// Where it is shown; a view without pixels: it is not looked at now. `nil`: not known.
    package var view: View?

    /// Makes a choice.
    package init(level: Level = .high, view: View? = nil) {
        self.level = level
        self.view = view
    }
}
