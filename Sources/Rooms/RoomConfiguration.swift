// The lifetimes and bounds of rooms.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// How long things last and how many there may be in one room.
package struct RoomConfiguration: Sendable, Equatable {
    /// What happens when somebody joins with an id that is in the room.
    package enum Duplicates: Sendable, Equatable {
        /// The newest session stays; the old one is told and dropped.
        case replace
        /// The newcomer is refused.
        case reject
    }

    /// How long a room made by the server waits for its first member.
    package var emptyTimeout = MediaDuration.seconds(30)
    /// How long a room stays after its last member has gone.
    package var departureTimeout = MediaDuration.seconds(10)
    /// How long a member may be silent before it counts as gone.
    package var livenessTimeout = MediaDuration.seconds(30)
    /// How long before the end of its token a member is warned.
    package var tokenWarning = MediaDuration.seconds(30)
    /// How long a session whose connection broke is kept for its client to resume; `nil`: not at
    /// all, a broken connection is a leave. It concerns clients that say they can resume.
    package var resumeTimeout: MediaDuration? = .seconds(30)
    /// How long such a client may be silent before the others are told that it is interrupted.
    package var linkTimeout = MediaDuration.seconds(3)
    /// How long a client that was silent for so long is to be heard over the same socket before the
    /// others are told that it is back.
    package var returnTime = MediaDuration.milliseconds(500)
    /// The most messages kept for a client until it acknowledges them; with more it is dropped.
    package var replayMessagesMax = 2_048
    /// About the most bytes of such messages.
    package var replayBytesMax = 1 << 20
    /// How much applications may send.
    package var data = DataLimits()
    /// How the room is used; `nil`: as the first to join says, else as a conversation.
    package var profile: RoomProfile?
    /// Text of the application, told to everybody who joins.
    package var metadata: Metadata?
    /// Whether the audience of a broadcast is seen by the others.
    package var showsAudience = false
    /// What a second session of one id does.
    package var duplicates = Duplicates.replace
    /// The most members of a room, players included.
    package var participantsMax = 1_000
    /// How many microphones are heard, the loudest; `nil`: all. Each receiver may ask for all.
    package var audioRanking: Int? = 3
    /// The most tracks one participant publishes.
    package var tracksPerParticipantMax = 16
    /// The most pairs of slots a client is asked to offer.
    package var pairSlotsMax = 32
    /// The most audio-only slots a client is asked to offer.
    package var audioSlotsMax = 16
    /// Slots are asked for in multiples of this.
    package var slotGrowthStep = 8
    /// How often a client may tell its network's quality, and how often everybody is told what changed.
    package var qualityInterval = MediaDuration.seconds(2)
    /// How many requests a session may make.
    package var requests = RateLimit(burst: 100, perSecond: 50)
    /// How often a session may be resumed: each time all that is kept of it may be sent again.
    package var resumes = RateLimit(burst: 10, perSecond: 1)

    /// The default configuration.
    package init() {}
}
