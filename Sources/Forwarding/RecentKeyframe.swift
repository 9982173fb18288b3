// The keyframe that new receivers of a stream begin with.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Where the last keyframe of a stream stands in its history.
package struct RecentKeyframe: Sendable, Equatable {
    /// A keyframe older than this is not repeated: too much has come after it.
    package static let ageMax = MediaDuration.seconds(1)
    /// How many packets, those of the keyframe included, are repeated to a new receiver at most.
    package static let packetsMax: UInt64 = 150

    /// Its first packet.
    package let first: ExtendedSequenceNumber
    /// Its timestamp.
    package let timestamp: RTPTimestamp
    /// When its first packet came.
    package let at: MediaInstant

    /// Names a keyframe.
    package init(first: ExtendedSequenceNumber, timestamp: RTPTimestamp, at: MediaInstant) {
        self.first = first
        self.timestamp = timestamp
        self.at = at
    }
}
