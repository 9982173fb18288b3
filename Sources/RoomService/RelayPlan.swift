// Which tracks of a room are handed from loop to loop, and what the loops are told for it.
// SPDX-License-Identifier: Apache-2.0
package import Forwarding
package import MediaWorker
package import Negotiation

/// A command and the media loop it is for.
package struct LoopCommand: Sendable {
    /// Which loop, from 0.
    package var loop: Int
    /// What it is told.
    package var command: WorkerCommand

    /// Addresses a command.
    package init(_ command: WorkerCommand, to loop: Int) {
        self.loop = loop
        self.command = command
    }
}

/// The members of a room by media loop, and the tracks relayed between loops.
///
/// A track that has watchers on a loop other than its publisher's is relayed to it once, as long as it has one there.
/// The loop first gets a stand-in of the publisher, which stays as long as the publisher does: speakers come and go.
/// Every verb gives the commands to be carried out, in their order.
package struct RelayPlan: Sendable {
    private struct Track: Sendable {
        let mid: String
        var isPaused = false
        var rank: BandwidthRank?
        /// By loop, as far as there have been any: how many slots of that loop show it.
        var watchers: [Int] = []
    }

    private struct Member: Sendable {
        let loop: Int
        var media: PeerMedia?
        var tracks: [Track] = []
        /// The other loops on which it has a stand-in.
        var standIns: [Int] = []
        /// What its slots show.
        var slots: [(mid: String, source: SlotBinding)] = []
    }

    /// Looked up, never iterated.
    private var members: [PeerID: Member] = [:]

    /// A room without members.
    package init() {}

    /// The loop a member lives on; `nil` if there is no such member.
    package func loop(of peer: PeerID) -> Int? { members[peer]?.loop }

    /// Notes a member, before anything is said of it.
    package mutating func add(_ peer: PeerID, on loop: Int) {
        members[peer] = Member(loop: loop)
    }

    /// Tells the member's loop, and those with a stand-in, what an offer meant.
    package mutating func negotiated(_ peer: PeerID, _ media: PeerMedia) -> [LoopCommand] {
        guard let member = members[peer] else { return [] }
        members[peer]?.media = media
        guard member.media != nil else {
            return [LoopCommand(.addPeer(peer, media), to: member.loop)]
        }
        return everywhere(.updatePeer(peer, media), of: member)
    }

    /// Lets a member go: what it showed need not be relayed any more, nor what it sent.
    package mutating func remove(_ peer: PeerID) -> [LoopCommand] {
        guard let member = members[peer] else { return [] }
        var commands: [LoopCommand] = []
        for slot in member.slots { commands += unwatch(slot.source, on: member.loop) }
        members[peer] = nil
        if member.media != nil { commands += everywhere(.removePeer(peer), of: member) }
        return commands
    }

    /// Shows a source in a slot, or empties it.
    package mutating func bind(
        _ receiver: PeerID, mid: String, to source: SlotBinding?
    ) -> [LoopCommand] {
        guard let loop = members[receiver]?.loop else { return [] }
        var former: SlotBinding?
        if let place = members[receiver]?.slots.firstIndex(where: { $0.mid == mid }) {
            former = members[receiver]?.slots.remove(at: place).source
        }
        var commands: [LoopCommand] = []
        if let source {
            members[receiver]?.slots.append((mid, source))
            commands += watch(source, on: loop)
        }
        commands.append(
            LoopCommand(.setSlot(receiver: receiver, mid: mid, source: source), to: loop))
        if let former { commands += unwatch(former, on: loop) }
        return commands
    }

    /// Stops or resumes a track, on every loop that has it.
    package mutating func setPaused(
        _ publisher: PeerID, mid: String, _ isPaused: Bool
    ) -> [LoopCommand] {
        guard let place = place(of: mid, publisher) else { return [] }
        members[publisher]?.tracks[place].isPaused = isPaused
        return everywhere(
            .setPaused(publisher: publisher, mid: mid, isPaused), of: members[publisher])
    }

    /// Sets a track's rank, on every loop that has it.
    package mutating func setRank(
        _ publisher: PeerID, mid: String, _ rank: BandwidthRank
    ) -> [LoopCommand] {
        guard let place = place(of: mid, publisher) else { return [] }
        members[publisher]?.tracks[place].rank = rank
        return everywhere(.setRank(publisher: publisher, mid: mid, rank), of: members[publisher])
    }

    // MARK: Inside

    private func everywhere(_ command: WorkerCommand, of member: Member?) -> [LoopCommand] {
        guard let member else { return [] }
        return ([member.loop] + member.standIns).map { LoopCommand(command, to: $0) }
    }

    /// The place of a publisher's track, made if need be; `nil` if there is no such member.
    private mutating func place(of mid: String, _ publisher: PeerID) -> Int? {
        guard let tracks = members[publisher]?.tracks else { return nil }
        if let place = tracks.firstIndex(where: { $0.mid == mid }) { return place }
        members[publisher]?.tracks.append(Track(mid: mid))
        return tracks.count
    }

    /// One slot of a loop more shows a source: the first lets it be relayed. The other loop accepts it before its own
    /// loop begins.
    private mutating func watch(_ source: SlotBinding, on loop: Int) -> [LoopCommand] {
        let publisher = source.publisher
        guard let home = members[publisher]?.loop, home != loop,
            let place = place(of: source.mid, publisher),
            count(1, publisher, place, on: loop) == 1, let media = members[publisher]?.media
        else { return [] }
        var commands: [LoopCommand] = []
        if members[publisher]?.standIns.contains(loop) == false {
            members[publisher]?.standIns.append(loop)
            commands.append(LoopCommand(.addStandIn(publisher, media, loop: home), to: loop))
            for track in members[publisher]?.tracks ?? [] {
                if track.isPaused {
                    commands.append(
                        LoopCommand(
                            .setPaused(publisher: publisher, mid: track.mid, true), to: loop))
                }
                if let rank = track.rank {
                    commands.append(
                        LoopCommand(
                            .setRank(publisher: publisher, mid: track.mid, rank), to: loop))
                }
            }
        }
        commands.append(
            LoopCommand(.acceptTrack(publisher: publisher, mid: source.mid, true), to: loop))
        commands.append(
            LoopCommand(
                .relayTrack(publisher: publisher, mid: source.mid, to: loop, true), to: home))
        return commands
    }

    /// One slot of a loop fewer shows a source: with the last its relay ends.
    private mutating func unwatch(_ source: SlotBinding, on loop: Int) -> [LoopCommand] {
        let publisher = source.publisher
        // Who has gone has taken its relays along.
        guard let home = members[publisher]?.loop, home != loop,
            let place = place(of: source.mid, publisher),
            count(-1, publisher, place, on: loop) == 0
        else { return [] }
        return [
            LoopCommand(
                .relayTrack(publisher: publisher, mid: source.mid, to: loop, false), to: home),
            LoopCommand(.acceptTrack(publisher: publisher, mid: source.mid, false), to: loop),
        ]
    }

    /// Counts a slot more or fewer.
    /// - Returns: How many there are now; `nil` if that cannot be.
    private mutating func count(
        _ change: Int, _ publisher: PeerID, _ place: Int, on loop: Int
    ) -> Int? {
        guard var watchers = members[publisher]?.tracks[place].watchers else { return nil }
        while watchers.count <= loop { watchers.append(0) }
        guard watchers[loop] + change >= 0 else { return nil }
        watchers[loop] += change
        members[publisher]?.tracks[place].watchers = watchers
        return watchers[loop]
    }
}
