// What rooms tell where their server is gone, and what goes on by itself.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Foundation
import MediaCodecs
import Testing
import Wire
import struct Signaling.GrantsChange
import struct Signaling.ParticipantChange
import struct Signaling.ParticipantID

@testable import Martlet

/// Options of a session whose minute is a second, while its server runs on the machine's clock.
private func hurried() -> DriverOptions {
    var options = DriverOptions()
    options.clock = DriverClock(rate: 60)
    options.timing.joinTimeout = .seconds(600)
    options.timing.attemptTimeout = .seconds(300)
    options.timing.mediaConnectTimeout = .seconds(600)
    options.timing.pingInterval = .seconds(30)
    options.timing.signalTimeout = .seconds(600)
    options.timing.mediaTimeout = .seconds(1_200)
    options.requestTimeout = .seconds(600)
    return options
}

/// Two in a room, of whom one talks all the time and the other listens.
private final class Pair: Sendable {
    let ada = Room(driverOptions: hurried(), observer: nil)
    let bob = Room(driverOptions: hurried(), observer: nil)
    let voice: AudioSource
    /// All that each is told from before joining on.
    let events: (ada: AsyncStream<RoomEvent>, bob: AsyncStream<RoomEvent>)
    private let talking: Task<Void, Never>

    init() throws {
        let voice = try AudioSource()
        self.voice = voice
        events = (ada.events, bob.events)
        talking = Task { await push(440, into: voice) }
    }

    deinit { talking.cancel() }

    func join(_ server: String) async throws {
        try await ada.join(JoinOptions(server: server, room: "demo", participant: "ada"))
        try await ada.localParticipant.publish(voice)
        try await bob.join(JoinOptions(server: server, room: "demo", participant: "bob"))
    }

    /// Bob lets ada send no more data.
    func forbidData() async throws {
        try await bob.linked().session.changeParticipant(
            try ParticipantID("ada"), ParticipantChange(grants: GrantsChange(data: false)))
    }

    func leave() async {
        await ada.leave()
        await bob.leave()
    }
}

/// Waits until a stream has the tone in it, later than a moment.
private func hearTone(_ stream: AsyncStream<AudioFrame>, since: Date = .distantPast) async throws {
    let start = Int64(since.timeIntervalSince1970 * 1e6)
    _ = try await first(of: stream) { frame in
        let found = heard(frame.samples, rate: frame.format.sampleRate)
        return frame.timestampMicroseconds > start && found.loudness > 3_000
            && abs(found.frequency - 440) < 60 ? true : nil
    }
}

/// Waits until one is told to have other rights.
private func rightsChange(_ events: AsyncStream<RoomEvent>) async throws {
    try await first(of: events) { if case .permissionsChanged = $0 { () } else { nil } }
}

private let mono = SoundFormat(sampleRate: 48_000, channels: 1)

@Suite(.serialized, .timeLimit(.minutes(1))) struct ServerGoneTests {
    /// Longer than the window of 45 s: the room is left, and can be joined again with the same sources.
    @Test func B05_B14_B18_B27_aServerGoneFor60SecondsEndsTheSession() async throws {
        let pair = try Pair()
        let port = try await withServer { server in
            try await pair.join(server)
            try await hearTone(try await pair.bob.mixedAudio(format: mono))
            return URL(string: server)?.port ?? 0
        }
        let died = ContinuousClock.now
        let mixed = try await pair.bob.mixedAudio(format: mono)
        for events in [pair.events.ada, pair.events.bob] {
            let found = try await moves(events, to: .reconnectTimedOut)
            let lost = Set(found.map(\.reason)).intersection([.signalLost, .mediaLost])
            #expect(!lost.isEmpty && found.dropLast().last?.to.isReconnecting == true)
            let end = try #require(found.last)
            #expect(end.from.isReconnecting && end.to == .disconnected(.reconnectTimedOut))
            #expect(end.error?.code == 6_001 && end.error?.message.isEmpty == false)
        }
        // Nobody is anybody any more.
        #expect(pair.ada.localParticipant.id == nil)
        #expect(await pair.ada.localParticipant.publications.isEmpty)
        // What was received ends with the session, and nothing more can be asked for.
        for await _ in mixed {}
        do throws(MartletError) {
            _ = try await pair.bob.mixedAudio()
            Issue.record("there is no room")
        } catch {
            #expect(error.code == 1_005)
        }
        // The minute is over.
        try await Task.sleep(until: died + .seconds(1))
        #expect(pair.ada.connectionState == .disconnected(.reconnectTimedOut))
        try await withServer(port: port) { server in
            try await pair.join(server)
            try await hearTone(try await pair.bob.mixedAudio(format: mono))
            await pair.leave()
        }
    }

    /// Within the window everything comes back by itself: what was published, and what was listened to.
    @Test func B10_B14_B21_R04_aServerGoneFor20SecondsIsJoinedAnewAndMediaGoOn() async throws {
        let pair = try Pair()
        let rights = pair.ada.events
        let (port, mixed) = try await withServer { server in
            try await pair.join(server)
            try await pair.forbidData()
            try await rightsChange(rights)
            #expect(pair.ada.localParticipant.permissions?.data == false)
            let mixed = try await pair.bob.mixedAudio(format: mono)
            try await hearTone(mixed)
            return (URL(string: server)?.port ?? 0, mixed)
        }
        try await Task.sleep(for: .milliseconds(333))
        let ada = pair.ada.localParticipant
        let before = await ada.publications
        #expect(before.map(\.source) == [.microphone] && ada.id == "ada")
        try await withServer(port: port) { _ in
            for events in [pair.events.ada, pair.events.bob] {
                let found = try await moves(events, to: .restarted)
                #expect(found.last?.from.isReconnecting == true)
                #expect(found.last?.to == .connected && found.last?.error == nil)
            }
            // The new session lets her do what the token says again, and she is told.
            try await rightsChange(rights)
            #expect(pair.ada.localParticipant.permissions?.data == true)
            try await hearTone(mixed, since: Date())
            #expect(await pair.bob.remoteParticipants.map(\.id) == ["ada"])
            // The new session has the same participant, who publishes the same.
            let after = await ada.publications
            #expect(after.count == 1 && after.first === before.first && ada.id == "ada")
            await pair.leave()
            #expect(await ada.publications.isEmpty && ada.id == nil)
        }
    }
}

extension ConnectionState {
    fileprivate var isReconnecting: Bool {
        if case .reconnecting = self { true } else { false }
    }
}
