// That rooms work over a real server: joining, publishing, every form of what is received, leaving.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import NIOCore
import Synchronization
import Testing

@testable import Martlet

@Suite(.serialized) struct RoomTests {
    @Test func C02_C07_C22_C23_E06_G07_G12_twoMeetAndPart() async throws {
        try await withServer { server in
            let room = anyRoom()
            let events = room.events
            #expect(room.connectionState == .disconnected(.notJoined))
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            #expect(room.connectionState == .connected)
            #expect(room.localParticipant.id == "ada")
            #expect(await room.name == "demo")
            await #expect(throws: MartletError.self) {
                try await room.join(JoinOptions(server: server, room: "demo"))
            }
            let other = try await joined(server, "bob") {
                $0.name = "Bob"
                $0.metadata = "{\"team\":4}"
                $0.attributes = ["seat": "4"]
            }
            let bob = try await first(of: events) { event in
                if case .participantJoined(let participant) = event { participant } else { nil }
            }
            #expect(bob.id == "bob" && bob.name == "Bob" && bob.metadata == "{\"team\":4}")
            #expect(bob.attributes == ["seat": "4"])
            #expect(await other.remoteParticipants.map(\.id) == ["ada"])
            let leavings = room.events
            await other.leave()
            #expect(other.connectionState == .disconnected(.left))
            let gone = try await first(of: leavings) { event in
                if case .participantLeft(let id, let reason) = event {
                    "\(id) \(reason)"
                } else {
                    nil
                }
            }
            #expect(gone == "bob left")
            await room.leave()
            await room.leave()
        }
    }

    @Test func I04_O01_O03_O04_O09_O10_O11_O12_O13_P14_Y02_soundInEveryFormAtOnce() async throws {
        try await withServer { server in
            let speaker = try await joined(server, "ada")
            let listener = try await joined(server, "bob")
            let qualities = listener.events
            let states = Mutex<[PublishState]>([])
            let events = speaker.events
            let watching = Task {
                for await event in events {
                    if case .publishStateChanged(.microphone, _, let to) = event {
                        states.withLock { $0.append(to) }
                    }
                }
            }
            // 44.1 kHz in stereo, made into what Opus takes.
            let source = try AudioSource(format: SoundFormat(sampleRate: 44_100, channels: 2))
            let publication = try await speaker.localParticipant.publish(source)
            let pushing = Task { await push(440, into: source) }
            defer {
                pushing.cancel()
                watching.cancel()
            }
            let microphone = try await track(.microphone, in: listener)
            let pcm = try await listener.audio(
                of: microphone, format: SoundFormat(sampleRate: 16_000, channels: 1))
            let mixed = try await listener.mixedAudio()
            let aac = try await listener.aac(
                of: microphone, AACOptions(sampleRate: 16_000, channels: 1))
            let mixedAAC = try await listener.mixedAAC()
            async let one = Gathering.samples(pcm, seconds: 2)
            async let all = Gathering.samples(mixed, seconds: 2)
            async let packed = Gathering.decoded(aac, frames: 30)
            async let packedAll = Gathering.decoded(mixedAAC, frames: 60)
            let (voice, mix, small, large) = try await (one, all, packed, packedAll)
            #expect(voice.count == 32_000)
            let tail = heard(Array(voice.suffix(16_000)), rate: 16_000)
            #expect(abs(tail.frequency - 440) < 12 && tail.loudness > 3_000)
            let left = stride(from: mix.count / 2, to: mix.count, by: 2).map { mix[$0] }
            #expect(abs(heard(left, rate: 48_000).frequency - 440) < 12)
            #expect(small.format == SoundFormat(sampleRate: 16_000, channels: 1))
            #expect(
                abs(heard(Array(small.samples.suffix(8_000)), rate: 16_000).frequency - 440) < 12)
            #expect(large.format == SoundFormat(sampleRate: 48_000, channels: 2))
            #expect(states.withLock { $0 } == [.publishing, .published])
            let figures = try #require(await listener.statistics(of: microphone))
            #expect(figures.packets > 50)
            #expect(await publication.statistics.first?.packets ?? 0 > 50)
            try await Self.checkStatistics(of: listener)
            // Who sends and who listens tell the other how good their networks are.
            let grades = try await first(of: qualities, within: 10) { event -> String? in
                if case .networkQuality(participant: "ada", let up, _) = event, up == .excellent {
                    up.rawValue
                } else {
                    nil
                }
            }
            #expect(grades == "excellent")
            await speaker.leave()
            await listener.leave()
        }
    }

    @Test func aSocketThatIsLostIsOpenedAgain() async throws {
        try await withServer { server in
            let room = Room()
            try await room.join(JoinOptions(server: server, room: "lost"))
            let media = try await room.linked().media
            let before = await media.sockets
            let ports = before.map { $0.channel.localAddress?.port }
            for socket in before { try await socket.channel.close().get() }
            for _ in 0..<100 where await !media.sockets.allSatisfy({ $0.channel.isActive }) {
                try await Task.sleep(for: .milliseconds(50))
            }
            let after = await media.sockets
            #expect(after.allSatisfy { $0.channel.isActive } && after.count == before.count)
            #expect(after.map { $0.channel.localAddress?.port } != ports)
            #expect(after.map(\.isIPv6) == before.map(\.isIPv6))
            await room.leave()
        }
    }

    /// Rows N03, N05, N06 and N07, of somebody who only listens.
    private static func checkStatistics(of room: Room) async throws {
        let session = await room.sessionStatistics
        #expect(session.participants == 2 && session.duration > .seconds(1))
        #expect(session.bytesReceived > 2_000 && session.bytesSent > 500)
        let transport = await room.transportStatistics
        #expect(transport.isConnected && transport.bytesReceived >= session.bytesReceived)
        #expect(transport.roundTrip > .zero && transport.roundTrip < .seconds(1))
        let path = try #require(transport.path)
        #expect(path.transport == .udp && path.localCandidate == .host)
        #expect(path.serverAddress.hasPrefix("127.0.0.1:"))
        #expect(path.localAddress?.hasPrefix("127.0.0.1:") == true)
        let system = room.systemStatistics
        #expect(system.cpuTime > .zero && system.residentBytes > 1 << 20)
    }

    @Test func G03_mediaHasAPortOfTheRangeOrSaysThatNoneIsFree() async throws {
        try await withServer { server in
            let port = UInt16.random(in: 20_000...30_000)
            let room = try await joined(server, "ada") { $0.mediaPorts = port...(port + 1) }
            let mixed = try await room.mixedAudio()
            _ = try await first(of: mixed) { $0.samples.count }
            let second = try await joined(server, "bob") { $0.mediaPorts = port...(port + 1) }
            let third = Room()
            var options = JoinOptions(server: server, room: "demo", participant: "cy")
            options.mediaPorts = port...(port + 1)
            let code = await Self.code { try await third.join(options) }
            #expect(code == 6011)
            await second.leave()
            await room.leave()
        }
    }

    @Test func I06_P17_gainAndMuteAreHeard() async throws {
        try await withServer { server in
            let speaker = try await joined(server, "ada")
            let listener = try await joined(server, "bob")
            let source = try AudioSource()
            let publication = try await speaker.localParticipant.publish(source)
            let pushing = Task { await push(1_000, into: source) }
            defer { pushing.cancel() }
            let microphone = try await track(.microphone, in: listener)
            let pcm = try await listener.audio(of: microphone)
            let loud = heard(
                try await Gathering.samples(pcm, seconds: 1).suffix(20_000), rate: 48_000)
            source.gain = 25
            #expect(source.gain == 25)
            // What is under way still has the old loudness.
            _ = try await Gathering.samples(pcm, seconds: 1)
            let quiet = heard(try await Gathering.samples(pcm, seconds: 1), rate: 48_000)
            #expect((0.15...0.4).contains(quiet.loudness / loud.loudness))
            source.gain = 400
            #expect(source.gain == 100)
            let events = listener.events
            try await publication.setMuted(true)
            let isMuted = try await first(of: events) { event in
                if case .trackMuted(_, _, let isMuted) = event { isMuted } else { nil }
            }
            #expect(isMuted && publication.isMuted)
            await speaker.leave()
            await listener.leave()
        }
    }

    @Test func D01_D12_D13_D14_packetsAndMessages() async throws {
        try await withServer { server in
            let ada = try await joined(server, "ada")
            let bob = try await joined(server, "bob")
            let events = bob.events
            let stream = try await ada.localParticipant.openDataStream()
            try await stream.send([1, 2, 3], userTimestamp: 7)
            let packet = try await first(of: events) { event in
                if case .dataReceived(let from, _, let bytes, let stamp) = event {
                    "\(from) \(bytes) \(stamp ?? 0)"
                } else {
                    nil
                }
            }
            #expect(packet == "ada [1, 2, 3] 7")
            let messages = bob.events
            let missing = try await ada.localParticipant.sendMessage(
                "Lunch?", to: ["bob", "cy"], id: "m-1")
            #expect(missing == ["cy"])
            let message = try await first(of: messages) { event in
                if case .messageReceived(let from, let id, let content) = event {
                    "\(from ?? "") \(id ?? "") \(content)"
                } else {
                    nil
                }
            }
            #expect(message == "ada m-1 Lunch?")
            do {
                try await stream.send([UInt8](repeating: 0, count: 2_000))
            } catch {
                #expect((error as? MartletError)?.code == 7002)
            }
            await stream.close()
            await ada.leave()
            await bob.leave()
        }
    }

    @Test func O02_mixedSoundIsSilenceWhereNobodyIs() async throws {
        try await withServer { server in
            let room = try await joined(server, "ada")
            let mixed = try await room.mixedAudio(
                format: SoundFormat(sampleRate: 8_000, channels: 1))
            let samples = try await Gathering.samples(mixed, seconds: 1)
            #expect(samples.count == 8_000 && samples.allSatisfy { $0 == 0 })
            let ending = Task { for await _ in mixed {} }
            await room.leave()
            await ending.value
        }
    }

    @Test func C03_C21_whatCannotBeHasItsCode() async throws {
        let room = anyRoom()
        #expect(await Self.code { _ = try await room.mixedAudio() } == 1005)
        #expect(
            await Self.code { try await room.join(JoinOptions(server: "nowhere", room: "x")) }
                == 1004)
        #expect(
            await Self.code {
                try await room.join(JoinOptions(server: "ws://127.0.0.1:1", room: ""))
            }
                == 1006)
        #expect(
            await Self.code {
                try await room.join(JoinOptions(server: "ws://127.0.0.1:1", room: "x"))
            }
                == 6000)
        #expect(room.connectionState == .disconnected(.linkFailed))
        #expect(
            await Self.code { _ = try AudioSource(format: SoundFormat(sampleRate: 7, channels: 1)) }
                == 1004)
        #expect(
            await Self.code { _ = try EncodedVideoSource(codec: .av1, bufferedFrames: 0) } == 1004)
        try await withServer { server in
            let room = try await joined(server, "ada")
            let source = try AudioSource()
            #expect(
                await Self.code { try await room.localParticipant.publish(source, as: .camera) }
                    == 1004)
            try await room.localParticipant.publish(source)
            #expect(
                await Self.code { try await room.localParticipant.publish(try AudioSource()) }
                    == 4005)
            let wrong = AudioFrame(
                samples: [0, 0], format: SoundFormat(sampleRate: 8_000, channels: 1))
            #expect(await Self.code { try await source.write(wrong) } == 1004)
            source.close()
            let right = AudioFrame(samples: [0, 0], format: source.format)
            #expect(await Self.code { try await source.write(right) } == 6010)
            await room.leave()
        }
    }

    /// The code of what goes wrong; 0: nothing does.
    private static func code(_ body: () async throws -> Void) async -> Int {
        do {
            try await body()
            return 0
        } catch {
            return (error as? MartletError)?.code ?? -1
        }
    }
}
