// Driven sessions in a room of a real server.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import SignalServer
import Signaling
import Testing
import Wire

@testable import ClientIO

@Suite(.timeLimit(.minutes(1)))
struct SessionDriverTests {
    @Test func whatOneDoesTheOtherSees() async throws {
        try await withServer { server in
            let anna = try TestClient(port: server.port)
            let bert = try TestClient(port: server.port)
            try await anna.join("anna")
            #expect(try await anna.nextChange().reason == .joinRequested)
            #expect(try await anna.nextChange().reason == .joined)
            try await bert.join("bert")
            let state = await bert.driver.state
            #expect(state.phase == .connected && state.room?.name.text == "demo")
            #expect(state.participant?.id.text == "bert" && state.failure == nil)
            #expect(state.roster.participants.map(\.info.id.text) == ["anna"])
            let newcomer = try await anna.told {
                if case .participantJoined(let info) = $0 { info.id.text } else { nil }
            }
            #expect(newcomer == "bert")

            // Publishing: 0, 2, 3.
            try await bert.driver.publish(.microphone, mid: MediaSectionID("0"))
            var states: [PublishState] = [.idle]
            while states.last != .published {
                let (from, to) = try await bert.next {
                    if case .publishing(.microphone, let from, let to) = $0 {
                        (from, to)
                    } else {
                        nil
                    }
                }
                #expect(from == states.last)
                states.append(to)
            }
            #expect(states == [.idle, .publishing, .published])
            let track = try await anna.told {
                if case .trackPublished(_, let track) = $0 { track } else { nil }
            }
            #expect(track.source == .microphone)
            #expect(await bert.driver.state.publications.first?.track == track.id)
            try await bert.driver.mute(mid: MediaSectionID("0"), true)
            _ = try await anna.told {
                if case .trackMuted(_, track.id, true) = $0 { true } else { nil }
            }

            // Messages and data.
            let unreachable = try await anna.driver.sendMessage(
                OutgoingMessage(to: [ParticipantID("bert"), ParticipantID("carl")], content: "hi"))
            #expect(unreachable.map(\.text) == ["carl"])
            let message = try await bert.told {
                if case .messageReceived(let message) = $0 { message } else { nil }
            }
            #expect(message.content == "hi" && message.participant?.text == "anna")
            let stream = try await anna.driver.openDataStream()
            for number in 0..<3 {
                try await anna.driver.send([UInt8(number)], over: stream)
            }
            for number in 0..<3 {
                let packet = try await bert.told {
                    if case .dataReceived(let packet) = $0 { packet } else { nil }
                }
                #expect(packet.bytes == [UInt8(number)])
            }

            await bert.driver.leave()
            #expect(await bert.driver.phase == .disconnected)
            #expect(try await bert.reach(.disconnected) == .left)
            let reason = try await anna.told {
                if case .participantLeft(_, let reason) = $0 { reason } else { nil }
            }
            #expect(reason == .left)
            #expect(bert.media.calls == ["offer join", "answer join", "end"])
        }
    }

    @Test func whoIsInMayNotJoinAgainUntilOut() async throws {
        try await withServer { server in
            let client = try TestClient(port: server.port)
            try await client.join("anna")
            let error = await #expect(throws: SessionFailure.self) { try await client.join("anna") }
            #expect(error?.code == ErrorCode.invalidState.rawValue)
            #expect(await client.driver.phase == .connected)
            await client.driver.leave()
            try await client.join("anna")
            #expect(await client.driver.phase == .connected)
        }
    }

    @Test func aWrongTokenIsRefusedByItsCode() async throws {
        try await withServer {
            $0.isDevelopment = false
        } _: { server in
            let client = try TestClient(port: server.port)
            let other = Array("another secret of thirty-two bytes".utf8)
            let tokens: [(String?, ErrorCode, ChangeReason)] = [
                (nil, .tokenRequired, .tokenRequired),
                (
                    try TestServer.token(participant: "anna", secret: other),
                    .tokenSignatureInvalid, .tokenInvalid
                ),
                (
                    try TestServer.token(participant: "anna", expiresIn: -60), .tokenExpired,
                    .tokenExpired
                ),
            ]
            for (token, code, reason) in tokens {
                let error = await #expect(throws: SessionFailure.self) {
                    try await client.join(token: token)
                }
                #expect(error?.code == code.rawValue)
                #expect(try await client.reach(.disconnected) == reason)
                #expect(await client.driver.state.failure == error)
            }
            try await client.join(token: TestServer.token(participant: "anna"))
        }
    }

    @Test func whoModeratesSendsAwayAndWhatWaitedIsLost() async throws {
        try await withServer { server in
            let anna = try TestClient(port: server.port)
            let bert = try TestClient(port: server.port)
            try await anna.join("anna")
            try await bert.join("bert")
            try await anna.driver.changeParticipant(
                ParticipantID("bert"), ParticipantChange(name: DisplayName("Bert")))
            try await anna.driver.removeParticipant(ParticipantID("bert"))
            #expect(try await bert.reach(.disconnected) == .kicked)
            #expect(await bert.driver.state.failure?.code == ErrorCode.kicked.rawValue)
            let error = await #expect(throws: SessionFailure.self) {
                try await bert.driver.sendMessage(OutgoingMessage(content: "late"))
            }
            #expect(error?.code == ErrorCode.invalidState.rawValue)
            let nobody = await #expect(throws: SessionFailure.self) {
                try await anna.driver.removeParticipant(ParticipantID("bert"))
            }
            #expect(nobody?.code == ErrorCode.participantNotFound.rawValue)
            // A refused request is no failure of the connection.
            #expect(await anna.driver.state.failure == nil)
        }
    }

    @Test func whatIsRefusedIsNotPublished() async throws {
        try await withServer { server in
            let client = try TestClient(port: server.port)
            // Noted, and published with the room.
            try await client.driver.publish(.microphone, mid: MediaSectionID("0"))
            try await client.join("anna")
            // Section 2 receives.
            let error = await #expect(throws: SessionFailure.self) {
                try await client.driver.publish(.camera, mid: MediaSectionID("2"))
            }
            #expect(error?.code == ErrorCode.sectionNotFound.rawValue)
            #expect(await client.driver.state.publications.map(\.source) == [.microphone])
            try await client.driver.publish(.camera, mid: MediaSectionID("1"))
            #expect(await client.driver.state.publications.allSatisfy { $0.state == .published })
            try await client.driver.unpublish(mid: MediaSectionID("0"))
            #expect(await client.driver.state.publications.map(\.source) == [.camera])
        }
    }

    @Test func choicesAndTextsAreTaken() async throws {
        try await withServer { server in
            let anna = try TestClient(port: server.port)
            let bert = try TestClient(port: server.port)
            try await anna.join("anna")
            try await bert.join("bert")
            try await bert.driver.publish(.camera, mid: MediaSectionID("1"))
            _ = try await anna.told { if case .trackPublished = $0 { true } else { nil } }
            let id = try ParticipantID("bert")
            try await anna.driver.setQuality(VideoChoice(quality: .low), of: id)
            try await anna.driver.setSubscribed(false, to: id)
            let track = await anna.driver.state.roster.participant(id)?.tracks.first
            #expect(track?.state == .unsubscribed)
            try await bert.driver.updateSelf(ParticipantUpdate(name: DisplayName("B")))
            try await bert.driver.setRole(.audience)
            try await bert.driver.renewToken(TestServer.token(participant: "bert"))
            await bert.driver.report(NetworkQuality(up: .good, down: .good))
            #expect(await bert.driver.state.participant?.name?.text == "B")
        }
    }
}
