// A peer made by hand: it sends a lite agent whatever check a test wants and reads the replies.
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
import STUN
import Wire

@testable import ICE

/// Credentials of a fixed seed.
func credentials(_ seed: UInt64) -> ICECredentials {
    var random = SeededRandom(seed: seed)
    return ICECredentials.random(using: &random)
}

func path(_ address: String, socket: UInt16 = 0) -> TransportPath {
    TransportPath(
        socket: socket, remote: NetworkAddress(address) ?? NetworkAddress(ipv4: 0, port: 0))
}

func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant.zero + .milliseconds(milliseconds)
}

/// What a check carries.
struct Check {
    var fragment: String
    var password: String
    var number: UInt32
    var priority: UInt32 = 0x6E00_01FF
    var role = STUNBindingRequest.Role.controlling(tieBreaker: 1)
    var nominates = false

    init(to credentials: ICECredentials, number: UInt32, nominates: Bool = false) {
        fragment = credentials.usernameFragment
        password = credentials.password
        self.number = number
        self.nominates = nominates
    }

    /// The check's bytes.
    var bytes: [UInt8] {
        let request = STUNBindingRequest(
            transactionID: STUNTransactionID(high: 0, low: number), priority: priority, role: role,
            useCandidate: nominates)
        return [UInt8](capacity: STUNWriter.byteCountMax) { output in
            _ = STUNWriter.writeBindingRequest(
                request, username: Array("\(fragment):peer".utf8).span,
                key: Array(password.utf8).span, into: &output)
        }
    }
}

/// An agent in a box, for the macros of the tests, which take no values that cannot be copied.
final class BoxedAgent {
    var agent: ICEAgent

    init(_ agent: consuming ICEAgent) { self.agent = agent }

    var selectedPath: TransportPath? { agent.selectedPath }
    var lastReceived: MediaInstant { agent.lastReceived }
    var nextDeadline: MediaInstant? { agent.nextDeadline }
    var pathCount: Int { agent.paths.count }
    var eventCount: Int { agent.events.count }
    var role: ICERole { agent.role }
    var selectedPair: ICESelectedPair? { agent.selectedPair }
    var hasSelected: Bool { agent.hasSelected }
    var localCandidates: [ICELocalCandidate] { agent.localCandidates }
    var remoteCandidates: [ICECandidate] { agent.remoteCandidates }

    func isValidated(_ path: TransportPath) -> Bool { agent.isValidated(path) }
    func noteTraffic(on path: TransportPath, at now: MediaInstant) {
        agent.noteTraffic(on: path, at: now)
    }
    func restart(local: ICECredentials, remote: ICECredentials?, at now: MediaInstant) {
        agent.restart(local: local, remote: remote, at: now)
    }
    func advance(to now: MediaInstant) { agent.advance(to: now) }

    /// Takes an array of bytes; `nil` if it was taken, else why not.
    func take(
        _ bytes: [UInt8], on path: TransportPath, at now: MediaInstant
    ) -> ICEDropReason? {
        do {
            try agent.receive(bytes.span, on: path, at: now)
            return nil
        } catch {
            return error
        }
    }

    /// The next datagram to send, with its path.
    func transmitted(
        capacity: Int = STUNWriter.byteCountMax
    ) -> (path: TransportPath, bytes: [UInt8])? {
        var path: TransportPath?
        let bytes = [UInt8](capacity: capacity) { output in
            path = agent.pollTransmit(into: &output)
        }
        return path.map { ($0, bytes) }
    }

    /// All events that wait.
    func allEvents() -> [ICEEvent] {
        var events: [ICEEvent] = []
        while let event = agent.pollEvent() { events.append(event) }
        return events
    }

    /// Advances through every deadline up to `end`; the events on the way with their times.
    func live(until end: MediaInstant) -> [(MediaInstant, ICEEvent)] {
        var log: [(MediaInstant, ICEEvent)] = []
        while let deadline = agent.nextDeadline, deadline <= end {
            agent.advance(to: deadline)
            while let event = agent.pollEvent() { log.append((deadline, event)) }
        }
        agent.advance(to: end)
        while let event = agent.pollEvent() { log.append((end, event)) }
        return log
    }
}

/// HMAC-SHA-1 as an array.
func hmac(_ bytes: [UInt8], _ password: String) -> [UInt8] {
    let code = MessageAuthentication.hmacSHA1(
        key: Array(password.utf8).span, message: bytes.span)
    return code.indices.map { code[$0] }
}
