// An address on a relay: allocated, kept, and given back; and the channels by which peers are reached through it.
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
import STUN
package import Wire

/// A relay that may be used, and what opens it.
package struct RelayAccess: Sendable, Equatable {
    /// Where it takes datagrams.
    package var server: NetworkAddress
    /// By which socket it is reached.
    package var socket: UInt16
    /// By which other socket it is reached for an allocation beside one that there is: a relay takes one allocation from an
    /// address of a client (RFC 8656 §5). `nil`: there is no other.
    package var spareSocket: UInt16?
    /// Whether that stands for a connection, which repeats by itself.
    package var isStream: Bool
    /// The name to give there.
    package var username: [UInt8]
    /// The password to give there.
    package var password: [UInt8]

    /// Names a relay.
    package init(
        server: NetworkAddress, socket: UInt16, spareSocket: UInt16? = nil, isStream: Bool = false,
        username: [UInt8], password: [UInt8]
    ) {
        self.server = server
        self.socket = socket
        self.spareSocket = spareSocket
        self.isStream = isStream
        self.username = username
        self.password = password
    }
}

/// What an allocation tells.
package enum RelayEvent: Sendable, Equatable {
    /// It is there, and a first peer can be reached through it.
    case ready(NetworkAddress)
    /// It cannot be had, or is lost.
    case over
}

/// A TURN client of one allocation (RFC 8656), over UDP or a connection, with long-term credentials (RFC 8489 §9.2).
///
/// Driven as every protocol object here. Peers are reached by channels alone: one is bound for each peer that is named, which
/// gives the permission as well, and what is sent before that is lost, as on any path. A datagram for a peer gets four bytes
/// before it and leaves for the relay; what comes from there with a channel's number is a peer's.
package struct RelayAllocation: Sendable {
    /// The most peers; more are not reached.
    package static let peersMax = 16
    /// Bytes before a peer's datagram (RFC 8656 §12.4).
    package static let headCount = 4
    /// The wait before a request is repeated first; doubled each time (RFC 8489 §6.2.1).
    package static let repeatAfter = MediaDuration.milliseconds(500)
    /// How often a request is sent, and how many times the first wait it has after the last time (RFC 8489 §6.2.1).
    package static let sendsMax = 7
    /// How often one request is begun anew because the relay wants another nonce.
    package static let challengesMax = 3
    /// Channels are bound anew so often: they last ten minutes, and the permission behind them five (RFC 8656 §9, §12).
    package static let rebindAfter = MediaDuration.seconds(240)
    /// How long an allocation is asked for, in seconds; the relay may say otherwise.
    package static let lifetimeSeconds: UInt32 = 600
    /// How long no peer is heard through the relay until it is asked whether the allocation is there still; doubled each time.
    /// Peers send reports each second.
    package static let silenceMax = MediaDuration.milliseconds(1_200)
    /// How often that is doubled at most: then it is asked each five minutes.
    private static let checkDoublingsMax: Int64 = 9

    private struct Request {
        let content: TURNRequest
        /// Whether it only asks if the allocation is there still.
        var isCheck = false
        var id: STUNTransactionID
        var sends = 0
        var challenges = 0
        var due: MediaInstant

        var isRefresh: Bool { if case .refresh = content { true } else { false } }
    }

    private struct Channel {
        let number: UInt16
        let peer: NetworkAddress
        var isBound = false
        var isRefused = false
        /// When it is bound anew.
        var due: MediaInstant?
    }

    /// The way to the relay itself.
    package let path: TransportPath
    /// What opens it.
    package let access: RelayAccess
    private let seed: (UInt64, UInt64)
    private var count: UInt64 = 0
    private var credentials: TURNCredentials?
    private var requests: [Request] = []
    private var channels: [Channel] = []
    private var refreshDue: MediaInstant?
    /// When a peer was heard last, and how often the relay was asked for its silence since.
    private var heardAt: MediaInstant
    private var checkedAt: MediaInstant
    private var checks: Int64 = 0
    private var events: [RelayEvent] = []
    /// Whether a peer can be reached through it.
    package private(set) var isReady = false
    private var isReleased = false
    /// The address on the relay; `nil` while there is none.
    package private(set) var relayed: NetworkAddress?
    /// Whether it is lost, or given back, and nothing comes of it any more.
    package private(set) var isOver = false

    /// Asks for an allocation.
    /// - Parameters:
    ///   - peers: Who is to be reached through it.
    ///   - random: One for secrets.
    package init(
        _ access: RelayAccess, peers: [NetworkAddress],
        using random: inout some RandomNumberGenerator, at now: MediaInstant
    ) {
        self.access = access
        path = TransportPath(socket: access.socket, remote: access.server)
        seed = (random.next(), random.next())
        heardAt = now
        checkedAt = now
        begin(.allocate, at: now)
        add(peers: peers, at: now)
    }

    /// Names more peers; known ones change nothing, nor do those of another family than the relay's address.
    package mutating func add(peers: [NetworkAddress], at now: MediaInstant) {
        for peer in peers where peer.isIPv6 == access.server.isIPv6 && peer.port != 0 {
            guard channels.count < Self.peersMax, !channels.contains(where: { $0.peer == peer })
            else { continue }
            // RFC 8656 §12: 0x4000 to 0x4FFF.
            let channel = Channel(number: 0x4000 + UInt16(channels.count), peer: peer)
            channels.append(channel)
            if relayed != nil { begin(.bindChannel(channel.number, peer: peer), at: now) }
        }
    }

    /// Gives the allocation back; what follows is one request, if it is sent at all.
    package mutating func release(at now: MediaInstant) {
        guard !isOver, !isReleased else { return }
        isReleased = true
        requests = []
        for index in channels.indices { channels[index].due = nil }
        refreshDue = nil
        guard relayed != nil else {
            isOver = true
            return
        }
        begin(.refresh(lifetimeSeconds: 0), at: now)
    }

    /// The connection to the relay was closed, or could not be opened.
    package mutating func closed() { end() }

    // MARK: Datagrams of peers

    /// Puts the channel's head before a datagram, which stands in `bytes[0..<count]`.
    /// - Returns: What is to be sent on ``path``, in bytes; `nil`: the peer cannot be reached, or there is no room.
    package func wrap(
        _ bytes: inout MutableSpan<UInt8>, count: Int, to peer: NetworkAddress
    ) -> Int? {
        guard !isOver, !isReleased, count > 0,
            bytes.count >= count + Self.headCount,
            let channel = channels.first(where: { $0.peer == peer && $0.isBound })
        else { return nil }
        var index = count
        while index > 0 {
            index -= 1
            bytes[index + Self.headCount] = bytes[index]
        }
        bytes.setUInt16(channel.number, at: 0)
        bytes.setUInt16(UInt16(truncatingIfNeeded: count), at: 2)
        return count + Self.headCount
    }

    /// Whose datagram this is that came on ``path``, and where in it; `nil`: none of a channel.
    package func unwrap(_ bytes: Span<UInt8>) -> (peer: NetworkAddress, range: Range<Int>)? {
        guard let number = bytes.uint16(at: 0), let count = bytes.uint16(at: 2),
            number & 0xC000 == 0x4000, count > 0, bytes.count >= Self.headCount + Int(count),
            let channel = channels.first(where: { $0.number == number && $0.isBound })
        else { return nil }
        return (channel.peer, Self.headCount..<(Self.headCount + Int(count)))
    }

    /// A peer was heard through the relay.
    package mutating func noteHeard(at now: MediaInstant) {
        heardAt = now
        checks = 0
    }

    // MARK: Driving

    /// Takes a message that came on ``path``.
    /// - Returns: `false` if it answers nothing that was asked: it is somebody else's, or forged.
    package mutating func receive(_ datagram: Span<UInt8>, at now: MediaInstant) -> Bool {
        guard !requests.isEmpty, let message = try? STUNMessage.parse(datagram),
            message.messageClass == .success || message.messageClass == .error,
            let index = requests.firstIndex(where: {
                $0.id == message.transactionID && $0.content.method == message.method
            }), requests[index].sends > 0
        else { return false }
        let request = requests[index]
        if message.messageClass == .success {
            // Only the relay that knows the password can have done it.
            guard let credentials,
                message.verifyIntegrity(in: datagram, key: credentials.key.span)
            else { return false }
            requests.remove(at: index)
            succeed(request.content, message, at: now)
        } else if message.errorCode == 401 || message.errorCode == 438 {
            challenge(index, message, datagram, at: now)
        } else {
            requests.remove(at: index)
            fail(request, code: message.errorCode)
        }
        return true
    }

    /// Repeats, refreshes and gives up.
    package mutating func advance(to now: MediaInstant) {
        guard !isOver else { return }
        for request in requests where request.sends >= Self.sendsMax && request.due <= now {
            fail(request)
        }
        requests.removeAll { $0.sends >= Self.sendsMax && $0.due <= now }
        guard !isOver, !isReleased else { return }
        if let due = refreshDue, due <= now {
            refreshDue = nil
            begin(.refresh(lifetimeSeconds: Self.lifetimeSeconds), at: now)
        }
        if let due = checkDue, due <= now {
            checks = min(checks + 1, Self.checkDoublingsMax)
            checkedAt = now
            begin(.refresh(lifetimeSeconds: Self.lifetimeSeconds), isCheck: true, at: now)
        }
        for index in channels.indices {
            guard let due = channels[index].due, due <= now else { continue }
            channels[index].due = nil
            begin(.bindChannel(channels[index].number, peer: channels[index].peer), at: now)
        }
    }

    /// When ``advance(to:)`` or ``pollTransmit(into:at:)`` has something to do; `nil`: never.
    package var nextDeadline: MediaInstant? {
        guard !isOver else { return nil }
        var deadline = refreshDue
        if let due = checkDue { deadline = min(deadline ?? due, due) }
        for due in requests.lazy.map(\.due) { deadline = min(deadline ?? due, due) }
        for due in channels.lazy.compactMap(\.due) { deadline = min(deadline ?? due, due) }
        return deadline
    }

    /// Writes the next request that is due, for ``path``.
    /// - Parameter output: Needs `STUNWriter.relayByteCountMax` free bytes, else nothing is written.
    /// - Returns: Whether there was one.
    package mutating func pollTransmit(
        into output: inout OutputSpan<UInt8>, at now: MediaInstant
    ) -> Bool {
        guard !isOver,
            let index = requests.firstIndex(where: { $0.due <= now && $0.sends < Self.sendsMax }),
            STUNWriter.writeRelayRequest(
                requests[index].content, requests[index].id, credentials: credentials,
                into: &output)
        else { return false }
        // Over TCP once (RFC 8489 §6.2.2), with the wait that is the last one over UDP.
        requests[index].sends = access.isStream ? Self.sendsMax : requests[index].sends + 1
        let sends = requests[index].sends
        requests[index].due =
            now + Self.repeatAfter * (sends == Self.sendsMax ? 16 : 1 << Int64(sends - 1))
        // Whether the goodbye arrives is not waited for.
        if isReleased { isOver = true }
        return true
    }

    /// The next event; `nil`: none.
    package mutating func pollEvent() -> RelayEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }

    // MARK: Inside

    private mutating func begin(
        _ content: TURNRequest, isCheck: Bool = false, at now: MediaInstant
    ) {
        requests.append(Request(content: content, isCheck: isCheck, id: newID(), due: now))
    }

    /// When the relay is asked whether the allocation is there still. A NAT that forgets gives a client another address, from
    /// where the relay takes nothing; a connection would break.
    private var checkDue: MediaInstant? {
        guard isReady, !isReleased, !access.isStream, !requests.contains(where: \.isRefresh) else {
            return nil
        }
        guard checks > 0 else { return heardAt + Self.silenceMax }
        return checkedAt + Self.silenceMax * (1 << (checks - 1))
    }

    /// An id that nobody can foresee: a code over a counter under a random key.
    private mutating func newID() -> STUNTransactionID {
        count &+= 1
        func bytes(_ number: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
        }
        let code = MessageAuthentication.hmacSHA1(
            key: (bytes(seed.0) + bytes(seed.1)).span, message: bytes(count).span)
        let span = code.span
        return STUNTransactionID(high: span.uint64(at: 0) ?? 0, low: span.uint32(at: 8) ?? 0)
    }

    /// Asks again as the relay wants to be asked (RFC 8489 §9.2.5).
    private mutating func challenge(
        _ index: Int, _ message: STUNMessage, _ datagram: Span<UInt8>, at now: MediaInstant
    ) {
        guard requests[index].challenges < Self.challengesMax,
            // A second 401 says that the credentials are wrong.
            message.errorCode == 438 || credentials == nil,
            let realm = message.realm(in: datagram), let nonce = message.nonce(in: datagram),
            let found = TURNCredentials(
                username: access.username, password: access.password,
                realm: datagram.extracting(realm).copied(),
                nonce: datagram.extracting(nonce).copied())
        else {
            return fail(requests.remove(at: index), code: message.errorCode)
        }
        credentials = found
        requests[index].challenges += 1
        requests[index].id = newID()
        requests[index].sends = 0
        requests[index].due = now
    }

    private mutating func succeed(
        _ content: TURNRequest, _ message: STUNMessage, at now: MediaInstant
    ) {
        switch content {
        case .allocate:
            guard let address = message.xorRelayedAddress, address.port != 0 else {
                return end()
            }
            relayed = address
            planRefresh(message.lifetimeSeconds, at: now)
            for channel in channels {
                begin(.bindChannel(channel.number, peer: channel.peer), at: now)
            }
        case .refresh: planRefresh(message.lifetimeSeconds, at: now)
        case .bindChannel(let number, _):
            guard let index = channels.firstIndex(where: { $0.number == number }) else { return }
            channels[index].isBound = true
            channels[index].due = now + Self.rebindAfter
            guard !isReady, let relayed else { return }
            isReady = true
            events.append(.ready(relayed))
        }
    }

    /// A minute before its end, or in the middle of a short life.
    private mutating func planRefresh(_ seconds: UInt32?, at now: MediaInstant) {
        let lifetime = Int64(min(seconds ?? Self.lifetimeSeconds, 86_400))
        refreshDue = now + .seconds(max(lifetime - 60, lifetime / 2, 5))
    }

    /// - Parameter code: Why it was refused; `nil`: it was not answered.
    private mutating func fail(_ request: Request, code: Int? = nil) {
        // RFC 8656 §7.2: 437 says that there is no allocation, as for an address that a NAT has changed. Of what else a check
        // is refused for, the refreshes tell in time.
        if request.isCheck, let code, code != 437 { return }
        guard case .bindChannel(let number, _) = request.content else { return end() }
        guard let index = channels.firstIndex(where: { $0.number == number }) else { return }
        channels[index].isBound = false
        channels[index].isRefused = true
        channels[index].due = nil
        if channels.allSatisfy(\.isRefused) { end() }
    }

    private mutating func end() {
        guard !isOver else { return }
        isOver = true
        requests = []
        events.append(.over)
    }
}
