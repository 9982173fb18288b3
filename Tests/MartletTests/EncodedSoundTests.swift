// What whoever takes sound as it was sent can rely on, and whoever sends it encoded.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Signaling
import Testing
import Wire

@testable import Martlet

/// Numbered packets of Opus, 20 ms each, of which any can be told apart.
private func numbered(_ number: UInt32) -> [UInt8] {
    [0xFC] + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } + [1, 2, 3]
}

private func number(of packet: EncodedAudioFrame) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(packet.bytes[1 + $1]) << (8 * $1) }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct EncodedSoundTests {
    @Test func O09_O13_packetsComeAsTheyWereSent() async throws {
        try await withServer { server in
            let (sender, listener) = (
                try await joined(server, "ada"), try await joined(server, "bob")
            )
            let source = try EncodedAudioSource(codec: .opus)
            try await sender.localParticipant.publish(source)
            let playing = Task {
                for count in 0... {
                    // A pause, longer than what waits anywhere to be sent.
                    if count == 40 { try await Task.sleep(for: .milliseconds(800)) }
                    try await source.write(
                        EncodedAudioFrame(
                            bytes: numbered(UInt32(count)),
                            timestampMicroseconds: Int64(count) * 20_000))
                }
            }
            defer { playing.cancel() }
            let events = listener.events
            var track = await listener.remoteParticipants.flatMap(\.tracks).first
            if track == nil {
                track = try await first(of: events) { event in
                    if case .trackPublished(let track) = event { track } else { nil }
                }
            }
            let microphone = try #require(track)
            var packets: [EncodedAudioFrame] = []
            for await packet in try await listener.encodedAudio(of: microphone) {
                packets.append(packet)
                if number(of: packet) >= 50 { break }
            }
            let numbers = packets.map { number(of: $0) }
            #expect(numbers.count > 20)
            for (left, right) in zip(packets, packets.dropFirst()) {
                let step = number(of: right) - number(of: left)
                let isPause = number(of: right) == 40
                #expect(step == 1, "\(number(of: left)), then \(number(of: right))")
                #expect((right.missingMicroseconds > 0) == isPause)
                let apart = right.timestampMicroseconds - left.timestampMicroseconds
                #expect(abs(apart - 20_000 - right.missingMicroseconds) < 3_000)
            }
            await #expect(throws: MartletError.self) {
                try await Room().encodedAudio(of: microphone)
            }
            await listener.leave()
            await sender.leave()
        }
    }

    @Test func O13_whoReadsTooSlowlyIsToldWhatIsMissing() async throws {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EncodedAudioFrame.self, bufferingPolicy: .bufferingOldest(2))
        let key = TrackKey(participant: try ParticipantID("ada"), track: try TrackID("TR_1"))
        let tap = PacketTap(number: 1, key: key, continuation)
        func take(_ index: Int, from start: Int = 0, mid: String = "4") {
            tap.take(
                SoundPacket(
                    timestamp: RTPTimestamp(UInt32((index + start) * 960)), ticks: 960,
                    payload: numbered(UInt32(index))), mid: mid,
                microseconds: Int64(index) * 20_000)
        }
        var reading = stream.makeAsyncIterator()
        func read() async -> [Int64] {
            guard let packet = await reading.next() else { return [] }
            return [Int64(number(of: packet)), packet.missingMicroseconds]
        }
        // There is room for two.
        (0..<5).forEach { take($0) }
        #expect(await read() == [0, 0])
        #expect(await read() == [1, 0])
        take(7)
        #expect(await read() == [7, 100_000])
        // Elsewhere timestamps count from another beginning.
        take(9, from: 5_000, mid: "6")
        #expect(await read() == [9, 20_000])
        take(10, from: 5_000, mid: "6")
        #expect(await read() == [10, 0])
        tap.interrupt()
        take(12, from: 90_000, mid: "6")
        #expect(await read() == [12, 20_000])
    }

    @Test func whatFindsNoPlaceBehindAnEngineIsToldToo() {
        var passage = PacketPassage()
        var passed: [Int64] = []
        func pass(_ index: Int64, missing: Int64 = 0, hasRoom: Bool = true) {
            passage.pass(
                EncodedAudioFrame(
                    bytes: numbered(0), timestampMicroseconds: index * 20_000,
                    missingMicroseconds: missing)
            ) { frame in
                if hasRoom { passed.append(frame.missingMicroseconds) }
                return hasRoom
            }
        }
        pass(0)
        pass(1, hasRoom: false)
        pass(2, missing: 5_000, hasRoom: false)
        pass(3)
        pass(4, missing: .max)
        pass(5)
        // Another engine knows nothing of the one before.
        passage.interrupt()
        pass(10)
        #expect(passed == [0, 45_000, 1 << 58, 0, 80_000])
    }

    @Test func whatIsNotOfTheSourcesCodecIsRefused() async throws {
        let aac = try EncodedAudioSource(codec: .aac)
        let opus = try EncodedAudioSource(codec: .opus)
        // | sync | rate 44,100 and the channels | length 8 |
        func header(_ rate: UInt8, channels: UInt8) -> [UInt8] {
            [0xFF, 0xF1, 0x40 | rate << 2 | channels >> 2, channels << 6, 1, 0x1F, 0xFC, 0]
        }
        func code(_ source: EncodedAudioSource, _ bytes: [UInt8]) -> Int? {
            do {
                _ = try source.tryWrite(EncodedAudioFrame(bytes: bytes, timestampMicroseconds: 0))
                return nil
            } catch { return error.code }
        }
        #expect(code(aac, header(4, channels: 2)) == nil)
        #expect(code(aac, header(4, channels: 6)) == 1004)
        #expect(code(aac, header(12, channels: 1)) == 1004)
        #expect(code(aac, [0x21, 0x10, 5]) == 1004)
        #expect(code(opus, numbered(1)) == nil)
        #expect(code(opus, []) == 1004)
        #expect(code(opus, [0xFF, 0]) == 1004)
        await #expect(throws: MartletError.self) {
            try await opus.write(EncodedAudioFrame(bytes: [], timestampMicroseconds: 0))
        }
    }

    @Test func theBitRateOfAACIsLookedAtWhenItIsPublished() async throws {
        try await withServer { server in
            let room = try await joined(server, "ada")
            var options = AudioPublishOptions()
            options.bitsPerSecond = 5_000
            for codec in [AudioCodec.aac, .opus] {
                let source = try EncodedAudioSource(codec: codec)
                do throws(MartletError) {
                    try await room.localParticipant.publish(source, options)
                    #expect(codec == .opus)
                } catch {
                    #expect(codec == .aac && error.code == 1004 && error.message.contains("5000"))
                }
            }
            await room.leave()
        }
    }
}
