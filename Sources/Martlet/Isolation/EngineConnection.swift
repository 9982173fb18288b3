// The line between a room and its engine: messages over a socket, frames through memory.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization

/// Who listens to a connection; all of it is called on the connection's event loop.
struct EngineListener: Sendable {
    /// A message came.
    var onMessage: @Sendable (EngineMessage) -> Void
    /// A frame came. Its bytes may change while they are read, and are gone afterwards.
    /// - Returns: Whether it could be one.
    var onFrame: @Sendable (FrameNotice, LentBytes) -> Bool
    /// A frame of a publication was taken.
    var onTaken: @Sendable (UInt32) -> Void
    /// The connection is over, once; why, if it was for something that the other side said.
    var onEnd: @Sendable (String?) -> Void
}

/// One side of it. It ends with ``close()``, with the other process, and with the first thing that is not understood.
final class EngineConnection: Sendable {
    /// The size of the memory for frames of each direction: the largest picture there can be, and nothing that is not used.
    static let memoryBytes = 128 << 20
    /// How many bytes of frames may be under way in a direction, one frame always may.
    static let framesWaitingMax = 32 << 20
    /// How many bytes of messages the other side may leave unread until it is taken for dead.
    private static let messagesWaitingMax = 64 << 20
    /// How long a writer waits before it looks again whether there is room.
    private static let pause = Duration.milliseconds(2)

    private let channel: any Channel
    private let outgoing: SharedMemory
    private let ring: Mutex<FrameRingWriter>
    private let waiting = Atomic<Int>(0)

    private init(channel: any Channel, outgoing: SharedMemory) {
        self.channel = channel
        self.outgoing = outgoing
        ring = Mutex(
            FrameRingWriter(capacity: outgoing.count, waitingMax: Self.framesWaitingMax))
    }

    /// Begins to listen.
    /// - Parameters:
    ///   - descriptor: A connected socket, which is the connection's from now on.
    ///   - outgoing: Memory for frames that are written here.
    ///   - incoming: Memory for frames that the other side writes.
    static func open(
        _ descriptor: Int32, outgoing: SharedMemory, incoming: SharedMemory,
        on loop: any EventLoop, listener: EngineListener
    ) async throws(MartletError) -> EngineConnection {
        do {
            return try await ClientBootstrap(group: loop).withConnectedSocket(descriptor) {
                channel in
                // Listens before anything can come, an end included.
                channel.eventLoop.makeCompletedFuture {
                    let connection = EngineConnection(channel: channel, outgoing: outgoing)
                    try channel.pipeline.syncOperations.addHandler(
                        EngineHandler(connection, incoming: incoming, listener: listener))
                    return connection
                }
            }
        } catch {
            throw MartletError(.engineFailed, "The engine's socket cannot be used: \(error)")
        }
    }

    /// Whether it is still there.
    var isOpen: Bool { channel.isActive }

    /// Ends it.
    func close() { channel.close(promise: nil) }

    /// Says something.
    func send(_ message: EngineMessage) { write(.message(message)) }

    /// Answers; an answer that is too long is none.
    func send(_ reply: EngineReply, to request: UInt64) {
        var buffer = channel.allocator.buffer(capacity: 256)
        let message = EngineMessage.reply(id: request, reply)
        if (try? EngineFraming.write(.message(message), into: &buffer)) == nil {
            let error = MartletError(.engineFailed, "The engine's answer is too long to be told.")
            return send(.reply(id: request, .failed(error)))
        }
        write(buffer)
    }

    /// Says that a frame of a publication was taken.
    func sendTaken(_ stream: UInt32) { write(.taken(stream)) }

    fileprivate func write(_ part: EnginePart) {
        var buffer = channel.allocator.buffer(capacity: 256)
        do throws(EngineProtocolError) {
            try EngineFraming.write(part, into: &buffer)
        } catch {
            // A message that is too long: nothing of what belongs to it would be right after it was left out.
            close()
            return
        }
        write(buffer)
    }

    private func write(_ buffer: ByteBuffer) {
        let count = buffer.readableBytes
        let waits = waiting.add(count, ordering: .relaxed).newValue
        guard waits <= Self.messagesWaitingMax else { return close() }
        channel.writeAndFlush(buffer).whenComplete { [weak self] _ in
            self?.waiting.subtract(count, ordering: .relaxed)
        }
    }

    // MARK: Frames

    /// Writes a frame, and waits for room first.
    /// - Returns: Whether it was written; `false`: the connection is over, or the task was cancelled.
    func deliver(_ frame: PackedFrame, stream: UInt32) async -> Bool {
        while isOpen, !Task.isCancelled {
            if place(frame, stream: stream) { return true }
            try? await Task.sleep(for: Self.pause)
        }
        return false
    }

    /// Writes a frame if there is room.
    private func place(_ frame: PackedFrame, stream: UInt32) -> Bool {
        // Notices leave in the order of their places: the lock is held until this one has gone to the event loop.
        ring.withLock { ring in
            guard let position = ring.reserve(frame.count) else { return false }
            let offset = Int(position % UInt64(ring.capacity))
            unsafe outgoing.write(at: offset, count: frame.count) { unsafe frame.copy(to: $0) }
            write(
                .frame(
                    FrameNotice(
                        stream: stream, content: frame.content,
                        timestampMicroseconds: frame.timestampMicroseconds,
                        pushedAt: frame.pushedAt, position: position,
                        count: UInt32(frame.count))))
            return true
        }
    }

    fileprivate func release(_ position: UInt64) -> Bool {
        ring.withLock { $0.release(position) }
    }
}

/// Takes what comes apart. It belongs to one event loop.
private final class EngineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: EngineConnection
    private let incoming: SharedMemory
    private let listener: EngineListener
    private var reader: FrameRingReader
    private var bytes = ByteBuffer()
    private var hasRead = false
    private var isOver = false

    init(_ connection: EngineConnection, incoming: SharedMemory, listener: EngineListener) {
        self.connection = connection
        self.incoming = incoming
        self.listener = listener
        reader = FrameRingReader(capacity: incoming.count)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var piece = unwrapInboundIn(data)
        bytes.writeBuffer(&piece)
        do throws(EngineProtocolError) {
            while !isOver, let part = try EngineFraming.read(&bytes) { try take(part) }
        } catch {
            end(error.description)
            context.close(promise: nil)
        }
        bytes.discardReadBytes()
    }

    private func take(_ part: EnginePart) throws(EngineProtocolError) {
        switch part {
        case .message(let message): listener.onMessage(message)
        case .taken(let stream): listener.onTaken(stream)
        case .released(let position):
            guard connection.release(position) else {
                throw EngineProtocolError("a release of what was not written")
            }
        case .frame(let notice):
            guard let offset = reader.take(notice.position, Int(notice.count)) else {
                throw EngineProtocolError("a frame that lies nowhere")
            }
            let isOne = incoming.read(at: offset, count: Int(notice.count)) {
                listener.onFrame(notice, $0)
            }
            hasRead = true
            guard isOne == true else { throw EngineProtocolError("a frame that is none") }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasRead, !isOver else { return }
        hasRead = false
        connection.write(.released(reader.position))
    }

    func channelInactive(context: ChannelHandlerContext) { end(nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(nil)
        context.close(promise: nil)
    }

    private func end(_ reason: String?) {
        guard !isOver else { return }
        isOver = true
        listener.onEnd(reason)
    }
}
