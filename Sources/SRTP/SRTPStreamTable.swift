// The streams that a receiver has opened packets of: a bounded table by SSRC.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Replay windows of up to 64 streams, and the highest index of up to 960 older ones.
///
/// Only authenticated packets put a stream here. When a 65th comes, the one idle for longest
/// retires: its window shrinks to its highest index, so that it may go on from there but nothing of
/// it can be replayed.
struct SRTPStreamTable {
    /// How many streams have a whole window.
    static let activeLimit = 64
    /// How many streams more are remembered by their highest index alone.
    static let retiredLimit = 960

    /// Where a stream stands.
    enum Place: Equatable {
        case active(Int)
        case retired(Int)
        case unknown
    }

    private struct Stream {
        var ssrc: SSRC
        var window: ReplayWindow
        /// The count of packets the table had taken when this stream's last one came.
        var lastTaken: UInt64
    }

    private struct Retired {
        var ssrc: SSRC
        var highest: UInt64
    }

    private var streams: [Stream] = []
    private var retired: [Retired] = []
    private var takenCount: UInt64 = 0
    /// The place found last: a burst of packets is mostly one stream's.
    private var recent = 0

    /// Finds a stream; linear, with the last one found tried first.
    /// - Throws: `.tooManyStreams` for an unknown one if the table is full.
    mutating func find(_ ssrc: SSRC) throws(SRTPError) -> Place {
        if recent < streams.count, streams[recent].ssrc == ssrc { return .active(recent) }
        for index in streams.indices where streams[index].ssrc == ssrc {
            recent = index
            return .active(index)
        }
        for index in retired.indices where retired[index].ssrc == ssrc { return .retired(index) }
        guard streams.count < Self.activeLimit || retired.count < Self.retiredLimit else {
            throw .tooManyStreams
        }
        return .unknown
    }

    /// The highest index taken of a stream; `nil` if it is unknown.
    func highest(at place: Place) -> UInt64? {
        switch place {
        case .active(let index): streams[index].window.highest
        case .retired(let index): retired[index].highest
        case .unknown: nil
        }
    }

    /// Whether the stream has not taken `index` yet.
    /// - Throws: `.replayed` or `.tooOld`.
    func check(_ index: UInt64, at place: Place) throws(SRTPError) {
        switch place {
        case .active(let position): try streams[position].window.check(index)
        case .retired(let position):
            guard index > retired[position].highest else { throw .tooOld }
        case .unknown: break
        }
    }

    /// Takes the index of an authenticated packet. Allocates for a stream that is unknown or
    /// retired only.
    mutating func take(_ index: UInt64, of ssrc: SSRC, at place: Place) {
        takenCount &+= 1
        switch place {
        case .active(let position):
            streams[position].window.take(index)
            streams[position].lastTaken = takenCount
        case .retired(let position):
            let window = ReplayWindow(everythingUpTo: retired[position].highest)
            retired.swapAt(position, retired.count - 1)
            retired.removeLast()
            add(ssrc, window: window, taking: index)
        case .unknown:
            add(ssrc, window: ReplayWindow(), taking: index)
        }
    }

    private mutating func add(_ ssrc: SSRC, window: ReplayWindow, taking index: UInt64) {
        var stream = Stream(ssrc: ssrc, window: window, lastTaken: takenCount)
        stream.window.take(index)
        guard streams.count >= Self.activeLimit else {
            streams.append(stream)
            return
        }
        var idle = 0
        for position in streams.indices
        where streams[position].lastTaken < streams[idle].lastTaken {
            idle = position
        }
        if let highest = streams[idle].window.highest {
            retired.append(Retired(ssrc: streams[idle].ssrc, highest: highest))
        }
        streams[idle] = stream
    }
}
