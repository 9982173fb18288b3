// One player's decoder: its own, or that of all who hear the same track in this process.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Wire

/// Decodes one player's steps. As long as another player of the track has done the same it takes what came of that, and has no decoder
/// of its own; where their ways part, as where a packet was lost to one of them, it goes on with a copy.
struct SharedDecoder: ~Copyable {
    /// So many packets behind a parting of ways both sound alike again, and the player goes with the others.
    static let packetsAlone = 10

    private let track: SharedTrack?
    private var own: OpusDecoder?
    /// Behind which step of the shared decoder it stands; `nil`: it has its own.
    private var place: SharedTrack.Entry?
    /// Packets in a row that its own has decoded; one that has decoded nothing yet may begin anywhere.
    private var alone = packetsAlone
    private var previous: DecodingStep?

    /// - Parameter key: The track that others of this process may play as well; `nil`: nothing is shared.
    init(_ key: SharedTrack.Key?) { track = key.map { SharedTrack.enter($0) } }

    deinit { track?.leave() }

    /// Whether it has no decoder of its own now.
    var isShared: Bool { place != nil }

    /// Does a step.
    /// - Returns: `nil`: it could not be decoded.
    mutating func samples(of step: DecodingStep, at now: MediaInstant) -> [Int16]? {
        if let place {
            if let next = track?.follow(place, with: step, at: now) {
                self.place = next
                return next.samples
            }
            own = try? OpusDecoder(copying: place.decoder)
            previous = place.step
            self.place = nil
            alone = 0
        }
        defer { previous = place == nil ? step : nil }
        guard step.isPacket else {
            alone = 0
            return decodeAlone(step)
        }
        if alone >= Self.packetsAlone,
            let found = track?.entry(of: step, behind: previous, at: now)
        {
            place = found
            own = nil
            return found.samples
        }
        let samples = decodeAlone(step)
        alone += 1
        if alone > Self.packetsAlone { lead(step, samples, at: now) }
        return samples
    }

    private mutating func decodeAlone(_ step: DecodingStep) -> [Int16]? {
        if own == nil { own = try? OpusDecoder(channels: SoundPiece.format.channels) }
        return own?.samples(of: step)
    }

    private mutating func lead(_ step: DecodingStep, _ samples: [Int16]?, at now: MediaInstant) {
        guard let decoder = own.take() else { return }
        place = track?.lead(step, samples, decoder, at: now)
        if place == nil { own = consume decoder }
    }
}
