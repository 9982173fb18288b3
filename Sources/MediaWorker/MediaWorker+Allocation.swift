// What a receiver's path carries, divided among the pictures it shows.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
import Negotiation
import RTP
import Wire

/// How the division is made.
enum AllocationTiming {
    /// The shortest time between two divisions of one receiver's path.
    static let interval = MediaDuration.milliseconds(100)
    /// What of an estimate is given to pictures and sound: the rest is for reports and repetitions.
    static let share: Int64 = 98
}

extension MediaWorker {
    /// Divides what a receiver's path carries anew, if it is time to.
    mutating func allocate(for index: Int, at now: MediaInstant) {
        guard configuration.dividesPaths,
            let estimate = peers[index]?.takeAllocationDue(at: now) ?? nil
        else { return }
        wishes.removeAll(keepingCapacity: true)
        let drains = peers[index]?.isDraining(at: now) == true
        let share = Int64(estimate) * AllocationTiming.share / 100
        let isFree = peers[index]?.isCongested == false
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            let slot = watched[position]
            guard slots[slot]?.kind == .video, let track = slots[slot]?.source?.track
            else { continue }
            if let wish = wish(
                ofSlot: slot, track: track, isFree: isFree, at: now)
            {
                wishes.append(wish)
            }
        }
        let sound = soundRate(of: index, within: share, at: now)
        guard !wishes.isEmpty else {
            peers[index]?.setWanted(nil)
            return
        }
        let outcome = BandwidthAllocation.allocate(
            &wishes, bitsPerSecond: share - sound, borne: (peers[index]?.kept ?? 0) - sound,
            sustained: (peers[index]?.sustained(at: now) ?? 0) - sound)
        // A tenth more than all could use: what is given more must leave as much free.
        let wanted = (outcome.wanted + sound) * 100 / AllocationTiming.share
        peers[index]?.setWanted(Int(wanted + wanted / BandwidthAllocation.headroomDivisor))
        for position in 0..<wishes.count {
            obey(wishes[position], at: now)
            hold(wishes[position].slot, of: index, while: drains, at: now)
        }
        noteNeeds(
            bitsPerSecond: share - sound, hasQueue: peers[index]?.hasQueue == true, at: now)
    }

    /// What a stream takes, in bits/s, all headers counted.
    mutating func rate(
        of producer: Int, upTo temporal: UInt8, ofSizesUpTo spatial: UInt8 = 7,
        at now: MediaInstant
    ) -> Int64 {
        Int64(producers[producer].rates.bitRate(upTo: temporal, ofSizesUpTo: spatial, at: now))
    }

    /// What a slot could use, over a path on which no queue stands (`isFree`) or one does; `nil` if nothing of its track
    /// comes, so that there is nothing to divide.
    private mutating func wish(
        ofSlot slot: Int, track: Int, isFree: Bool, at now: MediaInstant
    ) -> BandwidthWish? {
        guard tracks[track]?.isPaused == false, let cap = slots[slot]?.cap ?? nil,
            let memory = slots[slot]?.bandwidth, let rank = tracks[track]?.rank
        else { return nil }
        var wish = BandwidthWish(slot: slot, rank: rank)
        wish.isHeld = isFree && memory.isHeld(at: now)
        wish.unlimited = tracks[track]?.rate.unlimited ?? 0
        addSteps(ofTrack: track, upTo: cap, to: &wish, at: now)
        guard wish.stepCount > 0 else { return nil }
        if memory.isFresh {
            if isFree { wish.begin() }
        } else {
            wish.setCurrent(slots[slot]?.target ?? nil)
        }
        let missed = wish.current < wish.smallestCount ? wish.cost(of: wish.smallestCount) : 0
        wish.mayRise = memory.mayRise(to: missed, at: now)
        if isFree, wish.unlimited > 0, memory.hasBecomeCheaper(missed) { wish.beginAgain() }
        return wish
    }

    /// Adds the ways to show a track, from the cheapest: the smallest picture by temporal layers, then each larger
    /// one.
    mutating func addSteps(
        ofTrack track: Int, upTo cap: LayerTarget, to wish: inout BandwidthWish,
        at now: MediaInstant
    ) {
        let layers = layers(ofTrack: track, at: now)
        // Over Int alone: ranges of other numbers allocate in builds that do not specialise them.
        for place in 0..<TrackLayers.countMax {
            let layer = UInt8(place)
            guard let stream = layers.producer(ofLayer: layer) else { continue }
            // Where only larger ones come than are wanted, the smallest of those is shown.
            guard layer <= cap.spatial || wish.stepCount == 0 else { break }
            defer { if wish.smallestCount == 0 { wish.endSmallest() } }
            if layers.isSimulcast {
                addStep(of: stream, layer: layer, spatial: 7, upTo: cap, to: &wish, at: now)
            } else {
                // One stream may hold the sizes as layers: each counts with all below it.
                let sizes = min(Int(cap.spatial) + 1, LayerRates.spatialLayersMax)
                for size in 0..<sizes {
                    addStep(
                        of: stream, layer: UInt8(size), spatial: UInt8(size), upTo: cap, to: &wish,
                        at: now)
                    if wish.smallestCount == 0 { wish.endSmallest() }
                }
            }
        }
    }

    /// Adds one size of a picture if it takes anything more than those below; of the smallest each temporal layer.
    /// - Parameters:
    ///   - layer: Its place among the track's sizes.
    ///   - spatial: Its place among the sizes within its stream; 7: the stream is of one size.
    private mutating func addStep(
        of stream: Int, layer: UInt8, spatial: UInt8, upTo cap: LayerTarget,
        to wish: inout BandwidthWish, at now: MediaInstant
    ) {
        let whole = rate(of: stream, upTo: cap.temporal, ofSizesUpTo: spatial, at: now)
        guard whole > 0, spatial == 7 || whole > wish.cost(of: wish.stepCount) else { return }
        if wish.stepCount == 0 {
            var below: Int64 = 0
            for temporal in 0..<min(LayerRates.temporalLayersMax - 1, Int(cap.temporal)) {
                let rate = rate(
                    of: stream, upTo: UInt8(temporal), ofSizesUpTo: spatial, at: now)
                guard rate > below, rate < whole else { continue }
                wish.append(
                    LayerTarget(spatial: layer, temporal: UInt8(temporal)), bitsPerSecond: rate)
                below = rate
            }
        }
        wish.append(LayerTarget(spatial: layer, temporal: 7), bitsPerSecond: whole)
    }

    /// Stops a picture at once that is to become smaller while ever more packets wait on the path, and lets the smaller
    /// one begin when they have gone: all that is sent till then comes late, and sound behind it.
    private mutating func hold(
        _ slot: Int, of receiver: Int, while drains: Bool, at now: MediaInstant
    ) {
        if slots[slot]?.isHeldBack == true {
            guard !drains else { return }
            slots[slot]?.release()
            requestKeyframe(forSlot: slot, at: now)
            return
        }
        guard peers[receiver]?.isFilling == true, let shown = slots[slot]?.producer,
            let track = slots[slot]?.source?.track
        else { return }
        let layers = layers(ofTrack: track, at: now)
        guard let wanted = slots[slot]?.wantedProducer(among: layers), wanted != shown else {
            return
        }
        slots[slot]?.holdBack()
        peers[receiver]?.beginDraining(slot, at: now)
        schedule(receiver, by: now + SendPath.drainingTime)
    }

    /// Carries out what was granted, and tells.
    private mutating func obey(_ wish: BandwidthWish, at now: MediaInstant) {
        guard let track = slots[wish.slot]?.source?.track else { return }
        setTarget(wish.grantedTarget, ofSlot: wish.slot, at: now)
        slots[wish.slot]?.bandwidth.note(
            from: wish.current, to: wish.granted,
            smallestCost: wish.granted < wish.smallestCount ? wish.cost(of: wish.smallestCount) : 0,
            at: now)
        let quality: ReceivedQuality =
            wish.isWhole ? .full : wish.granted == 0 ? .paused : .reduced
        guard slots[wish.slot]?.bandwidth.told(quality.rawValue, at: now) == true,
            let mid = slots[wish.slot]?.mid, let section = tracks[track]?.mid,
            let receiver = slots[wish.slot]?.receiver,
            let receiverID = peers[receiver]?.id, let publisher = tracks[track]?.peer,
            let publisherID = peers[publisher]?.id
        else { return }
        emit(
            .slotQuality(
                receiver: receiverID, mid: mid,
                source: SlotBinding(publisher: publisherID, mid: section), quality))
    }
}

extension Peer {
    /// The estimate, if the path is to be divided now; `nil` if not, or if nothing is known of it.
    mutating func takeAllocationDue(at now: MediaInstant) -> Int? {
        guard !sendPath.isEmpty, let target = sendPath[0].estimator.target,
            sendPath[0].nextAllocation <= now
        else { return nil }
        sendPath[0].nextAllocation = now + AllocationTiming.interval
        return Int(target)
    }

    /// What may go on as it is because the path bears it, in bits/s: a quarter more than was measured, since no queue
    /// builds; 0 where that is not known.
    var kept: Int64 {
        let borne = sendPath.isEmpty ? 0 : Int64(sendPath[0].estimator.borne ?? 0)
        return borne + borne / 4
    }

    /// Whether packets wait on the path for longer than probes and other flows make them.
    var hasQueue: Bool { !sendPath.isEmpty && sendPath[0].estimator.hasQueue }

    /// Whether ever more packets wait on the path.
    var isFilling: Bool { !sendPath.isEmpty && sendPath[0].estimator.isFilling }

    /// Whether pictures are held back while a queue on the path drains.
    func isDraining(at now: MediaInstant) -> Bool {
        guard !sendPath.isEmpty, let end = sendPath[0].drainsUntil, now < end else { return false }
        return sendPath[0].estimator.hasQueue
    }

    /// Holds a slot's pictures back, those that have to wait already included.
    mutating func beginDraining(_ slot: Int, at now: MediaInstant) {
        guard !sendPath.isEmpty else { return }
        sendPath[0].drainsUntil = now + SendPath.drainingTime
        sendPath[0].waiting.discard(slot: slot)
    }

    /// Whether a queue stands on the path.
    var isCongested: Bool { !sendPath.isEmpty && sendPath[0].estimator.isCongested }

    /// What is sent at present and makes no queue, in bits/s, and a quarter more; 0 where that is not known.
    mutating func sustained(at now: MediaInstant) -> Int64 {
        let rate = sendPath.isEmpty ? 0 : Int64(sendPath[0].estimator.sustained(at: now) ?? 0)
        return rate + rate / 4
    }
}
