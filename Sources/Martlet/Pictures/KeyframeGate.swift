// What a viewer of encoded pictures may be handed, so that each can be decoded.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Lets frames through from a keyframe on, and after one that found no place from the next keyframe on.
struct KeyframeGate {
    /// What became of a frame.
    enum Outcome {
        /// It was handed out, or left out with the keyframe asked for already.
        case settled
        /// It was left out: what the viewer began with has not come yet.
        case waits
        /// The viewer is too slow: a keyframe is to be asked for now, so that it goes on.
        case missed
    }

    /// Who is too slow asks for a keyframe so often at most: each costs all others bandwidth.
    private static let askingInterval = MediaDuration.seconds(2)

    /// Frames are left out until a keyframe.
    private var awaitsKeyframe = true
    /// A frame found no place: without a keyframe it does not go on.
    private var isTooSlow = false
    private var askedAt: MediaInstant?

    /// What comes next does not go on with what came.
    mutating func close() { awaitsKeyframe = true }

    /// Hands a frame out, if it can be decoded.
    /// - Parameter yield: Hands it out; `false` where there was no place.
    mutating func pass(isKeyframe: Bool, at now: MediaInstant, _ yield: () -> Bool) -> Outcome {
        if !awaitsKeyframe || isKeyframe {
            isTooSlow = !yield()
            awaitsKeyframe = isTooSlow
        }
        guard awaitsKeyframe else { return .settled }
        guard isTooSlow else { return .waits }
        if let askedAt, now - askedAt < Self.askingInterval { return .settled }
        askedAt = now
        return .missed
    }
}
