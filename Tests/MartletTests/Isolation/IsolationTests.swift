// That an isolated room does what another does, and that whatever happens to its process, this one lives and is told.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess
import Foundation
import Logging
import MediaCodecs
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Martlet

/// Keeps the lines that engines are said to have written.
private final class LogLines: LogHandler {
    private let lines = Mutex<[(engine: String, text: String)]>([])
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let engine = event.metadata?["engine"].map { "\($0)" } ?? ""
        lines.withLock { $0.append((engine, "\(event.message)")) }
    }

    /// Those of a process.
    func of(_ engine: String) -> [String] {
        lines.withLock { $0 }.filter { $0.engine == engine }.map(\.text)
    }
}

@Suite(.serialized) struct IsolationTests {
    /// A program that takes the place of an engine.
    private static func impostor(_ body: String) throws -> EngineOptions {
        let path = NSTemporaryDirectory() + "martlet-impostor-\(UInt64.random(in: .min ... .max))"
        try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        var options = EngineOptions()
        options.executable = path
        return options
    }

    private static func refusal(_ options: EngineOptions) async -> MartletError? {
        let room = Room(isolation: .process(options))
        do {
            try await room.join(JoinOptions(server: "ws://127.0.0.1:1", room: "demo"))
            return nil
        } catch {
            if let path = options.executable, path.contains("impostor") {
                try? FileManager.default.removeItem(atPath: path)
            }
            return error
        }
    }

    /// The next time that a connection is where it is looked for.
    private static func change(
        _ events: AsyncStream<RoomEvent>, to reason: ChangeReason
    ) async throws -> ConnectionChange {
        try await first(of: events) { event in
            if case .connectionChanged(let change) = event, change.reason == reason {
                change
            } else {
                nil
            }
        }
    }

    @Test func G02_whatIsNoEngineIsSaidSo() async throws {
        var missing = EngineOptions()
        missing.executable = "/nowhere/martlet-media"
        #expect(await Self.refusal(missing)?.code == 1_004)
        for (body, words) in [
            ("exit 3", "status 3"), ("kill -9 $$", "SIGKILL"),
            ("head -c 200000 /dev/urandom >&3; sleep 1", "did not begin"),
            (#"printf '\0\0\0\032\001{"hello":{"version":999}}' >&3; sleep 1"#, "another version"),
        ] {
            let error = await Self.refusal(try Self.impostor(body))
            #expect(error?.code == 6_011, "\(body)")
            #expect(error?.message.contains(words) == true, "\(body): \(error?.message ?? "-")")
        }
        var unwritable = try Self.impostor("exit 0")
        unwritable.logDirectory = "/proc/nowhere"
        #expect(await Self.refusal(unwritable)?.code == 1_004)
    }

    @Test func G06_anEngineThatBeginsAndThenRavesIsLeftBehind() async throws {
        // It says hello as it should, takes the wish to join for what it is not, and says what is no message.
        let error = await Self.refusal(
            try Self.impostor(
                #"printf '\0\0\0\030\001{"hello":{"version":4}}' >&3; sleep 0.2; head -c 100000 /dev/zero >&3; sleep 5"#
            ))
        #expect(error?.code == 6_011)
        #expect(error?.message.contains("a message of 0 bytes") == true, "\(error?.message ?? "-")")
    }

    @Test func errorsOfTheServerCrossUnchanged() async throws {
        let room = Room(isolation: .process())
        let events = room.events
        await #expect(throws: MartletError.self) { try await room.localParticipant.setRole(.host) }
        do {
            try await room.join(JoinOptions(server: "ws://127.0.0.1:1", room: "demo"))
            Issue.record("joined")
        } catch {
            #expect(error.code == 6_000)
        }
        let change = try await Self.change(events, to: .linkFailed)
        #expect(change.error?.code == 6_000 && change.to == .disconnected(.linkFailed))
        #expect(await room.engineProcess == nil)
    }

    @Test func E34_G01_G04_G06_aKilledEngineIsToldAndAnotherGoesOn() async throws {
        try await withServer { server in
            let folder = NSTemporaryDirectory() + "martlet-logs-\(UInt64.random(in: .min ... .max))"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var options = EngineOptions()
            options.restarts = true
            options.logDirectory = folder
            options.mediaPorts = 42_000...45_000
            let lines = LogLines()
            options.logger = Logger(label: "test") { _ in lines }
            let room = Room(isolation: .process(options))
            let changes = room.events
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            #expect(room.connectionState == .connected)
            #expect(room.localParticipant.id == "ada")
            let engine = try #require(await room.engineProcess)
            let log = try String(contentsOfFile: "\(folder)/engine-\(engine).log", encoding: .utf8)
            #expect(log.contains("engine \(engine) begins"))
            // The same is said to the application, when it comes to that.
            for _ in 0..<200 where lines.of("\(engine)").count < 2 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(
                lines.of("\(engine)") == [
                    "disconnected -> connecting: joinRequested", "connecting -> connected: joined",
                ])

            let sound = try AudioSource()
            let pushing = Task { await push(440, into: sound) }
            let publication = try await room.localParticipant.publish(sound)
            let other = Room()
            try await other.join(JoinOptions(server: server, room: "demo", participant: "bob"))
            let voice = try AudioSource()
            let talking = Task { await push(880, into: voice) }
            try await other.localParticipant.publish(voice)
            let heardThere = try await other.mixedAudio()
            let mixed = try await room.mixedAudio(
                format: SoundFormat(sampleRate: 48_000, channels: 1))
            func hears(
                _ stream: AsyncStream<AudioFrame>, _ frequency: Double, since: Int64 = 0
            ) async throws {
                _ = try await first(of: stream) { frame in
                    let channels = frame.format.channels
                    let mono = stride(from: 0, to: frame.samples.count, by: channels).map {
                        frame.samples[$0]
                    }
                    let found = heard(mono, rate: 48_000)
                    return frame.timestampMicroseconds > since && found.loudness > 3_000
                        && abs(found.frequency - frequency) < 120
                        ? true : nil
                }
            }
            try await hears(mixed, 880)
            try await hears(heardThere, 440)
            #expect(await publication.statistics.first?.packets ?? 0 > 0)
            // What the machine gives is for both processes.
            let (whole, own) = (room.systemStatistics, other.systemStatistics)
            #expect(whole.engineResidentBytes > 1 << 20 && whole.engineCPUTime > .zero)
            #expect(whole.residentBytes >= own.residentBytes + whole.engineResidentBytes / 2)
            #expect(own.engineResidentBytes == 0 && own.engineCPUTime == .zero)

            let updates = room.events
            try await room.localParticipant.update(name: "Ada L.")
            try await first(of: updates) { event in
                if case .localParticipantUpdated = event { () } else { nil }
            }
            martlet_engine_kill(engine)
            let crash = try await Self.change(changes, to: .engineCrashed)
            // Nothing was taken back.
            #expect(await room.localParticipant.publications.first === publication)
            #expect(crash.from == .connected && crash.to == .disconnected(.engineCrashed))
            #expect(crash.error?.code == 6_011 && crash.error?.message.contains("SIGKILL") == true)
            _ = try await Self.change(room.events, to: .joined)
            #expect(await room.engineProcess != engine)
            // The streams that were there go on, and so does what is published.
            // What waited in them from before does not count.
            let since = Int64(Date().timeIntervalSince1970 * 1e6) + 100_000
            try await hears(mixed, 880, since: since)
            try await hears(heardThere, 440, since: since)
            #expect(room.localParticipant.id == "ada")
            #expect(await room.localParticipant.publications.map(\.source) == [.microphone])
            #expect(await room.localParticipant.publications.first === publication)
            #expect(await other.remoteParticipants.map(\.id) == ["ada"])
            #expect(await other.remoteParticipants.map(\.name) == ["Ada L."])
            await room.leave()
            #expect(await room.localParticipant.publications.isEmpty)
            #expect(room.connectionState == .disconnected(.left))
            pushing.cancel()
            talking.cancel()
            await other.leave()
        }
    }

    @Test func G06_aCrashOnTheWayIntoARoomIsTold() async throws {
        // It takes connections and says nothing.
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        defer { silent.close(promise: nil) }
        let port = try #require(silent.localAddress?.port)
        let room = Room(isolation: .process())
        let events = room.events
        let joining = Task { () -> MartletError? in
            do throws(MartletError) {
                try await room.join(JoinOptions(server: "ws://127.0.0.1:\(port)", room: "demo"))
                return nil
            } catch {
                return error
            }
        }
        _ = try await Self.change(events, to: .joinRequested)
        martlet_engine_kill(try #require(await room.engineProcess))
        let crash = try await Self.change(events, to: .engineCrashed)
        #expect(crash.from == .connecting && crash.to == .disconnected(.engineCrashed))
        #expect(crash.error?.code == 6_011 && crash.error?.message.contains("SIGKILL") == true)
        #expect(await joining.value == crash.error)
        #expect(room.systemStatistics.engineResidentBytes == 0)
    }

    @Test func G06_withoutRestartsStreamsEndAndTheRoomCanBeJoinedAgain() async throws {
        try await withServer { server in
            let room = Room(isolation: .process())
            let changes = room.events
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            let mixed = try await room.mixedAudio()
            let source = try VideoSource()
            try await room.localParticipant.publish(source)
            martlet_engine_kill(try #require(await room.engineProcess))
            _ = try await Self.change(changes, to: .engineCrashed)
            for await _ in mixed {}
            #expect(await room.engineProcess == nil)
            do throws(MartletError) {
                _ = try await room.mixedAudio()
                Issue.record("there is no room")
            } catch {
                #expect(error.code == 1_005)
            }
            // The source is as usable as it was.
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            let publication = try await room.localParticipant.publish(source)
            // Pictures that nobody can have yet are left out.
            for _ in 0..<200 where await !room.transportStatistics.isConnected {
                try await Task.sleep(for: .milliseconds(20))
            }
            for number in 0..<5 { try await source.write(try grey(UInt8(number * 20 + 40))) }
            source.close()
            await publication.finish()
            #expect(await publication.statistics.first?.frames ?? 0 > 0)
            await room.leave()
        }
    }
}
