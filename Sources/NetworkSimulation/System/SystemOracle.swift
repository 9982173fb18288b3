// What must hold in a simulated system, checked after every step and when all is quiet.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NetworkImpairment
import Rooms
import Signaling
import Wire

/// Knows what the server accepted, and so what must arrive where, in which order, and by when.
struct SystemOracle {
    /// A session of the server as the check sees it.
    private struct Known {
        let id: SessionID
        let participant: ParticipantID
        let room: RoomName
        var isLive = true
        var heardAt: MediaInstant
        var brokenAt: MediaInstant?
        var mediaOverAt: MediaInstant?
        /// Everything reliable that it must be told, in order.
        var owed: [String] = []
        /// The streams it has open, and when it sent what.
        var streams = 0
        var packets = BudgetCheck(burst: 30, perSecond: 30)
        var bytes = BudgetCheck(burst: 6 * 1024, perSecond: 6 * 1024)
    }

    private(set) var violations: [String] = []
    private var known: [Known] = []
    private var indexOfKey: [SessionKey: Int] = [:]
    private var accepted: Set<String> = []
    /// When each room lost its last member, by place in `emptied`.
    private var emptied: [(room: RoomName, at: MediaInstant)] = []
    private(set) var acceptedCount = 0
    private(set) var timeouts = 0

    mutating func violate(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }

    // MARK: Sessions

    mutating func entered(
        _ key: SessionKey, _ id: SessionID, _ participant: ParticipantID, _ room: RoomName,
        at now: MediaInstant
    ) {
        indexOfKey[key] = known.count
        known.append(Known(id: id, participant: participant, room: room, heardAt: now))
        emptied.removeAll { $0.room == room }
    }

    mutating func heard(_ key: SessionKey, at now: MediaInstant) {
        guard let index = indexOfKey[key] else { return }
        known[index].heardAt = now
        known[index].brokenAt = nil
    }

    mutating func broken(_ key: SessionKey, at now: MediaInstant) {
        if let index = indexOfKey[key] { known[index].brokenAt = now }
    }

    /// The worker gives media up 30 s after it was last heard, which tests of its own prove.
    mutating func mediaOver(_ key: SessionKey, at now: MediaInstant) {
        if let index = indexOfKey[key] { known[index].mediaOverAt = now }
    }

    mutating func dropped(
        _ key: SessionKey, _ reason: DisconnectReason, isRoomEmpty: Bool, at now: MediaInstant
    ) {
        guard let index = indexOfKey.removeValue(forKey: key) else { return }
        known[index].isLive = false
        if reason == .timeout {
            timeouts += 1
            // Kept for exactly 30 s since it was last heard, or since its stream ended.
            let keeping = MediaDuration.seconds(30)
            let dues = [
                known[index].heardAt + keeping, known[index].brokenAt.map { $0 + keeping },
                known[index].mediaOverAt,
            ]
            if !dues.contains(now) {
                violate(
                    "\(known[index].participant.text) was dropped at \(seconds(now)), not 30 s later"
                )
            }
        }
        if isRoomEmpty { emptied.append((known[index].room, now)) }
    }

    mutating func closed(_ room: RoomName, byOrder isOrdered: Bool, at now: MediaInstant) {
        guard let index = emptied.firstIndex(where: { $0.room == room }) else { return }
        let since = emptied.remove(at: index).at
        if !isOrdered, now - since != .seconds(10) {
            violate("\(room.text) closed \((now - since).milliseconds) ms after its last member")
        }
    }

    /// The server was killed: nothing is owed to anybody any more.
    mutating func serverDied() {
        for index in known.indices { known[index].isLive = false }
        indexOfKey = [:]
        emptied = []
    }

    // MARK: Data

    /// The server has said that a request is done.
    mutating func accepted(
        _ key: SessionKey, _ message: ClientMessage, members: [SessionKey], at now: MediaInstant
    ) {
        guard let sender = indexOfKey[key] else { return }
        let from = known[sender].participant
        switch message {
        case .sendData(_, let packet):
            let text = String(decoding: packet.bytes, as: UTF8.self)
            note(text)
            if !known[sender].packets.spend(1, at: now)
                || !known[sender].bytes.spend(Int64(packet.bytes.count), at: now)
            {
                violate("more than the limit was taken from \(from.text)")
            }
            for member in members where member != key {
                if let index = indexOfKey[member] { known[index].owed.append(text) }
            }
        case .sendMessage(_, let message):
            note(message.content)
            for member in members {
                guard let index = indexOfKey[member] else { continue }
                let isMeant =
                    message.to?.contains(known[index].participant) ?? (member != key)
                if isMeant { known[index].owed.append(message.content) }
            }
        default: break
        }
    }

    private mutating func note(_ text: String) {
        acceptedCount += 1
        if !accepted.insert(text).inserted { violate("accepted twice: \(text)") }
    }

    /// Something reliable has arrived at a client: it must be the next that is owed to its session.
    mutating func arrived(_ text: String, as place: Int, in session: SessionID, at who: Int) {
        guard let index = known.firstIndex(where: { $0.id == session }) else { return }
        guard place < known[index].owed.count, known[index].owed[place] == text else {
            return violate("c\(who) was told \(text) out of turn")
        }
    }

    // MARK: Quiet

    /// All is quiet: what was accepted has arrived.
    mutating func checkArrival(of clients: [SystemClient]) {
        for entry in known where entry.isLive {
            let client = clients.first { $0.session.session == entry.id }
            guard let client else {
                violate("a session of \(entry.participant.text) is nobody's")
                continue
            }
            let arrived = client.arrived[entry.id] ?? []
            if arrived != entry.owed {
                violate(
                    "c\(client.index) got \(arrived.count) of \(entry.owed.count) accepted messages"
                )
            }
        }
    }

    private func seconds(_ instant: MediaInstant) -> String {
        "\((instant - .zero).milliseconds) ms"
    }
}

/// A second book of what a session may send, kept apart from the server's own.
struct BudgetCheck {
    private let burst: Int64
    private let perSecond: Int64
    private var left: Int64
    private var since: MediaInstant?

    init(burst: Int64, perSecond: Int64) {
        self.burst = burst
        self.perSecond = perSecond
        // In billionths.
        left = burst * 1_000_000_000
    }

    /// Takes so much out; false if that is more than there is.
    mutating func spend(_ count: Int64, at now: MediaInstant) -> Bool {
        let past = since.map { max((now - $0).nanoseconds, 0) } ?? 0
        since = now
        let full = burst * 1_000_000_000
        left = past > 3_600_000_000_000 ? full : min(full, left + past * perSecond)
        left -= count * 1_000_000_000
        // A bucket that counts whole nanoseconds may be off by one of them.
        return left >= -perSecond
    }
}
