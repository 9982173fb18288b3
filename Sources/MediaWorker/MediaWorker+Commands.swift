// What the control plane asks of a worker.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import DTLS
import Forwarding
import ICE
import Negotiation
import PeerTransport
import RTP
package import Wire

extension MediaWorker {
    /// Obeys one command. Commands about peers and sections that are not there have no effect.
    package mutating func apply(_ command: WorkerCommand, at now: MediaInstant) {
        switch command {
        case .addPeer(let id, let media): addPeer(id, media, at: now)
        case .addStandIn(let id, let media, let loop):
            guard (0..<TrackRelays.loopsMax).contains(loop) else { return }
            addPeer(id, media, of: loop, at: now)
        case .relayTrack(let publisher, let mid, let loop, let isRelayed):
            setRelayed(publisher: publisher, mid: mid, to: loop, isRelayed, at: now)
        case .acceptTrack(let publisher, let mid, let isAccepted):
            setAccepted(publisher: publisher, mid: mid, isAccepted)
        case .updatePeer(let id, let media): updatePeer(id, media, at: now)
        case .removePeer(let id): removePeer(id)
        case .setSlot(let receiver, let mid, let source):
            setSlot(receiver: receiver, mid: mid, source: source, at: now)
        case .setPaused(let publisher, let mid, let isPaused):
            setPaused(publisher: publisher, mid: mid, isPaused, at: now)
        case .setRank(let publisher, let mid, let rank):
            guard let peer = peerOfID[publisher], let track = track(mid: mid, of: peer) else {
                return
            }
            tracks[track]?.rank = rank
        case .setQuality(let receiver, let mid, let quality):
            setQuality(receiver: receiver, mid: mid, quality, at: now)
        case .requestStatistics(let token):
            emit(.statistics(token: token, statistics))
        }
    }

    /// The counters as they are now.
    package var statistics: WorkerStatistics {
        var statistics = counters
        statistics.peers = peerOfID.count - standInCount
        statistics.standIns = standInCount
        statistics.drops = drops.nonZero
        return statistics
    }

    /// - Parameter loop: The loop that the peer lives on, if it is to have a stand-in here; `nil`: this one. A
    ///   stand-in has a transport like every peer, to which no packet finds the way.
    private mutating func addPeer(
        _ id: PeerID, _ media: PeerMedia, of loop: Int? = nil, at now: MediaInstant
    ) {
        guard peerOfID[id] == nil else { return updatePeer(id, media, at: now) }
        guard
            let local = ICECredentials(
                usernameFragment: media.localICE.usernameFragment,
                password: media.localICE.password)
        else { return emit(.peerFailed(id, reason: "our ICE credentials are not usable")) }
        let remote = ICECredentials(
            usernameFragment: media.remoteICE.usernameFragment, password: media.remoteICE.password)
        generation &+= 1
        let peer: Peer
        do throws(DTLSError) {
            peer = Peer(
                id: id, generation: generation, media: media,
                transport: try PeerTransport(
                    ice: .lite, local: local, remote: remote, tieBreaker: random.next(),
                    dtls: configuration.dtls, role: .server,
                    fingerprints: media.remoteFingerprints.map {
                        DTLSFingerprint(algorithm: $0.algorithm, bytes: $0.bytes)
                    },
                    at: now),
                feedbackSSRC: SSRC(UInt32.random(in: 1 ... .max, using: &random)),
                canonicalName: Array(media.cname.utf8))
        } catch {
            return emit(.peerFailed(id, reason: "no handshake can be set up: \(error)"))
        }
        let index = freePeerIndex()
        if index == peers.count { peers.append(consume peer) } else { peers[index] = consume peer }
        peerOfID[id] = index
        peers[index]?.foreignLoop = loop
        if loop == nil {
            register(username: media.localICE.usernameFragment, for: index)
            peers[index]?.nextReport = now + FeedbackTiming.reportInterval
        } else {
            standInCount += 1
        }
        takeSections(of: media, for: index)
        schedule(index, by: now)
    }

    private func freePeerIndex() -> Int {
        for index in 0..<peers.count where peers[index] == nil { return index }
        return peers.count
    }

    private mutating func register(username: String, for index: Int) {
        let key = UsernameKey(username)
        peerOfUsername[key] = index
        peers[index]?.usernames.append(key)
        // A peer restarts ICE now and then; only the last names can still be asked for.
        if let count = peers[index]?.usernames.count, count > Peer.usernamesMax,
            let oldest = peers[index]?.usernames.removeFirst()
        {
            peerOfUsername[oldest] = nil
        }
    }

    private mutating func updatePeer(_ id: PeerID, _ media: PeerMedia, at now: MediaInstant) {
        guard let index = peerOfID[id] else { return }
        if peers[index]?.media.localICE != media.localICE, peers[index]?.foreignLoop == nil,
            let local = ICECredentials(
                usernameFragment: media.localICE.usernameFragment,
                password: media.localICE.password)
        {
            // Some stacks write words that ours would not: they are not needed to answer checks.
            let remote = ICECredentials(
                usernameFragment: media.remoteICE.usernameFragment,
                password: media.remoteICE.password)
            peers[index]?.transport.restartICE(local: local, remote: remote, at: now)
            register(username: media.localICE.usernameFragment, for: index)
        }
        peers[index]?.media = media
        removeSections(missingIn: media, of: index)
        takeSections(of: media, for: index)
        schedule(index, by: now)
    }

    private mutating func setSlot(
        receiver: PeerID, mid: String, source: SlotBinding?, at now: MediaInstant
    ) {
        guard let peer = peerOfID[receiver], let index = slot(mid: mid, of: peer) else { return }
        detach(slot: index)
        guard let source, let publisher = peerOfID[source.publisher],
            let track = track(mid: source.mid, of: publisher),
            let generation = tracks[track]?.generation,
            tracks[track]?.kind == slots[index]?.kind
        else { return }
        slots[index]?.show(TrackReference(track: track, generation: generation))
        tracks[track]?.watchers.append(Watcher(slot: index, receiver: peer))
        noteDemand(ofTrack: track, at: now)
        begin(slot: index, at: now)
    }

    /// Lets a slot show nothing.
    mutating func detach(slot index: Int) {
        if let source = slots[index]?.source, tracks[source.track]?.generation == source.generation
        {
            tracks[source.track]?.watchers.removeAll { $0.slot == index }
        }
        slots[index]?.show(nil)
    }

    private mutating func setPaused(
        publisher: PeerID, mid: String, _ isPaused: Bool, at now: MediaInstant
    ) {
        guard let peer = peerOfID[publisher], let track = track(mid: mid, of: peer),
            tracks[track]?.isPaused != isPaused
        else { return }
        tracks[track]?.isPaused = isPaused
        guard !isPaused else { return }
        // What was left out must not look like loss: every slot starts anew, its numbers going on.
        for watcher in tracks[track]?.watchers ?? [] { slots[watcher.slot]?.restart() }
        requestKeyframe(ofTrack: track, at: now)
    }

    private mutating func removePeer(_ id: PeerID) {
        guard let index = peerOfID.removeValue(forKey: id) else { return }
        // Who has a signalling channel is told there, and why: a word by DTLS could come first, and look like a failure.
        let isTold = peers[index]?.media.hasSignalling == true
        peers[index]?.transport.close(telling: !isTold)
        peers[index]?.isDeparting = true
        if peers[index]?.foreignLoop != nil { standInCount -= 1 }
        forgetBandwidth(of: index)
        wantPoll(index)
        for slot in peers[index]?.slots ?? [] { detach(slot: slot) }
        for track in peers[index]?.tracks ?? [] { darken(track: track) }
        departed.append(index)
    }

    /// Frees what removed peers held, once their last words are in the slab and nothing points at
    /// them.
    mutating func removeDeparted() {
        for index in departed {
            for path in peers[index]?.paths ?? [] where peerOfPath[path] == index {
                peerOfPath[path] = nil
            }
            for username in peers[index]?.usernames ?? [] where peerOfUsername[username] == index {
                peerOfUsername[username] = nil
            }
            for track in peers[index]?.tracks ?? [] { free(track: track) }
            for slot in peers[index]?.slots ?? [] { free(slot: slot) }
            peers[index] = nil
            deadlines.set(nil, for: index)
            reportDeadlines.set(nil, for: index)
            dirtyPeers.removeAll { $0 == index }
        }
        departed.removeAll(keepingCapacity: true)
    }

    /// Acts on what a peer's transport reports.
    mutating func drainEvents(of index: Int, at now: MediaInstant) {
        while let event = peers[index]?.transport.pollEvent() ?? nil {
            guard let id = peers[index]?.id, peers[index]?.isDeparting == false else { return }
            switch event {
            case .pathValidated(let path): take(path: path, for: index)
            case .pathSelected: beginSlots(of: index, at: now)
            case .connected:
                emit(.peerConnected(id))
                // Whoever waited for this peer to be reachable needs a start now.
                beginSlots(of: index, at: now)
            case .interrupted: emit(.peerMediaLost(id))
            case .resumed: emit(.peerMediaResumed(id))
            case .failed(let reason):
                let isSilent = peers[index]?.transport.isSilenced ?? false
                emit(isSilent ? .peerTimedOut(id) : .peerFailed(id, reason: reason))
            }
        }
    }

    /// Takes packets from a path as a peer's from now on.
    mutating func take(path: TransportPath, for index: Int) {
        peerOfPath[path] = index
        if peers[index]?.paths.contains(path) == true { return }
        peers[index]?.paths.append(path)
        if let oldest = peers[index]?.takeExcessPath(), peerOfPath[oldest] == index {
            peerOfPath[oldest] = nil
        }
    }

    /// Notes that a slot shows a new source from this packet on.
    mutating func noteStart(of index: Int, numbers: OutgoingNumbers, at now: MediaInstant) {
        slots[index]?.nextReport = now
        guard let peer = slots[index]?.receiver, let receiver = peers[peer]?.id,
            let mid = slots[index]?.mid
        else { return }
        schedule(peer, by: now)
        guard let track = slots[index]?.source?.track, let publisher = tracks[track]?.peer,
            let id = peers[publisher]?.id, let section = tracks[track]?.mid
        else { return }
        emit(
            .slotStarted(
                receiver: receiver, mid: mid, source: SlotBinding(publisher: id, mid: section),
                rtpTimestamp: numbers.timestamp.rawValue))
    }
}
