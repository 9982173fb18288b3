// What must hold in a simulated system when all has been quiet for a while, and when everybody has left.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import RoomService
import Rooms
import Signaling
import Wire

extension SystemWorld {
    /// Everybody is in the room again, knows the same of it, has all that was sent, and sees and hears
    /// whom it should.
    func checkQuiet() {
        for client in clients where client.session.phase != .connected {
            oracle.violate("c\(client.index) is \(client.session.phase.rawValue) in the quiet")
        }
        oracle.checkArrival(of: clients)
        for client in clients where client.session.phase == .connected { checkRoster(of: client) }
        checkMedia()
    }

    private func checkRoster(of client: SystemClient) {
        guard let core = server?.room(client.room)?.core else {
            return oracle.violate("\(client.room.text) is not there")
        }
        let truth = core.visibleParticipants
        guard let own = truth.first(where: { $0.id == client.participant })
        else { return oracle.violate("the server does not know c\(client.index)") }
        if own.interrupted { oracle.violate("c\(client.index) is interrupted in the quiet") }
        let others = truth.filter { $0.id != client.participant }
        // Who was away knows the others in another order.
        let seen = client.session.roster.participants.map(\.info)
        for info in others where !seen.contains(info) {
            oracle.violate("c\(client.index) does not know \(info.id.text) as it is")
        }
        if seen.count != others.count {
            oracle.violate("c\(client.index) knows \(seen.count) of \(others.count)")
        }
        let published = client.session.publications.filter { $0.state == .published }
        let tracks = own.tracks.map { "\($0.source.rawValue) \($0.muted)" }.sorted()
        let believed = published.map { "\($0.source.rawValue) \($0.isMuted)" }.sorted()
        if tracks != believed {
            oracle.violate("c\(client.index) publishes \(tracks), and believes \(believed)")
        }
    }

    private func checkMedia() {
        for client in clients where client.session.phase == .connected {
            for other in clients
            where other.room == client.room && other.index != client.index {
                let person = client.session.roster.participant(other.participant)
                for track in person?.tracks ?? [] {
                    let tag = other.tag(of: track.info.source)
                    let last = client.lastMedia[tag]
                    let flows = last.map { now - $0 < .seconds(3) } ?? false
                    let isWanted = track.state == .subscribed || track.state == .subscribing
                    if isWanted, !track.info.muted, !flows {
                        oracle.violate(
                            "c\(client.index) wants \(track.info.source.rawValue) of "
                                + "c\(other.index) and gets nothing")
                    }
                }
            }
            checkSlots(of: client)
        }
    }

    /// Nobody is shown under another's name.
    private func checkSlots(of client: SystemClient) {
        for (mid, tag, at) in client.tagsInSlots where now - at < .seconds(5) {
            let slot = client.session.roster.slots.first { $0.mid.text == mid }
            guard let source = slot?.source,
                let owner = clients.first(where: { $0.participant == source.participant })
            else {
                oracle.violate("c\(client.index) receives media in an empty slot")
                continue
            }
            let track = client.session.roster.participant(source.participant)?.tracks.first {
                $0.info.id == source.track
            }
            guard let track, owner.tag(of: track.info.source) == tag else {
                oracle.violate("c\(client.index) receives another's media in slot \(mid)")
                continue
            }
        }
    }

    /// Everybody has left: nothing is left of them.
    func checkEmpty() {
        for client in clients where client.session.phase != .disconnected {
            oracle.violate("c\(client.index) has not left")
        }
        guard let server else { return oracle.violate("the server is gone") }
        let counts = server.counts
        if counts.sessions != 0 { oracle.violate("\(counts.sessions) sessions are left") }
        if counts.connections != 0 { oracle.violate("\(counts.connections) connections are left") }
        if counts.rooms != 0 { oracle.violate("\(counts.rooms) rooms are left") }
        let peers = server.peerCount
        if peers != 0 { oracle.violate("the media workers have \(peers) peers left") }
        figures.relayed += Int(server.relayedCount)
    }
}
