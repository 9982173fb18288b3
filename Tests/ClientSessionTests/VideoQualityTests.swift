// That a choice of quality holds over breaks and new sessions.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@testable import ClientSession

@Suite struct VideoQualityTests {
    private func choices(_ client: SessionHarness) -> [String] {
        client.sent.compactMap { message in
            guard case .setQuality(_, let who, let source, let choice) = message else {
                return nil
            }
            return "\(who.text)/\(source) \(choice.quality)"
        }
    }

    @Test("S01 S02: a quality is asked for, and again of a server started anew")
    func qualityIsKept() throws {
        var client = try SessionHarness()
        let info = try bob()
        let room = SessionHarness.roomID
        #expect(throws: SignalingError(.invalidState)) {
            try client.perform { try $0.setQuality(VideoChoice(quality: .low), of: info.id) }
        }
        try client.join([info], room: room)
        try client.perform { try $0.setQuality(VideoChoice(quality: .medium), of: info.id) }
        try client.perform { try $0.setQuality(VideoChoice(quality: .low), of: info.id) }
        try client.perform {
            try $0.setQuality(VideoChoice(quality: .low), of: info.id, source: .screen)
        }
        try client.perform { try $0.setQuality(VideoChoice(), of: info.id, source: .screen) }
        #expect(
            choices(client) == [
                "bob/camera medium", "bob/camera low", "bob/screen low", "bob/screen high",
            ])
        let before = choices(client).count
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        guard case .join(let id, _)? = client.sent.last else {
            Issue.record("no join")
            return
        }
        client.hear(try client.joined(to: id, participants: [info], room: room))
        #expect(choices(client).dropFirst(before) == ["bob/camera low"])
    }

    @Test("S02: nobody chooses a quality of sound, or of who is not there")
    func refusals() throws {
        var client = try SessionHarness()
        let info = try bob()
        try client.join([info])
        #expect(throws: SignalingError(.invalidArgument)) {
            try client.perform {
                try $0.setQuality(VideoChoice(quality: .low), of: info.id, source: .microphone)
            }
        }
        let nobody = try ParticipantID("nobody")
        #expect(throws: SignalingError(.participantNotFound)) {
            try client.perform { try $0.setQuality(VideoChoice(quality: .low), of: nobody) }
        }
        #expect(choices(client) == [])
    }
}
