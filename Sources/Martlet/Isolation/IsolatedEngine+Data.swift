// Data streams of an isolated room, from engine to engine.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NIOCore
import Signaling

extension IsolatedEngine {
    func openDataStream() async throws(MartletError) -> DataStream {
        guard case .number(let carried) = try await call(.openDataStream) else {
            throw Self.misunderstood
        }
        lastStream += 1
        streams[lastStream] = IsolatedStream(number: lastStream, carried: carried)
        return DataStream(carrier: .engine(self, lastStream))
    }

    /// Queues a packet behind those that wait; it goes as soon as an engine and the server take it.
    /// - Throws: 7001 once the stream is closed, or why it was; 7002 for what no room takes; 7003 without space where nobody waits; 6004 where the task is
    ///   cancelled.
    func send(
        _ bytes: [UInt8], _ userTimestamp: Int64?, over number: Int, waits: Bool
    ) async throws(MartletError) {
        while true {
            guard let stream = streams[number] else {
                throw MartletError(SignalingError(.streamNotFound))
            }
            if let failure = stream.failure { throw failure }
            guard bytes.count <= DataStreamHandle.packetBytesMax else {
                throw MartletError(SignalingError(.packetTooLarge))
            }
            if stream.hasSpace {
                stream.append(IsolatedStream.Packet(bytes: bytes, userTimestamp: userTimestamp))
                return sendNext(of: stream)
            }
            guard waits else { throw MartletError(SignalingError(.dataRateExceeded)) }
            guard !Task.isCancelled else { throw MartletError(code: 6004, "It was given up.") }
            await space(of: stream)
        }
    }

    /// Waits until there may be space in a stream, or the task is cancelled.
    private func space(of stream: IsolatedStream) async {
        let number = stream.number
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                stream.wait(continuation)
                // Cancelled before there was anybody to wake.
                if Task.isCancelled { stream.wake() }
            }
        } onCancel: {
            eventLoop.execute { [weak self] in
                self?.assumeIsolated { $0.streams[number]?.wake() }
            }
        }
    }

    /// How many packets wait in a stream, the one under way included; `nil`: there is none of that number.
    func waitingPackets(in number: Int) -> Int? { streams[number]?.waitingCount }

    func closeDataStream(_ number: Int) async {
        guard let stream = streams.removeValue(forKey: number) else { return }
        stream.close(MartletError(SignalingError(.streamNotFound)))
        if let carried = stream.carried { _ = try? await call(.closeDataStream(carried)) }
    }

    private func sendNext(of stream: IsolatedStream) {
        guard let child, let packet = stream.next(), let carried = stream.carried else { return }
        let (number, carrier) = (stream.number, stream.carrier)
        // Ends with the engine's answer, or with the engine.
        Task {
            // One that is gone answers nothing.
            guard self.child === child else { return }
            var failure: MartletError?
            do throws(MartletError) {
                _ = try await self.call(
                    .sendData(stream: carried, packet.bytes, userTimestamp: packet.userTimestamp),
                    on: child)
            } catch { failure = error }
            self.answered(number, carrier, failure)
        }
    }

    private func answered(_ number: Int, _ carrier: Int, _ failure: MartletError?) {
        // What another engine had was looked after when it was lost.
        guard let stream = streams[number], stream.carrier == carrier else { return }
        stream.settle()
        if let failure, failure.code == ErrorCode.streamNotFound.rawValue {
            stream.close(failure)
        } else {
            sendNext(of: stream)
        }
    }

    // MARK: From engine to engine

    /// The engine is gone with what was under way.
    /// - Returns: The streams that may have lost a packet.
    func loseStreams() -> [Int] {
        streams.values.sorted { $0.number < $1.number }.filter { $0.lose() }.map(\.number)
    }

    /// Opens the streams again that the application holds; what waits in them goes on.
    func reopenStreams() async {
        for stream in streams.values.sorted(by: { $0.number < $1.number })
        where stream.carried == nil && stream.failure == nil {
            let carrier = stream.carrier
            do throws(MartletError) {
                guard case .number(let carried) = try await call(.openDataStream) else {
                    throw Self.misunderstood
                }
                guard stream.carrier == carrier else { continue }
                stream.resume(as: carried)
                sendNext(of: stream)
            } catch {
                // Without an engine the next one is asked.
                guard child != nil else { return }
                stream.close(error)
            }
        }
    }

    /// Closes all of them: the room is left, or the session is over.
    func closeStreams() {
        for stream in streams.values {
            stream.close(MartletError(SignalingError(.streamNotFound)))
        }
        streams = [:]
        lastStream = 0
    }

    /// An event of the engine in the application's numbers.
    func renumbered(_ event: RoomEvent) -> RoomEvent {
        guard case .dataLost(let carried) = event,
            let stream = streams.values.first(where: { $0.carried == carried })
        else { return event }
        return .dataLost(stream: stream.number)
    }
}
