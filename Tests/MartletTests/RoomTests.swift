// That rooms work over a real server: joining, publishing, every form of what is received, leaving.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import NIOCore
import Synchronization
import Testing

@testable import Martlet

/// Whether a keyframe is wanted, at first it is.
private final class Wish: Sendable {
    private let state = Atomic(true)
    func set() { state.store(true, ordering: .relaxed) }
    func take() -> Bool { state.exchange(false, ordering: .relaxed) }
}

/// An encoder of the application's own: it counts, and leaves the work to the one that is always there.
private struct CountingEncoder: VideoEncoder, ~Copyable {
    static let pictures = Atomic(0)
    private var inner: SoftwareVideoEncoder
    var codec: VideoCodec { inner.codec }

    init(_ codec: VideoCodec, _ bitsPerSecond: Int, _ frameRate: Int) throws(MediaCodecError) {
        inner = try SoftwareVideoEncoder(
            codec: codec, bitsPerSecond: bitsPerSecond, frameRate: frameRate)
    }

    mutating func setRate(bitsPerSecond: Int, frameRate: Int) throws(MediaCodecError) {
        try inner.setRate(bitsPerSecond: bitsPerSecond, frameRate: frameRate)
    }

    mutating func encode(
        _ frame: VideoFrame, isKeyframeWanted: Bool
    ) throws(MediaCodecError) -> EncodedPicture? {
        Self.pictures.add(1, ordering: .relaxed)
        return try inner.encode(frame, isKeyframeWanted: isKeyframeWanted)
    }
}

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
            async let one = Self.samples(pcm, seconds: 2)
            async let all = Self.samples(mixed, seconds: 2)
            async let packed = Self.decoded(aac, frames: 30)
            async let packedAll = Self.decoded(mixedAAC, frames: 60)
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

    @Test func I01_I03_N01_N02_N04_aScreenIsFittedIntoItsSize() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada")
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.width = 320
            options.height = 180
            options.fit = .contain
            let publication = try await sender.localParticipant.publish(
                source, as: .screen, options
            ) {
                codec, bitsPerSecond, frameRate throws(MediaCodecError) in
                try CountingEncoder(codec, bitsPerSecond, frameRate)
            }
            let pushing = Task {
                while !Task.isCancelled {
                    // Square: black bars are left and right of it.
                    try await source.write(try grey(200, width: 200, height: 200))
                    try await Task.sleep(for: .milliseconds(40))
                }
            }
            defer { pushing.cancel() }
            let screen = try await track(.screen, in: viewer)
            let frames = try await viewer.video(of: screen)
            let seen = try await first(of: frames) { frame -> (UInt8, UInt8)? in
                (frame.y[90 * frame.yStride + 20], greyOf(frame))
            }
            // In a process of its own an application's encoder has no place.
            #expect(CountingEncoder.pictures.load(ordering: .relaxed) > 0 || isIsolated)
            #expect(seen.0 < 40 && abs(Int(seen.1) - 200) < 8)
            let sent = try #require(await publication.statistics.first)
            #expect(sent.frames > 0 && sent.keyframes > 0 && sent.bytes > 0)
            let received = try #require(await viewer.statistics(of: screen))
            #expect(received.frames > 0 && received.keyframes > 0 && received.packets > 0)
            await sender.leave()
            await viewer.leave()
        }
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
            let loud = heard(try await Self.samples(pcm, seconds: 1).suffix(20_000), rate: 48_000)
            source.gain = 25
            #expect(source.gain == 25)
            // What is under way still has the old loudness.
            _ = try await Self.samples(pcm, seconds: 1)
            let quiet = heard(try await Self.samples(pcm, seconds: 1), rate: 48_000)
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

    @Test(arguments: [VideoCodec.vp8, .h264])
    func I02_O05_O06_O07_O08_picturesDecodedAndAsTheyCame(codec: VideoCodec) async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada")
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.codec = codec
            options.width = 320
            options.height = 180
            try await sender.localParticipant.publish(source, as: .camera, options)
            let pushing = Task {
                while !Task.isCancelled {
                    // Twice the size it is sent in, and turned.
                    try await source.write(
                        try grey(150, width: 360, height: 640), rotation: .clockwise90)
                    try await Task.sleep(for: .milliseconds(33))
                }
            }
            defer { pushing.cancel() }
            let camera = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: camera)
            let encoded = try await viewer.encodedVideo(of: camera)
            async let seen = first(of: frames) { frame -> (Int, Int, UInt8)? in
                (frame.width, frame.height, greyOf(frame))
            }
            async let passed = Self.gathered(encoded, count: 5)
            let (picture, pieces) = try await (seen, passed)
            #expect(picture.0 == 320 && picture.1 == 180)
            #expect(abs(Int(picture.2) - 150) < 8)
            #expect(pieces[0].isKeyframe && pieces[0].codec == codec)
            // Annex B: a start code, then parameter sets.
            if codec == .h264 {
                #expect(
                    pieces[0].bytes.prefix(3) == [0, 0, 0]
                        || pieces[0].bytes.prefix(3) == [0, 0, 1])
            }
            var decoder = try VideoDecoder(codec: codec)
            let bytes = pieces[0].bytes
            let first = try decoder.decode(bytes.span, timestampMicroseconds: 0)
            #expect(first?.width == 320)
            await sender.leave()
            await viewer.leave()
        }
    }

    @Test func Y03_encodedPicturesAndSoundPassThrough() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada") { $0.publishPacing = .byTimestamp }
            let viewer = try await joined(server, "bob")
            let pictures = try EncodedVideoSource(codec: .h264)
            let sound = try EncodedAudioSource(codec: .aac)
            try await sender.localParticipant.publish(pictures)
            try await sender.localParticipant.publish(sound)
            let requests = pictures.keyframeRequests
            let wanted = Wish()
            let listening = Task { for await _ in requests { wanted.set() } }
            let showing = Task {
                var encoder = try SoftwareVideoEncoder(codec: .h264, bitsPerSecond: 300_000)
                var number: Int64 = 0
                while !Task.isCancelled {
                    let frame = try grey(120, microseconds: number * 40_000)
                    let isWanted = wanted.take()
                    if let picture = try encoder.encode(frame, isKeyframeWanted: isWanted) {
                        try await pictures.write(
                            EncodedVideoFrame(
                                codec: .h264, bytes: picture.bytes, isKeyframe: picture.isKeyframe,
                                timestampMicroseconds: number * 40_000))
                    }
                    number += 1
                }
            }
            let playing = Task {
                var encoder = try AACEncoder(format: SoundFormat(sampleRate: 48_000, channels: 1))
                var position = 0
                while !Task.isCancelled {
                    let samples = tone(600, samples: 1_024, from: position)
                    var bytes = [UInt8](repeating: 0, count: 8_191)
                    var span = bytes.mutableSpan
                    let count = try encoder.encode(samples.span, into: &span)
                    if count > 0 {
                        try await sound.write(
                            EncodedAudioFrame(
                                bytes: Array(bytes.prefix(count)),
                                timestampMicroseconds: Int64(position) * 1_000 / 48))
                    }
                    position += 1_024
                }
            }
            defer {
                showing.cancel()
                playing.cancel()
                listening.cancel()
            }
            let camera = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: camera)
            let value = try await first(of: frames) { greyOf($0) }
            #expect(abs(Int(value) - 120) < 8)
            let microphone = try await track(.microphone, in: viewer)
            let pcm = try await viewer.audio(of: microphone)
            let samples = try await Self.samples(pcm, seconds: 2)
            #expect(abs(heard(samples.suffix(24_000), rate: 48_000).frequency - 600) < 12)
            await sender.leave()
            await viewer.leave()
        }
    }

    @Test func D15_D19_D20_D21_D22_D23_D24_bytesGoWithPictures() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada")
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.codec = .h264
            let publication = try await sender.localParticipant.publish(
                source, as: .camera, options)
            let pushing = Task {
                while !Task.isCancelled {
                    try await source.write(try grey(90))
                    try await Task.sleep(for: .milliseconds(33))
                }
            }
            defer { pushing.cancel() }
            let camera = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: camera)
            _ = try await first(of: frames) { $0.width }
            let events = viewer.events
            let large = [UInt8](repeating: 0, count: 4_096)
            try publication.sendMetadata([1, 0, 0, 3], repeats: 5)
            try publication.sendMetadata(large, after: .milliseconds(300))
            try publication.sendMetadata([9], after: .milliseconds(400))
            let found = Mutex<[[UInt8]]>([])
            let got = try await first(of: events) { event -> [[UInt8]]? in
                guard case .metadataReceived(from: "bob", _, _) = event else {
                    if case .metadataReceived(from: "ada", track: camera.id, let bytes) = event {
                        return found.withLock { found in
                            found.append(bytes)
                            return bytes == [9] ? found : nil
                        }
                    }
                    return nil
                }
                return nil
            }
            // Each once, though the first went out with five pictures.
            #expect(got == [[1, 0, 0, 3], large, [9]])
            #expect(throws: MartletError.self) {
                try publication.sendMetadata([UInt8](repeating: 1, count: 4_097))
            }
            #expect(throws: MartletError.self) { try publication.sendMetadata([], repeats: 1) }
            // With keyframes alone: one is asked for.
            try publication.sendMetadata([7], keyFramesOnly: true)
            let more = try await viewer.encodedVideo(of: camera)
            _ = try await first(of: more) { $0.isKeyframe ? true : nil }
            let again = viewer.events
            try publication.sendMetadata([8])
            let next = try await first(of: again) { event -> [UInt8]? in
                if case .metadataReceived(_, _, let bytes) = event { bytes } else { nil }
            }
            #expect(next == [7] || next == [8])
            let sound = try await sender.localParticipant.publish(try AudioSource())
            #expect(throws: MartletError.self) { try sound.sendMetadata([1]) }
            await sender.leave()
            await viewer.leave()
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
            let samples = try await Self.samples(mixed, seconds: 1)
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

    // MARK: Gathering

    private static func samples(
        _ stream: AsyncStream<AudioFrame>, seconds: Int
    ) async throws -> [Int16] {
        let gathered = Mutex<[Int16]>([])
        return try await first(of: stream, within: 10 + seconds) { frame in
            gathered.withLock { samples in
                samples += frame.samples
                let wanted = seconds * frame.format.sampleRate * frame.format.channels
                return samples.count >= wanted ? Array(samples.prefix(wanted)) : nil
            }
        }
    }

    private static func gathered<Element: Sendable>(
        _ stream: AsyncStream<Element>, count: Int
    ) async throws -> [Element] {
        let found = Mutex<[Element]>([])
        return try await first(of: stream) { element in
            found.withLock { found in
                found.append(element)
                return found.count >= count ? found : nil
            }
        }
    }

    private static func decoded(
        _ stream: AsyncStream<EncodedAudioFrame>, frames: Int
    ) async throws -> (samples: [Int16], format: SoundFormat) {
        let pieces = try await gathered(stream, count: frames)
        var decoder = try AACDecoder()
        var result: [Int16] = []
        var format = SoundFormat(sampleRate: 0, channels: 0)
        for piece in pieces {
            var samples = [Int16](repeating: 0, count: AACDecoder.frameSamplesMax)
            var span = samples.mutableSpan
            let decoded = try decoder.decode(piece.bytes.span, into: &span)
            format = decoded.format
            result += samples.prefix(decoded.sampleCount * decoded.format.channels)
        }
        return (result, format)
    }
}
