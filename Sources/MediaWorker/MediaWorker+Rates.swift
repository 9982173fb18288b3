// What receivers can bear of a track's smallest size, and what its publisher is told of that.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import Payloads
import RTP
import Wire

/// The smallest size of a track, or its only one.
struct SmallestSize {
    /// What those who are held to it can bear; `nil`: nobody is.
    var need: RateNeed?
    /// How the needs of several receivers become one.
    var rule: RateNeed.Rule
    /// What it takes now, in bits/s, all headers counted.
    var bitsPerSecond: Int64
}

extension MediaWorker {
    /// Notes at each slot of one receiver what that can bear of the smallest size of its picture. Where several are
    /// shown each may take as much as the others, and what those do not need.
    /// - Parameters:
    ///   - bits: What there is for all pictures, in bits/s.
    ///   - hasQueue: Whether packets wait on the path: then what is bounded must fit, before it has to be left out.
    mutating func noteNeeds(bitsPerSecond bits: Int64, hasQueue: Bool, at now: MediaInstant) {
        let each = max(0, bits) / Int64(max(1, wishes.count))
        var reserved: Int64 = 0
        for position in 0..<wishes.count {
            reserved += min(wishes[position].smallestCost, each)
        }
        for position in 0..<wishes.count {
            let slot = wishes[position].slot
            let others = reserved - min(wishes[position].smallestCost, each)
            let room = max(0, bits - others)
            let isTight =
                hasQueue && wishes[position].unlimited > 0
                && wishes[position].cost(of: wishes[position].smallestCount) > room
            let isMissed = wishes[position].isMissed || isTight
            let isHeld = wishes[position].granted <= wishes[position].smallestCount
            let wasMissed = slots[slot]?.need?.isMissed == true
            slots[slot]?.need =
                isHeld ? RateNeed(bitsPerSecond: room, isMissed: isMissed) : nil
            guard isMissed, !wasMissed, let track = slots[slot]?.source?.track else { continue }
            noteDemand(ofTrack: track, at: now)
        }
    }

    /// The size of a track that may be bounded, as this loop sees it; `nil`: it has none, or nothing comes of it.
    mutating func rateNeed(
        ofTrack track: Int, at now: MediaInstant
    ) -> SmallestSize? {
        let layers = layers(ofTrack: track, at: now)
        guard let smallest = layers.wanted(upTo: 0), let largest = layers.wanted(upTo: 7),
            // Of several sizes in one stream none can be bounded by itself.
            tracks[track]?.spatialCount ?? 1 <= 1
        else { return nil }
        let rule: RateNeed.Rule = smallest == largest ? .most : .least
        var need: RateNeed?
        let watchers = tracks[track]?.watchers ?? []
        for position in watchers.indices {
            let slot = watchers[position].slot
            guard slots[slot]?.cap != nil else { continue }
            // Nothing is known of one, or it is shown more: of one size that means that all of it can be had.
            guard let own = slots[slot]?.need ?? (rule == .most ? RateNeed() : nil) else {
                continue
            }
            need = RateNeed.joined(need, own, by: rule)
        }
        return SmallestSize(
            need: need, rule: rule, bitsPerSecond: rate(of: smallest, upTo: 7, at: now))
    }

    /// Decides anew what the publisher of a track is to send of its smallest size.
    /// - Returns: Whether it is to be told.
    mutating func updateRate(
        ofTrack track: Int, of index: Int,
        _ size: SmallestSize?, at now: MediaInstant
    ) -> Bool {
        let relayed = size.flatMap { tracks[track]?.relays.need(by: $0.rule) ?? nil }
        let need = size.flatMap { RateNeed.joined($0.need, relayed, by: $0.rule) }
        let isTold = tracks[track]?.rate.update(need, rate: size?.bitsPerSecond ?? 0, at: now)
        guard isTold == true else { return false }
        // Who has a signalling channel is told there, size by size.
        if peers[index]?.takesREMB == true, peers[index]?.media.hasSignalling == false {
            peers[index]?.nextBound = now
            peers[index]?.releasesLeft = BoundTiming.releases
        }
        relayUnlimitedRate(ofTrack: track, of: index, to: tracks[track]?.relayLoops ?? 0)
        return true
    }

    /// Tells other loops what the smallest size of a track took before its publisher was held to less.
    mutating func relayUnlimitedRate(ofTrack track: Int, of index: Int, to loops: UInt64) {
        guard loops != 0, let id = peers[index]?.id, let rate = tracks[track]?.rate.unlimited,
            let position = section(ofTrack: track, of: index)
        else { return }
        tell(
            .unlimitedRate(
                publisher: id, section: UInt16(clamping: position), bitsPerSecond: rate),
            to: loops)
    }
}
