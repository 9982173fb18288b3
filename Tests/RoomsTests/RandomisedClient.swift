// A client as random runs see it: its end of a connection that loses, breaks and comes back.
// SPDX-License-Identifier: Apache-2.0
import Signaling

@testable import Rooms

/// What one client has, and what it should have.
struct ClientModel {
    /// A packet that is not answered yet, to be sent again after a break.
    struct Request {
        var id: RequestID
        var tag: UInt8
    }

    enum Link {
        /// Everything arrives.
        case up
        /// What the server sends is lost on the way, and the server does not know.
        case losing
        /// The server knows that there is no socket.
        case gone
    }

    let canResume: Bool
    let receivesData: Bool
    var link = Link.up
    /// The number of the last message that arrived.
    var sequence: UInt64 = 0
    /// The number the last `resumed` told.
    var resumedTo: UInt64 = 0
    /// The packets that arrived, in order.
    var received: [UInt8] = []
    /// The packets that were accepted while this client was a member, in order.
    var expected: [UInt8] = []
    var unanswered: [Request] = []
    /// The participants it was told are interrupted.
    var interrupted: [ParticipantID] = []

    /// Takes a message that arrived.
    mutating func receive(_ message: ServerMessage) {
        if message.isSequenced { sequence += 1 }
        switch message {
        case .joined(_, let reply):
            interrupted = reply.participants.filter(\.interrupted).map(\.id)
        case .resumed(_, let last): resumedTo = last
        case .dataReceived(let packet): received.append(packet.bytes[0])
        case .ok(let id, _): unanswered.removeAll { $0.id == id }
        case .error(let error): unanswered.removeAll { $0.id == error.requestID }
        case .participantJoined(let info):
            if info.interrupted { interrupted.append(info.id) }
        case .participantInterrupted(let id): interrupted.append(id)
        case .participantResumed(let id), .participantLeft(let id, _):
            interrupted.removeAll { $0 == id }
        default: break
        }
    }

    /// What is wrong with what arrived; empty if nothing is.
    var problems: [String] {
        var found: [String] = []
        if link == .up {
            if received != expected { found.append("got \(received), accepted were \(expected)") }
            if sequence < resumedTo { found.append("less was sent again than was told") }
        } else if !expected.starts(with: received) {
            found.append("got \(received) of \(expected)")
        }
        return found
    }
}
