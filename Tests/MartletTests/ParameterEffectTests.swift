// That settings of the engine are seen in what leaves, and on which way.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Synchronization
import Testing
import Wire

@testable import Martlet

@Suite(.serialized, .timeLimit(.minutes(1))) struct ParameterEffectTests {
    /// A room with settings, and another beside it.
    private static func withRooms(
        _ parameters: String,
        mediaAddress: NetworkAddress = NetworkAddress(ipv4: 0x7F00_0001, port: 0),
        _ body: @escaping @Sendable (Room, Room) async throws -> Void
    ) async throws {
        try await withServer(mediaAddress: mediaAddress) { server in
            let room = anyRoom()
            try await room.setParameters(json: parameters)
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            let other = try await joined(server, "bob")
            try await body(room, other)
            await room.leave()
            await other.leave()
        }
    }

    // MARK: Sound

    /// Whether a packet of Opus of 20 ms has what the one before it said with it: after the byte that tells its form, SILK begins with a
    /// bit of each channel that says whether somebody speaks, and one that says so of the repetition (RFC 6716 §3.1, §4.2.3).
    private static func repeats(_ packet: [UInt8]) -> Bool {
        guard packet.count > 1, packet[0] >> 3 < 16, packet[0] & 3 == 0 else { return false }
        return packet[1] & 0x40 != 0
    }

    /// How many of some packets of a tone repeat the one before.
    private static func repetitions(lossPercent: Int) async throws -> Int {
        let found = Mutex(0)
        try await withRooms("{\"expectedAudioLossPercent\": \(lossPercent)}") { room, other in
            let source = try AudioSource()
            try await room.localParticipant.publish(source)
            let pushing = Task { await push(440, into: source) }
            defer { pushing.cancel() }
            let packets = try await other.encodedAudio(
                of: try await track(.microphone, in: other))
            let seen = Mutex((all: 0, repeating: 0))
            let count = try await first(of: packets) { packet -> Int? in
                seen.withLock { seen in
                    seen.all += 1
                    if repeats(packet.bytes) { seen.repeating += 1 }
                    return seen.all == 25 ? seen.repeating : nil
                }
            }
            found.withLock { $0 = count }
        }
        return found.withLock { $0 }
    }

    @Test func G08_soundRepeatsItselfForAsMuchLossAsIsExpected() async throws {
        #expect(try await Self.repetitions(lossPercent: 0) == 0)
        #expect(try await Self.repetitions(lossPercent: 30) > 15)
    }

    // MARK: Pictures

    /// What an encoder is told once the path is known: at first it is told the same in any case.
    private static func firstBitrate(startBitsPerSecond: Int) async throws -> Int {
        let found = Mutex(0)
        try await withRooms("{\"startBitsPerSecond\": \(startBitsPerSecond)}") { room, other in
            let source = try EncodedVideoSource(codec: .vp8)
            let bitrates = source.bitrates
            try await room.localParticipant.publish(source, maxBitsPerSecond: 8_000_000)
            let showing = Task {
                var picture = [UInt8](repeating: 1, count: 1_000)
                // The frame tag of a keyframe, and its size (RFC 6386 §9.1).
                picture.replaceSubrange(0..<10, with: [0x10, 1, 1, 0x9D, 1, 0x2A, 64, 0, 36, 0])
                while true {
                    try await source.write(
                        EncodedVideoFrame(
                            codec: .vp8, bytes: picture, isKeyframe: true, timestampMicroseconds: 0)
                    )
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            defer { showing.cancel() }
            let told = try await first(of: bitrates) { $0 == 600_000 ? nil : $0 }
            found.withLock { $0 = told }
        }
        return found.withLock { $0 }
    }

    @Test func G08_encodersBeginWithWhatThePathIsSaidToCarry() async throws {
        let narrow = try await Self.firstBitrate(startBitsPerSecond: 150_000)
        let wide = try await Self.firstBitrate(startBitsPerSecond: 6_000_000)
        #expect(narrow < 400_000 && wide > 2_000_000)
    }

    // MARK: Ways

    @Test func G08_N07_mediaGoesOverIPv6WhereItMay() async throws {
        let loopback = NetworkAddress(ipv6High: 0, low: 1, port: 0)
        try await Self.withRooms("{\"ipv6\": true}", mediaAddress: loopback) { room, _ in
            let mixed = try await room.mixedAudio()
            _ = try await first(of: mixed) { $0.samples.count }
            for _ in 0..<500 where await room.transportStatistics.path == nil {
                try await Task.sleep(for: .milliseconds(10))
            }
            let path = try #require(await room.transportStatistics.path)
            #expect(path.transport == .udp && path.serverAddress.hasPrefix("[::1]:"))
            #expect(path.localAddress?.hasPrefix("[::1]:") == true)
        }
        try await Self.withRooms("{\"ipv6\": false}") { room, _ in
            guard !isIsolated else { return }
            let sockets = try await room.linked().media.sockets
            #expect(sockets.count == 1 && !sockets.contains(where: \.isIPv6))
        }
    }
}
