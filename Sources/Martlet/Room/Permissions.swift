// What one may do in a room.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// What the token that one joined with, or the server since then, lets one do (rows R04 and R08).
public struct Permissions: Sendable, Hashable, Codable {
    /// The sources that one may publish as a host; the audience publishes nothing.
    public let publish: Set<TrackSource>
    /// Whether one may hear and see others.
    public let subscribe: Bool
    /// Whether one may send messages, and, in a broadcast as a host, packets over data streams.
    public let data: Bool
    /// Whether one may change one's role (``LocalParticipant/setRole(_:)``).
    public let changeRole: Bool
    /// Whether one may change what the others see of one (``LocalParticipant/update(name:metadata:attributes:)``).
    public let updateSelf: Bool
    /// Whether one may send others away (``Room/remove(_:banSeconds:)``), which hosts of a broadcast may as well.
    public let admin: Bool
    /// Whether one is unknown to the others: then one publishes and sends nothing, whatever else is so.
    public let hidden: Bool

    init(_ grants: TokenGrants) {
        publish = Set(grants.publish.sources.map { TrackSource($0) })
        subscribe = grants.subscribe
        data = grants.data
        changeRole = grants.changeRole
        updateSelf = grants.updateSelf
        admin = grants.admin
        hidden = grants.hidden
    }
}
