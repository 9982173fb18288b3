// What of a participant can sit together in one pair of slots.
// SPDX-License-Identifier: Apache-2.0

/// One seat's worth of a participant, kept together for lip sync.
struct Presentation: Hashable, Sendable {
    /// Which of its tracks belong together.
    enum Aspect: Hashable, Sendable {
        /// Camera and microphone.
        case person
        /// Screen and screen audio.
        case screen
        /// One custom track alone.
        case custom(UInt64)
        /// Whatever there is; how players see a participant.
        case whole
    }

    /// The participant's number in the room.
    var publisher: UInt64
    /// Which of its tracks.
    var aspect: Aspect
}

/// What a receiver wants of a presentation: track numbers, at least one of them.
struct Wish: Hashable, Sendable {
    /// Of whom.
    var presentation: Presentation
    /// The video track wanted.
    var video: UInt64?
    /// The audio track wanted.
    var audio: UInt64?
    /// Whether it goes before the others when seats become free.
    var isUrgent: Bool
    /// Where it sits; index into the board's seats.
    var seat: Int?
}

/// A slot changed what it shows.
struct SlotChange: Hashable, Sendable {
    /// A track of a publisher.
    struct Source: Hashable, Sendable {
        /// The publisher's number in the room.
        var publisher: UInt64
        /// The track's number in the room.
        var track: UInt64
    }

    /// The section, as index into the board's sections.
    var section: Int
    /// What it shows now.
    var source: Source?
}
