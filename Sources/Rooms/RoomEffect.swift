// What a room asks the world to do.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// A publisher's section, as the source of a slot.
package struct SlotSource: Hashable, Sendable {
    /// Whose it is.
    package var publisher: SessionKey
    /// Which of its sections.
    package var mid: MediaSectionID

    /// Makes a source.
    package init(publisher: SessionKey, mid: MediaSectionID) {
        self.publisher = publisher
        self.mid = mid
    }
}

/// One thing to be done, in the order in which they are polled.
package enum RoomEffect: Hashable, Sendable {
    /// Send a message over a session's WebSocket; ignore if it is gone.
    case send(SessionKey, ServerMessage)
    /// Send one message to many; encode it once.
    case broadcast([SessionKey], ServerMessage)
    /// Forward a publisher's section into a receiver's slot; `nil` empties the slot.
    case bindSlot(receiver: SessionKey, mid: MediaSectionID, source: SlotSource?)
    /// Says how much of what a slot shows is wanted, until the slot is bound anew.
    case setQuality(receiver: SessionKey, mid: MediaSectionID, VideoChoice)
    /// Stop or resume forwarding of a section to everybody.
    case setPaused(publisher: SessionKey, mid: MediaSectionID, Bool)
    /// What a section carries from now on and how it is to be treated where a path does not carry all.
    case setRank(publisher: SessionKey, mid: MediaSectionID, TrackSource, MediaPriority)
    /// Somebody new watches this section.
    case requestKeyframe(publisher: SessionKey, mid: MediaSectionID)
    /// The session is over: close its peer and, once all is sent, its connection.
    case drop(SessionKey, DisconnectReason)
    /// The room is gone; nothing follows.
    case roomClosed
}
