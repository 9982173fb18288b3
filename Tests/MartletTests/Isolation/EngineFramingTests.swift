// What a room and its engine say to each other, and what comes of bytes that are none of it.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs
import NIOCore
import Testing
import Wire
import struct Signaling.TokenGrants
import struct Signaling.TrackSourceSet

@testable import Martlet

@Suite struct EngineFramingTests {
    private func bytes(_ part: EnginePart) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try EngineFraming.write(part, into: &buffer)
        return buffer
    }

    private var notices: [FrameNotice] {
        [
            .samples(gain: 40), .picture(width: 640, height: 360, rotation: 270),
            .encodedSound(missingMicroseconds: 7 << 33 | 1 << 31),
            .encodedPicture(codec: 1, isKeyframe: true, rotation: 90),
        ].map {
            FrameNotice(
                stream: 9, content: $0, timestampMicroseconds: -5,
                pushedAt: MediaInstant(nanoseconds: 1 << 50 | 3), position: 1 << 40, count: 77)
        }
    }

    private var track: RemoteTrack {
        get throws {
            try JSONDecoder().decode(
                RemoteTrack.self,
                from: Data(
                    #"{"id":"t","participant":"p","source":"camera","isSound":false,"isMuted":true,"state":3}"#
                        .utf8))
        }
    }

    private var participant: RemoteParticipant {
        get throws {
            try JSONDecoder().decode(
                RemoteParticipant.self,
                from: Data(
                    #"{"id":"p","attributes":{"hand":"up"},"isAudience":true,"isInterrupted":false,"tracks":[]}"#
                        .utf8))
        }
    }

    @Test func framesAreToldAsTheyAre() throws {
        for notice in notices {
            var buffer = try bytes(.frame(notice))
            guard case .frame(let read)? = try EngineFraming.read(&buffer) else {
                Issue.record("no frame")
                continue
            }
            #expect(read == notice && buffer.readableBytes == 0)
        }
    }

    @Test func everyRequestAndEventCrosses() throws {
        var options = JoinOptions(server: "ws://x", room: "r", token: "t")
        options.data = (false, true)
        options.mediaPorts = 42_000...45_000
        options.publishPacing = .byTimestamp
        options.reconnectWindow = .milliseconds(31_500)
        let error = MartletError(code: 2_009, "no", retryAfter: .seconds(3))
        let format = SoundFormat(sampleRate: 16_000, channels: 1)
        let messages: [EngineMessage] = [
            .hello(version: 4), .ping, .pong, .tapEnded(4), .keyframeNeeded(3), .bitrate(3, 9),
            .request(id: 1, .join(options)), .request(id: 2, .leave),
            .request(id: 3, .publishSound(1, .microphone, format, .music)),
            .request(id: 4, .publishPictures(2, .screen, VideoPublishOptions())),
            .request(id: 5, .publishEncodedSound(3, .microphone, .aac, AudioPublishOptions())),
            .request(
                id: 6,
                .publishEncodedPictures(4, .camera, .h264, maxBitsPerSecond: 1, isMuted: true)),
            .request(id: 7, .listen(5, nil, .aac(AACOptions()))),
            .request(id: 7, .listen(5, try track, .opus)),
            .request(id: 8, .watch(6, try track, .encoded)),
            .request(id: 9, .sendData(stream: 1, [0, 255], userTimestamp: -1)),
            .request(id: 10, .setParameters(RoomParameters())),
            .reply(id: 4, .parameters(RoomParameters())),
            .request(id: 10, .subscribe(false, participant: "p", source: nil)),
            .reply(id: .max, .failed(error)), .reply(id: 1, .received(nil)),
            .request(
                id: 11, .update(name: nil, metadata: "", attributes: ["seat": nil])),
            .reply(id: 2, .publications([3, .max])), .reply(id: 3, .names(["a"])),
            .oneself(try participant),
            .permissions(
                Permissions(TokenGrants(publish: TrackSourceSet(.camera), data: false))),
            .withdrawn(4, .notPermitted, error),
            .event(.localTrackUnpublished(.custom, reason: .failed)),
            .event(.localParticipantUpdated),
            .event(.trackPublished(try track)), .event(.audioLevels(["a": 3])),
            .event(.dataReceived(from: "a", stream: 1, bytes: [1, 2], userTimestamp: 7)),
            .event(
                .connectionChanged(
                    ConnectionChange(
                        from: .reconnecting(lost: .both, attempt: 2),
                        to: .disconnected(.engineCrashed), reason: .engineCrashed, error: error))),
        ]
        for message in messages {
            var buffer = try bytes(.message(message))
            guard case .message(let read)? = try EngineFraming.read(&buffer) else {
                Issue.record("no message")
                continue
            }
            // Types that cannot be compared are told apart by what they print.
            #expect("\(read)" == "\(message)")
        }
    }

    @Test func everyTruncationWaitsForMore() throws {
        for part in notices.map({ EnginePart.frame($0) }) + [
            .message(.event(.trackPublished(try track))), .released(5), .taken(6),
        ] {
            let whole = try bytes(part)
            for count in 0..<whole.readableBytes {
                var cut = whole.getSlice(at: 0, length: count) ?? ByteBuffer()
                #expect(try EngineFraming.read(&cut) == nil)
                #expect(cut.readableBytes == count)
            }
        }
    }

    @Test func aBodyThatIsTooShortOrTooLongIsRefused() throws {
        for part in [
            EnginePart.frame(notices[0]), .released(5), .taken(6), .message(.ping),
        ] {
            let whole = try bytes(part)
            for count in 0..<(whole.readableBytes + 9) where count != whole.readableBytes - 4 {
                var buffer = ByteBuffer(integer: UInt32(count))
                buffer.writeBytes(whole.getBytes(at: 4, length: whole.readableBytes - 4) ?? [])
                buffer.writeRepeatingByte(0, count: 16)
                // Blanks behind JSON are JSON; zeros are none.
                #expect(throws: EngineProtocolError.self) { try EngineFraming.read(&buffer) }
            }
        }
        for length in [UInt32(0), UInt32(EngineFraming.messageBytesMax) + 1, .max] {
            var buffer = ByteBuffer(integer: length)
            #expect(throws: EngineProtocolError.self) { try EngineFraming.read(&buffer) }
        }
    }

    @Test func whatIsLargerThanAnEventIsNone() throws {
        let long = String(repeating: "x", count: EngineFraming.eventBytesMax)
        var event = try bytes(.message(.event(.messageReceived(from: nil, id: nil, content: long))))
        #expect(throws: EngineProtocolError.self) { try EngineFraming.read(&event) }
        var reply = try bytes(.message(.reply(id: 1, .text(long))))
        #expect(try EngineFraming.read(&reply) != nil)
        let endless = String(repeating: "x", count: EngineFraming.messageBytesMax)
        #expect(throws: EngineProtocolError.self) {
            try bytes(.message(.reply(id: 1, .text(endless))))
        }
    }

    @Test func timesThatCannotBeAreCutSoThatNobodyOverflows() throws {
        for time in [Int64.min, .max, -1, 1 << 50] {
            var notice = notices[0]
            notice.timestampMicroseconds = time
            var buffer = try bytes(.frame(notice))
            guard case .frame(let read)? = try EngineFraming.read(&buffer) else {
                Issue.record("no frame")
                continue
            }
            #expect(read.timestampMicroseconds == min(max(time, -(1 << 60)), 1 << 60))
            notice.pushedAt = MediaInstant(nanoseconds: time)
            buffer = try bytes(.frame(notice))
            guard case .frame(let other)? = try EngineFraming.read(&buffer) else { return }
            #expect(other.pushedAt.nanoseconds == max(time, 0))
        }
    }

    @Test func randomBytesAndDamagedMessagesStopNothing() throws {
        var random = SeededRandom(seed: 3)
        let whole = try bytes(.message(.event(.trackPublished(try track))))
        for round in 0..<4_000 {
            var buffer = ByteBuffer()
            if round % 2 == 0 {
                for _ in 0..<64 { buffer.writeInteger(UInt8(truncatingIfNeeded: random.next())) }
                // Short lengths, so that there is a body.
                buffer.setInteger(UInt32(random.next() % 60), at: 0)
            } else {
                buffer = whole
                for _ in 0..<3 {
                    buffer.setInteger(
                        UInt8(truncatingIfNeeded: random.next()),
                        at: 5 + Int(random.next() % UInt64(whole.readableBytes - 5)))
                }
            }
            do throws(EngineProtocolError) {
                while try EngineFraming.read(&buffer) != nil {}
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func aPictureIsOneOnlyOfItsOwnSize() throws {
        let planes = (
            [UInt8](repeating: 90, count: 33 * 17), [UInt8](repeating: 128, count: 17 * 9)
        )
        let frame = try VideoFrame(
            width: 33, height: 17, y: planes.0.span, u: planes.1.span, v: planes.1.span,
            timestampMicroseconds: 5)
        let packed = PackedFrame(frame, rotation: .half)
        var bytes = [UInt8](repeating: 0, count: packed.count)
        unsafe bytes.withUnsafeMutableBytes { unsafe packed.copy(to: $0) }
        func notice(_ width: UInt32, _ height: UInt32, _ rotation: UInt16) -> FrameNotice {
            FrameNotice(
                stream: 1, content: .picture(width: width, height: height, rotation: rotation),
                timestampMicroseconds: 5, position: 0, count: UInt32(bytes.count))
        }
        func picture(
            _ notice: FrameNotice, _ count: Int
        ) -> (frame: VideoFrame, rotation: PictureRotation)? {
            unsafe bytes[..<count].withUnsafeBytes { unsafe notice.picture(LentBytes($0)) }
        }
        let read = try #require(picture(notice(33, 17, 180), bytes.count))
        #expect(read.rotation == .half && read.frame.timestampMicroseconds == 5)
        #expect(read.frame.width == 33 && read.frame.height == 17 && greyOf(read.frame) == 90)
        #expect(read.frame.u[0] == 128 && read.frame.v[8 * read.frame.chromaStride + 16] == 128)
        for count in 0..<bytes.count { #expect(picture(notice(33, 17, 0), count) == nil) }
        for (width, height, rotation) in [
            (UInt32(0), UInt32(17), UInt16(0)), (33, 0, 0), (.max, .max, 0), (16_385, 1, 0),
            (33, 18, 0), (33, 17, 45),
        ] {
            #expect(picture(notice(width, height, rotation), bytes.count) == nil)
        }
    }

    @Test func encodedPicturesOfNoCodecAreRefused() {
        let bytes: [UInt8] = [1, 2, 3]
        func read(_ codec: UInt8, _ rotation: UInt16) -> EncodedVideoFrame? {
            let notice = FrameNotice(
                stream: 1,
                content: .encodedPicture(codec: codec, isKeyframe: true, rotation: rotation),
                timestampMicroseconds: 5, position: 0, count: 3)
            return unsafe bytes.withUnsafeBytes { unsafe notice.encodedPicture(LentBytes($0)) }
        }
        #expect(read(1, 90)?.codec == .vp8 && read(1, 90)?.rotation == .clockwise90)
        #expect(read(200, 0) == nil && read(1, 91) == nil)
    }

    @Test func G05_optionsAreReadFromJSON() throws {
        let options = try EngineOptions(
            json:
                #"{"executable":"/x","restarts":true,"logDirectory":"/l","lowPort":42000,"highPort":45000}"#
        )
        #expect(options.executable == "/x" && options.restarts && options.logDirectory == "/l")
        #expect(options.mediaPorts == 42_000...45_000)
        #expect(try EngineOptions(json: "{}") == EngineOptions())
        for json in [
            "", "[]", #"{"lowPort":1}"#, #"{"lowPort":5,"highPort":4}"#,
            #"{"lowPort":99999,"highPort":99999}"#,
        ] {
            #expect(throws: MartletError.self) { try EngineOptions(json: json) }
        }
    }
}
