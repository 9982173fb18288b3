// What an encoder of pictures is told by the network: its rate, and when a keyframe is needed.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import Synchronization

/// One stream of pictures of a section; read by whoever encodes it, before each picture.
final class EncoderSignals: Sendable {
    /// What holds at one moment.
    struct State: Sendable, Equatable {
        /// What may be spent, in bits a second, frames alone.
        var bitrate: Int
        /// Whether the next picture has to be a keyframe.
        var wantsKeyframe = true
        /// Whether anybody receives it.
        var isWanted = true
        /// The most that anybody could use of it, in bits a second.
        var bound = Int.max
    }

    let mid: String
    let rid: String?
    /// The most it is to have, in bits a second.
    let maxBitrate: Int
    private let state: Mutex<State>

    init(mid: String, rid: String?, startBitrate: Int, maxBitrate: Int) {
        self.mid = mid
        self.rid = rid
        self.maxBitrate = maxBitrate
        state = Mutex(State(bitrate: min(startBitrate, maxBitrate)))
    }

    /// What holds now.
    var current: State { state.withLock { $0 } }

    /// What holds now; the wish for a keyframe is taken with it.
    func take() -> State {
        state.withLock { state in
            defer { state.wantsKeyframe = false }
            return state
        }
    }

    func requestKeyframe(_ rid: String?) {
        guard rid == self.rid else { return }
        state.withLock { $0.wantsKeyframe = true }
    }

    func setBitrate(_ bitrate: Int) { state.withLock { $0.bitrate = bitrate } }

    func setWanted(_ wanted: WantedLayers?) {
        let name = rid ?? ""
        state.withLock { state in
            let isWanted = wanted.map { $0.layers.contains(name) } ?? true
            // What begins again begins with a keyframe.
            if isWanted, !state.isWanted { state.wantsKeyframe = true }
            state.isWanted = isWanted
            state.bound = wanted?.maxBitrates[name] ?? .max
        }
    }
}
