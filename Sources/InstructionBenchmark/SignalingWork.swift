// The part of a join that is text: one request, read, answered and let in again and again.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import RoomService
import Rooms
import Signaling
import Wire

/// Does what the control plane does for a `join`, without sockets.
///
/// The functions that are counted are known to callgrind by their names: they are not inlined, hold no closures of
/// their own, and do something behind the call that they count, which would else become a jump.
struct SignalingWork {
    var counts = JoinCounts()
    private let message: [UInt8]
    private let entrance = Entrance(keys: TokenKeys(), isDevelopment: true)
    private let negotiator = HandshakeWork.makeNegotiator()
    private var room: HostedRoom
    private var random = SeededRandom(seed: 7)
    private var nextKey: UInt64 = 1
    private var bytesWritten = 0
    private let now = MediaInstant.zero + .seconds(10)

    init(message: [UInt8]) throws {
        self.message = message
        room = HostedRoom(
            name: try RoomName("daily"), id: .random(using: &random),
            configuration: RoomConfiguration(), at: now)
    }

    /// Does all of a join, and counts one part of it.
    mutating func join(_ part: JoinPart) throws {
        let request: ClientMessage
        if part == .message {
            let meter = Meter()
            request = try joinCountedMessage()
            meter.stop(&counts)
        } else {
            request = try ClientMessage.decode(message)
        }
        guard case .join(let id, let join) = request else {
            throw InstructionFailure("the message is no join")
        }
        let offer: AnsweredOffer
        if part == .offer {
            let meter = Meter()
            offer = try joinCountedOffer(join.offer)
            meter.stop(&counts)
        } else {
            offer = try AnsweredOffer(
                join.offer, previous: nil, profile: .sdk, negotiator: negotiator, using: &random)
        }
        let key = SessionKey(nextKey)
        nextKey += 1
        if part == .room {
            let meter = Meter()
            try joinCountedRoom(id, join, offer, key)
            meter.stop(&counts)
        } else {
            try enter(id, join, offer, key)
        }
        counts.joins += 1
        room.leave(key, reason: .left, at: now)
        while room.pollOutput() != nil {}
    }

    @inline(never)
    private mutating func joinCountedMessage() throws -> ClientMessage {
        let request = try ClientMessage.decode(message)
        bytesWritten &+= 1
        return request
    }

    @inline(never)
    private mutating func joinCountedOffer(_ body: SDPBody) throws -> AnsweredOffer {
        let offer = try AnsweredOffer(
            body, previous: nil, profile: .sdk, negotiator: negotiator, using: &random)
        bytesWritten &+= offer.answer.utf8.count
        return offer
    }

    @inline(never)
    private mutating func joinCountedRoom(
        _ id: RequestID, _ join: JoinRequest, _ offer: AnsweredOffer, _ key: SessionKey
    ) throws {
        try enter(id, join, offer, key)
        bytesWritten &+= 1
    }

    private mutating func enter(
        _ id: RequestID, _ join: JoinRequest, _ offer: AnsweredOffer, _ key: SessionKey
    ) throws {
        let admission = try entrance.admit(
            token: nil, to: join.room, wish: join.participant, name: join.name,
            metadata: join.metadata, unixNow: 1_800_000_000, at: now, using: &random)
        let entry = RoomEntry(
            joining: join, id, as: admission, answered: offer, key: key,
            session: .random(using: &random))
        try room.enter(entry, media: offer.media, connection: ConnectionID(key.rawValue), at: now)
        while let output = room.pollOutput() {
            switch output {
            case .send(_, let message), .broadcast(_, let message):
                bytesWritten &+= message.encoded().count
            default: break
            }
        }
    }
}
