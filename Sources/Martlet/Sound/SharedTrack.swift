// One track's sound as several players of this process hear it: what they decode alike is decoded once.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Synchronization
import Wire

/// What a decoder is to do next, for so many ticks of 48 kHz. Timestamps say nothing: the server gives each receiver its own.
enum DecodingStep: Sendable, Equatable {
    case packet([UInt8], ticks: Int)
    /// From what the packet behind a lost one repeats of it.
    case recover(from: [UInt8], ticks: Int)
    case conceal(ticks: Int)

    /// Whether a packet is decoded, and nothing made up.
    var isPacket: Bool {
        if case .packet = self { true } else { false }
    }

    /// How long it sounds.
    var ticks: Int {
        switch self {
        case .packet(_, let ticks), .recover(_, let ticks), .conceal(let ticks): ticks
        }
    }
}

/// The decoding of one track for all its players in this process, on whichever event loops they are: the last steps, what came
/// of each, and the state of the decoder behind it. Whoever does the same step behind the same one takes what came of it.
///
/// Memory is bounded: ``entriesMax`` steps with their decoders, about 30 KB each, while more than one player listens.
final class SharedTrack: Sendable {
    /// Which track, wherever the room is.
    struct Key: Hashable, Sendable {
        /// The server and the room.
        var room: String
        var track: TrackKey
    }

    /// One step, and where it led.
    final class Entry: Sendable {
        let number: UInt64
        let step: DecodingStep
        /// `nil`: it could not be decoded.
        let samples: [Int16]?
        /// Never used but to be copied.
        let decoder: OpusDecoder

        init(
            number: UInt64, step: DecodingStep, samples: [Int16]?, decoder: consuming OpusDecoder
        ) {
            self.number = number
            self.step = step
            self.samples = samples
            self.decoder = decoder
        }
    }

    /// How many steps are kept for players that are behind the first: half a second of the usual packets.
    static let entriesMax = 24
    /// Where nobody has gone on for so long, somebody else may begin.
    static let patience = MediaDuration.seconds(1)

    private struct State {
        var players = 0
        var entries: [Entry] = []
        /// When the last step was done.
        var doneAt = MediaInstant.zero
        var decoded: UInt64 = 0
    }

    private static let tracks = Mutex<[Key: SharedTrack]>([:])
    private let key: Key
    private let state = Mutex(State())

    private init(_ key: Key) { self.key = key }

    /// Begins to play a track; each call needs a ``leave()``.
    static func enter(_ key: Key) -> SharedTrack {
        tracks.withLock { tracks in
            let track = tracks[key] ?? SharedTrack(key)
            tracks[key] = track
            track.state.withLock { $0.players += 1 }
            return track
        }
    }

    /// Plays no longer.
    func leave() {
        // Let go of outside the lock.
        let entries = Self.tracks.withLock { tracks in
            let (players, entries) = state.withLock { state in
                state.players -= 1
                defer { if state.players < 2 { state.entries = [] } }
                return (state.players, state.entries)
            }
            if players == 0 { tracks[key] = nil }
            return entries
        }
        _ = consume entries
    }

    /// How many tracks are played.
    static var count: Int { tracks.withLock { $0.count } }

    /// Steps that were really done by a shared decoder.
    var decoded: UInt64 { state.withLock { $0.decoded } }

    /// The step behind another: known already, or done now. A packet takes the place of what was made up for it by somebody who
    /// had not got it.
    /// - Returns: `nil`: others went on otherwise, or nobody else plays the track.
    func follow(_ entry: Entry, with step: DecodingStep, at now: MediaInstant) -> Entry? {
        state.withLock { state in
            guard state.players > 1, let index = Self.index(of: entry, in: state) else {
                return nil
            }
            if index + 1 < state.entries.count {
                let next = state.entries[index + 1]
                if next.step == step { return next }
                guard step.isPacket, !next.step.isPacket else { return nil }
            }
            return Self.extend(from: index, with: step, at: now, in: &state)
        }
    }

    /// Where a step was done already, or comes next.
    /// - Parameter previous: The step before it; `nil`: there was none. What occurs more than once is no place.
    func entry(
        of step: DecodingStep, behind previous: DecodingStep?, at now: MediaInstant
    ) -> Entry? {
        state.withLock { state in
            guard state.players > 1, let last = state.entries.indices.last else { return nil }
            func isBehind(_ index: Int) -> Bool {
                guard let previous else { return true }
                return index > 0 && state.entries[index - 1].step == previous
            }
            let found = state.entries.indices.filter {
                state.entries[$0].step == step && isBehind($0)
            }
            guard found.isEmpty else { return found.count == 1 ? state.entries[found[0]] : nil }
            guard let previous, state.entries[last].step == previous else { return nil }
            return Self.extend(from: last, with: step, at: now, in: &state)
        }
    }

    /// Lets others go on from a step that was done alone, if they have nothing to go on from.
    func lead(
        _ step: DecodingStep, _ samples: [Int16]?, _ decoder: borrowing OpusDecoder,
        at now: MediaInstant
    ) -> Entry? {
        state.withLock { state in
            guard state.players > 1,
                state.entries.isEmpty || now - state.doneAt > Self.patience,
                let copy = try? OpusDecoder(copying: decoder)
            else { return nil }
            state.entries = []
            return Self.append(step, samples, copy, at: now, to: &state)
        }
    }

    private static func index(of entry: Entry, in state: State) -> Int? {
        guard let first = state.entries.first, entry.number >= first.number else { return nil }
        let index = entry.number - first.number
        guard index < UInt64(state.entries.count), state.entries[Int(index)] === entry else {
            return nil
        }
        return Int(index)
    }

    /// Does a step behind the one at a place; what was there is forgotten.
    private static func extend(
        from index: Int, with step: DecodingStep, at now: MediaInstant, in state: inout State
    ) -> Entry? {
        guard var decoder = try? OpusDecoder(copying: state.entries[index].decoder) else {
            return nil
        }
        state.entries.removeSubrange((index + 1)...)
        state.decoded &+= 1
        let samples = decoder.samples(of: step)
        return append(step, samples, decoder, at: now, to: &state)
    }

    private static func append(
        _ step: DecodingStep, _ samples: [Int16]?, _ decoder: consuming OpusDecoder,
        at now: MediaInstant, to state: inout State
    ) -> Entry {
        state.doneAt = now
        let entry = Entry(
            number: (state.entries.last?.number ?? 0) &+ 1, step: step, samples: samples,
            decoder: decoder)
        state.entries.append(entry)
        if state.entries.count > entriesMax { state.entries.removeFirst() }
        return entry
    }
}

extension OpusDecoder {
    /// Does a step.
    /// - Returns: `nil`: it could not be decoded.
    mutating func samples(of step: DecodingStep) -> [Int16]? {
        var decoded = [Int16](repeating: 0, count: max(step.ticks, 120) * channels)
        var span = decoded.mutableSpan
        let count: Int
        do throws(MediaCodecError) {
            switch step {
            case .packet(let payload, _): count = try decode(payload.span, into: &span)
            case .recover(let payload, let ticks):
                count = try decodeLost(from: payload.span, sampleCount: ticks, into: &span)
            case .conceal(let ticks): count = try conceal(sampleCount: ticks, into: &span)
            }
        } catch {
            return nil
        }
        decoded.removeLast(decoded.count - count * channels)
        return decoded
    }
}
