// How messages and frames lie in the bytes between a room and its engine.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import NIOCore
import Wire

/// Why what the other side said is not understood: it is at fault, or it was hit by the fault that ends it.
struct EngineProtocolError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Where a frame lies in shared memory, and what it is.
struct FrameNotice: Equatable, Sendable {
    /// What a frame holds.
    enum Content: Equatable, Sendable {
        /// Samples of 16 bits; `gain` in percent is for sound on its way out.
        case samples(gain: UInt8)
        /// A picture in I420, its planes one after the other without gaps.
        case picture(width: UInt32, height: UInt32, rotation: UInt16)
        /// A frame of AAC or a packet of Opus, and what is missing before it.
        case encodedSound(missingMicroseconds: Int64 = 0)
        /// A compressed picture.
        case encodedPicture(codec: UInt8, isKeyframe: Bool, rotation: UInt16)
    }

    /// Which publication or tap it belongs to.
    var stream: UInt32
    var content: Content
    var timestampMicroseconds: Int64
    /// When the application pushed it, on the machine's monotonic clock; zero for what it is given.
    var pushedAt = MediaInstant.zero
    var position: UInt64
    var count: UInt32
}

/// One piece of what came.
enum EnginePart: Sendable {
    case message(EngineMessage)
    case frame(FrameNotice)
    /// The reader is done with everything before a position of the writer's memory.
    case released(UInt64)
    /// The engine has taken a frame of a publication: one more may come.
    case taken(UInt32)
}

/// Bytes into parts and back: four bytes of length, big endian, a byte that tells the kind, and the rest.
enum EngineFraming {
    /// The longest message, in bytes.
    static let messageBytesMax = 16 << 20
    /// The longest one that tells an event, of which many may wait for whoever listens.
    static let eventBytesMax = 256 << 10
    /// Beyond this, before or after 1970, there is no time: two of them can be subtracted without a care.
    private static let microsecondsMax: Int64 = 1 << 60

    private enum Kind: UInt8 {
        case message = 1
        case frame = 2
        case released = 3
        case taken = 4
    }

    /// Writes a part.
    /// - Throws: If it is longer than a message may be.
    static func write(
        _ part: EnginePart, into buffer: inout ByteBuffer
    ) throws(EngineProtocolError) {
        switch part {
        case .message(let message):
            guard let json = try? JSONEncoder().encode(message), json.count < messageBytesMax else {
                throw EngineProtocolError("a message is too long")
            }
            buffer.writeInteger(UInt32(json.count + 1))
            buffer.writeInteger(Kind.message.rawValue)
            buffer.writeBytes(json)
        case .frame(let notice):
            buffer.writeInteger(UInt32(1 + noticeBytes))
            buffer.writeInteger(Kind.frame.rawValue)
            write(notice, into: &buffer)
        case .released(let position):
            buffer.writeInteger(UInt32(9))
            buffer.writeInteger(Kind.released.rawValue)
            buffer.writeInteger(position)
        case .taken(let stream):
            buffer.writeInteger(UInt32(5))
            buffer.writeInteger(Kind.taken.rawValue)
            buffer.writeInteger(stream)
        }
    }

    /// Takes the next whole part out of what came.
    /// - Returns: The part; `nil`: more bytes have to come.
    /// - Throws: For what is no part.
    static func read(_ buffer: inout ByteBuffer) throws(EngineProtocolError) -> EnginePart? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else {
            return nil
        }
        guard 1...UInt32(messageBytesMax) ~= length else {
            throw EngineProtocolError("a message of \(length) bytes")
        }
        guard buffer.readableBytes >= 4 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        guard var body = buffer.readSlice(length: Int(length)),
            let kind = body.readInteger(as: UInt8.self).flatMap({ Kind(rawValue: $0) })
        else { throw EngineProtocolError("a message of an unknown kind") }
        switch kind {
        case .message:
            do {
                let json = Data(body.readableBytesView)
                let message = try JSONDecoder().decode(EngineMessage.self, from: json)
                if case .event = message, length > eventBytesMax {
                    throw EngineProtocolError("an event of \(length) bytes")
                }
                return .message(message)
            } catch let error as EngineProtocolError {
                throw error
            } catch {
                throw EngineProtocolError("a message that is none")
            }
        case .frame:
            guard body.readableBytes == noticeBytes, let notice = readNotice(&body) else {
                throw EngineProtocolError("a frame that is none")
            }
            return .frame(notice)
        case .released:
            guard body.readableBytes == 8, let position = body.readInteger(as: UInt64.self) else {
                throw EngineProtocolError("a release of nothing")
            }
            return .released(position)
        case .taken:
            guard body.readableBytes == 4, let stream = body.readInteger(as: UInt32.self) else {
                throw EngineProtocolError("a word of no frame")
            }
            return .taken(stream)
        }
    }

    // MARK: Frames

    /// stream 4, kind 1, three numbers of 4, timestamp 8, pushed 8 (nanoseconds), position 8, count 4.
    private static let noticeBytes = 45

    private static func write(_ notice: FrameNotice, into buffer: inout ByteBuffer) {
        let (kind, a, b, c): (UInt8, UInt32, UInt32, UInt32) =
            switch notice.content {
            case .samples(let gain): (0, UInt32(gain), 0, 0)
            case .picture(let width, let height, let rotation): (1, width, height, UInt32(rotation))
            case .encodedSound(let missing):
                (
                    2, UInt32(truncatingIfNeeded: missing >> 32),
                    UInt32(truncatingIfNeeded: missing), 0
                )
            case .encodedPicture(let codec, let isKeyframe, let rotation):
                (3, UInt32(codec), isKeyframe ? 1 : 0, UInt32(rotation))
            }
        buffer.writeMultipleIntegers(notice.stream, kind, a, b, c)
        buffer.writeMultipleIntegers(
            notice.timestampMicroseconds, notice.pushedAt.nanoseconds, notice.position,
            notice.count)
    }

    private static func readNotice(_ buffer: inout ByteBuffer) -> FrameNotice? {
        guard
            let (stream, kind, a, b, c) = buffer.readMultipleIntegers(
                as: (UInt32, UInt8, UInt32, UInt32, UInt32).self),
            let (timestamp, pushed, position, count) = buffer.readMultipleIntegers(
                as: (Int64, Int64, UInt64, UInt32).self)
        else { return nil }
        let content: FrameNotice.Content
        switch kind {
        case 0: content = .samples(gain: UInt8(clamping: a))
        case 1: content = .picture(width: a, height: b, rotation: UInt16(clamping: c))
        case 2:
            let missing = Int64(a) << 32 | Int64(b)
            content = .encodedSound(missingMicroseconds: min(max(missing, 0), microsecondsMax))
        case 3:
            content = .encodedPicture(
                codec: UInt8(clamping: a), isKeyframe: b != 0, rotation: UInt16(clamping: c))
        default: return nil
        }
        return FrameNotice(
            stream: stream, content: content,
            timestampMicroseconds: min(max(timestamp, -microsecondsMax), microsecondsMax),
            // Whoever uses it bounds it by its own time.
            pushedAt: MediaInstant(nanoseconds: max(pushed, 0)), position: position, count: count)
    }
}
