// Which messages are numbered and kept for a session that comes back, and what they weigh.
// SPDX-License-Identifier: Apache-2.0

extension ServerMessage {
    /// Whether the message takes a number in its session's sequence: both sides count such messages
    /// after `joined`, and those not acknowledged are sent again after a break.
    ///
    /// The others are about the connection itself or soon outdated.
    package var isSequenced: Bool {
        switch self {
        case .joined, .resumed, .audioLevels, .networkQuality, .ping, .pong, .disconnected: false
        default: true
        }
    }

    /// About how many bytes it takes to keep the message; no less than its texts have.
    package var approximateBytes: Int {
        let fixed = 128
        switch self {
        case .joined(_, let reply):
            return reply.participants.reduce(fixed + reply.answer.byteCount) {
                $0 + $1.approximateBytes
            }
        case .answer(_, let body): return fixed + body.byteCount
        case .participantJoined(let info), .participantUpdated(let info):
            return fixed + info.approximateBytes
        case .slots(let assignments): return fixed + 160 * assignments.count
        case .dataReceived(let packet): return fixed + packet.bytes.count
        case .messageReceived(let message): return fixed + message.content.utf8.count
        case .sent(_, let unreachable): return fixed + 64 * unreachable.count
        case .iceServersChanged(let servers):
            return servers.reduce(fixed) { $0 + $1.approximateBytes }
        default: return fixed
        }
    }
}

extension ParticipantInfo {
    /// About how many bytes it takes to keep the description.
    fileprivate var approximateBytes: Int {
        let texts = (name?.text.utf8.count ?? 0) + (metadata?.text.utf8.count ?? 0)
        return attributes.entries.reduce(256 + texts + 128 * tracks.count) {
            $0 + $1.name.utf8.count + $1.value.utf8.count
        }
    }
}

extension ICEServer {
    /// About how many bytes it takes to keep the server.
    fileprivate var approximateBytes: Int {
        let access = (username?.utf8.count ?? 0) + (credential?.utf8.count ?? 0)
        return urls.reduce(64 + access) { $0 + 16 + $1.utf8.count }
    }
}

extension SDPBody {
    /// How many bytes the description has in the form it has.
    fileprivate var byteCount: Int {
        switch self {
        case .plain(let text): text.utf8.count
        case .deflated(let bytes): bytes.count
        }
    }
}
