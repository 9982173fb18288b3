// Bounding publishers by REMB: for what their receivers need, if they have no signalling channel, and for their own way.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import RTP
import Wire

/// When and how a publisher's bound is said.
enum BoundTiming {
    /// How often it is said while it stands, and after it has gone: a packet of it may be lost.
    static let interval = MediaDuration.seconds(1)
    static let releases = 3
    /// What is said where there is no bound any more, in bits/s: more than anybody sends.
    static let none: Int64 = 100_000_000
    /// What senders take off for sound at least, in bits/s, all headers counted: browsers set aside 32 kbit/s and its
    /// headers, however little it takes.
    static let soundLeast: Int64 = 56_000
}

extension MediaWorker {
    /// Says a publisher's bound where it is due (draft-alvestrand-rmcat-remb-03).
    mutating func sendBound(to index: Int, at now: MediaInstant) {
        guard let due = peers[index]?.nextBound ?? nil, due <= now,
            let sender = peers[index]?.feedbackSSRC
        else { return }
        let need = peers[index]?.media.hasSignalling == false ? bound(of: index, at: now) : nil
        let way = (peers[index]?.uplinkLimit ?? nil).map { Int64($0) }
        let bound = need.map { min($0, way ?? $0) } ?? way
        if bound == nil { peers[index]?.releasesLeft -= 1 }
        let isOver = bound == nil && (peers[index]?.releasesLeft ?? 0) <= 0
        peers[index]?.nextBound = isOver ? nil : now + BoundTiming.interval
        let bits = UInt64(clamping: bound ?? BoundTiming.none)
        var sources = InlineArray<24, SSRC>(repeating: SSRC(0))
        var count = 0
        let published = peers[index]?.tracks ?? []
        for position in published.indices {
            let streams = tracks[published[position]]?.producers ?? []
            for place in streams.indices where count < sources.count {
                sources[count] = producers[streams[place]].ssrc
                count += 1
            }
        }
        control.append(to: index, room: 24 + 4 * sources.count) { output in
            RTCPWriter.receiverEstimatedMaximumBitrate(
                from: sender, bitsPerSecond: bits, sources: sources.span.extracting(0..<count),
                into: &output)
        }
    }

    /// What of all that a publisher may send its receivers need, in bits/s, all headers counted; `nil`: there is no bound, or
    /// one of its tracks has none. Several sizes cannot be bounded together: the larger would go first.
    private mutating func bound(of index: Int, at now: MediaInstant) -> Int64? {
        var pictures: Int64 = 0
        var sound: Int64 = 0
        let published = peers[index]?.tracks ?? []
        for position in published.indices {
            let track = published[position]
            guard tracks[track]?.hasStarted == true, tracks[track]?.isPaused == false else {
                continue
            }
            if tracks[track]?.kind == .video {
                guard let limit = tracks[track]?.rate.limit ?? nil,
                    let size = rateNeed(ofTrack: track, at: now), size.rule == .most
                else { return nil }
                pictures += limit
            } else {
                let streams = tracks[track]?.producers ?? []
                for place in streams.indices {
                    // Without its repetitions (RFC 2198), as senders count it.
                    sound += rate(of: streams[place], upTo: 0, at: now)
                }
            }
        }
        return pictures > 0 ? pictures + max(sound, BoundTiming.soundLeast) : nil
    }
}

extension Peer {
    /// Whether it obeys a bound of all it sends.
    var takesREMB: Bool {
        let sections = media.sections
        for position in sections.indices where sections[position].direction.isReceiving {
            let codecs = sections[position].codecs
            for place in codecs.indices where codecs[place].hasREMB { return true }
        }
        return false
    }
}
