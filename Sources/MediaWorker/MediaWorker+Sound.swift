// What sound takes of a receiver's path, and whether it is said once or twice.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import RTP
import Wire

/// When the repetitions in redundant audio (RFC 2198) are left out towards a receiver.
///
/// They double what sound takes. Where pictures hardly fit, that is the difference between some and none.
struct SoundSharing {
    /// With pictures to show, sound with repetitions may take a quarter of the path.
    static let partBesidePictures: Int64 = 4
    /// They come back where a quarter more than that is there.
    static let returnDivisor: Int64 = 4

    /// Whether repetitions are left out.
    /// - Parameters:
    ///   - isSpared: Whether they are now.
    ///   - whole: What sound takes with them, in bits/s.
    ///   - share: What there is for sound and pictures, in bits/s.
    static func spares(
        _ isSpared: Bool, whole: Int64, share: Int64, besidePictures: Bool
    ) -> Bool {
        let needed = besidePictures ? whole * partBesidePictures : whole
        return share < (isSpared ? needed + needed / returnDivisor : needed)
    }
}

extension MediaWorker {
    /// What a receiver's sound takes, in bits/s, all headers counted; decides first in which form it goes out.
    /// - Parameter share: What there is for sound and the pictures of ``wishes``, in bits/s.
    mutating func soundRate(of index: Int, within share: Int64, at now: MediaInstant) -> Int64 {
        var plain: Int64 = 0
        var whole: Int64 = 0
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            let slot = watched[position]
            guard slots[slot]?.kind == .audio, let track = slots[slot]?.source?.track,
                tracks[track]?.isPaused == false
            else { continue }
            let takesRepeats = slots[slot]?.takesRedundancy == true
            let streams = tracks[track]?.producers ?? []
            for place in streams.indices {
                let primary = rate(of: streams[place], upTo: 0, at: now)
                plain += primary
                whole += takesRepeats ? rate(of: streams[place], upTo: 7, at: now) : primary
            }
        }
        let isSpared = peers[index]?.sparesRedundancy ?? false
        let spares = SoundSharing.spares(
            isSpared, whole: whole, share: share, besidePictures: !wishes.isEmpty)
        peers[index]?.sparesRedundancy = spares
        // Also of slots that turned to sound since.
        for position in watched.indices {
            slots[watched[position]]?.setSparesRedundancy(spares)
        }
        return spares ? plain : whole
    }
}

extension Peer {
    /// Whether repetitions in sound are left out for want of room.
    var sparesRedundancy: Bool {
        get { !sendPath.isEmpty && sendPath[0].sparesRedundancy }
        set { if !sendPath.isEmpty { sendPath[0].sparesRedundancy = newValue } }
    }
}
