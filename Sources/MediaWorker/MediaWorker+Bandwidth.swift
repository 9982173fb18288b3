// What receivers say about the way to them, and what follows from it.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
package import Negotiation
import RTP
import Wire

extension MediaWorker {
    /// The estimate of what a receiver's path carries, in bits a second, IP and UDP headers counted;
    /// `nil`: nothing is known.
    package mutating func bandwidth(of receiver: PeerID) -> Int? {
        guard let index = peerOfID[receiver] else { return nil }
        return peers[index]?.estimate ?? nil
    }

    /// Says how much a receiver could use if its path carried it, in bits a second, headers counted:
    /// probes go up to there. `nil`: as much as one good picture, while a section of pictures shows
    /// something.
    package mutating func setWanted(_ bitsPerSecond: Int?, of receiver: PeerID) {
        guard let index = peerOfID[receiver] else { return }
        peers[index]?.setWanted(bitsPerSecond)
    }

    /// Takes transport-wide feedback of a receiver.
    mutating func takeTransportFeedback(
        _ packet: RTCPPacketView, in bytes: Span<UInt8>, from index: Int, at now: MediaInstant
    ) throws(RTCPError) {
        let feedback = try TransportFeedback(packet, in: bytes)
        let wasSilent = peers[index]?.isUnheard == true
        peers[index]?.receive(feedback, in: bytes, at: now)
        repeatLost(feedback, of: index, at: now)
        if wasSilent, peers[index]?.isUnheard == false { renewPictures(of: index, at: now) }
        serviceBandwidth(of: index, at: now)
    }

    /// Takes the worst loss of a receiver report; it counts where no transport-wide feedback comes.
    mutating func takeLoss(
        _ fractionLost: UInt8, roundTrip: MediaDuration, from index: Int, at now: MediaInstant
    ) {
        peers[index]?.receiveReport(fractionLost, roundTrip: roundTrip, at: now)
        serviceBandwidth(of: index, at: now)
    }

    /// Does what a new estimate, or the passing of time, asks for: report, pacing, probes.
    mutating func serviceBandwidth(of index: Int, at now: MediaInstant) {
        let showsPictures = isShowingPictures(to: index)
        guard peers[index]?.advanceBandwidth(to: now, showsPictures: showsPictures) == true else {
            return
        }
        allocate(for: index, at: now)
        if peers[index]?.startProbe(at: now) == true { counters.probesSent &+= 1 }
        let former = peers[index]?.reportedEstimate ?? 0
        if let id = peers[index]?.id,
            let estimate = peers[index]?.takeBandwidthReport(at: now) ?? nil
        {
            counters.estimatedBitsPerSecond += estimate - former
            emit(.bandwidth(id, bitsPerSecond: estimate))
        }
        if let due = peers[index]?.nextRelease ?? nil {
            if due <= now { markDirty(index) } else { schedule(index, by: due) }
        }
    }

    /// Asks for keyframes of what a peer is shown that was not reached for a while: what it has missed is too much to
    /// be repeated, and its own request may be a second away.
    private mutating func renewPictures(of index: Int, at now: MediaInstant) {
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            guard slots[watched[position]]?.kind == .video,
                let producer = slots[watched[position]]?.producer
            else { continue }
            requestKeyframe(ofProducer: producer, at: now)
        }
    }

    /// Lets a receiver's turn end with a look at what waits for it.
    mutating func markDirty(_ index: Int) {
        if peers[index]?.isDirty == false {
            peers[index]?.isDirty = true
            dirtyPeers.append(index)
        }
    }

    /// Gives the estimate of a peer that leaves back to the sum.
    mutating func forgetBandwidth(of index: Int) {
        counters.estimatedBitsPerSecond -= peers[index]?.reportedEstimate ?? 0
    }

    private mutating func isShowingPictures(to index: Int) -> Bool {
        let watched = peers[index]?.slots ?? []
        for position in watched.indices
        where slots[watched[position]]?.isForPictures == true { return true }
        return false
    }
}

/// The part of a peer that keeps its estimate; all of it does nothing where there is none.
extension Peer {
    /// Sets the send path up, once.
    mutating func takeSendPath() {
        if sendPath.isEmpty { sendPath.append(SendPath()) }
    }

    /// Whether nothing has been heard of what was sent for a second.
    var isUnheard: Bool {
        mutating get { !sendPath.isEmpty && sendPath[0].estimator.isSilent }
    }

    /// The estimate in bits a second.
    var estimate: Int? {
        mutating get { sendPath.isEmpty ? nil : sendPath[0].estimator.target.map { Int($0) } }
    }

    /// The estimate last reported; 0: none was.
    var reportedEstimate: Int {
        mutating get { sendPath.isEmpty ? 0 : sendPath[0].reported }
    }

    mutating func setWanted(_ bitsPerSecond: Int?) {
        if !sendPath.isEmpty { sendPath[0].wanted = bitsPerSecond.map { Double($0) } }
    }

    mutating func receive(
        _ feedback: TransportFeedback, in bytes: Span<UInt8>, at now: MediaInstant
    ) {
        if !sendPath.isEmpty { sendPath[0].estimator.receive(feedback, in: bytes, at: now) }
    }

    mutating func receiveReport(
        _ fractionLost: UInt8, roundTrip: MediaDuration, at now: MediaInstant
    ) {
        guard !sendPath.isEmpty else { return }
        let count = sendPath[0].sentSinceReport
        sendPath[0].sentSinceReport = 0
        sendPath[0].estimator.receiveReport(
            fractionLost: fractionLost, packets: count, roundTrip: roundTrip, at: now)
    }

    /// Lets time pass for the estimate and takes it over into the pacer.
    /// - Returns: Whether there is an estimate.
    mutating func advanceBandwidth(to now: MediaInstant, showsPictures: Bool) -> Bool {
        guard !sendPath.isEmpty else { return false }
        sendPath[0].estimator.advance(to: now)
        let target = sendPath[0].estimator.target
        let sustained = sendPath[0].estimator.sustained(at: now) ?? 0
        sendPath[0].pacer.setEstimate(
            target.map { max($0, sustained) },
            isAfterSilence: sendPath[0].estimator.isAfterSilence(at: now),
            share: sendPath[0].estimator.drainingShare)
        let wanted = sendPath[0].wanted
        sendPath[0].estimator.wanted =
            wanted ?? (showsPictures ? SendPath.wantedByDefault : nil)
        return target != nil
    }

    /// Begins a probe if one is due; its padding leaves with this turn.
    mutating func startProbe(at now: MediaInstant) -> Bool {
        guard !sendPath.isEmpty, sendPath[0].probe == nil, isReady,
            let plan = sendPath[0].estimator.takeProbe(at: now)
        else { return false }
        sendPath[0].probe = ProbeSender(plan, at: now)
        sendPath[0].nextRelease = now
        return true
    }

    mutating func takeBandwidthReport(at now: MediaInstant) -> Int? {
        sendPath.isEmpty ? nil : sendPath[0].takeReport(at: now)
    }
}
