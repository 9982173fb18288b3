// The streams that an application reads of what an engine process receives.
// SPDX-License-Identifier: Apache-2.0
import NIOCore

extension IsolatedEngine {
    /// Begins a stream.
    /// - Throws: What the engine answered.
    func open<Element: Sendable>(
        _ track: RemoteTrack?, waitingMax: Int, dropsOldest: Bool = true,
        _ output: @Sendable (AsyncStream<Element>.Continuation) -> IsolatedTap.Output
    ) async throws(MartletError) -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self,
            bufferingPolicy: dropsOldest
                ? .bufferingNewest(waitingMax) : .bufferingOldest(waitingMax))
        let number = nextNumber()
        let tap = IsolatedTap(number: number, track: track, output: output(continuation))
        guard let request = tap.request(track) else {
            throw MartletError(.invalidArgument, "There are no pictures of all together.")
        }
        taps[number] = tap
        tap.isOpen = true
        do throws(MartletError) {
            try await call(request)
        } catch {
            taps[number] = nil
            throw error
        }
        continuation.onTermination = { [weak self] _ in
            guard let self else { return }
            self.eventLoop.execute { self.assumeIsolated { $0.close(tap: number) } }
        }
        return stream
    }

    private func close(tap number: UInt32) {
        guard taps.removeValue(forKey: number) != nil else { return }
        tell(.endTap(number))
    }

    func take(_ notice: FrameNotice, _ bytes: LentBytes, from number: Int) -> Bool {
        // What belongs to a stream that has just ended is none of a fault.
        guard child?.number == number, let tap = taps[notice.stream] else { return true }
        switch tap.take(notice, bytes) {
        case .taken: return true
        case .refused: return false
        case .missed:
            // A stream that begins anew begins with a keyframe.
            reopen(tap)
            return true
        }
    }

    private func reopen(_ tap: IsolatedTap) {
        guard let target = tap.target else { return }
        Task {
            guard let track = await self.track(target) else { return }
            if let request = tap.request(track) { self.tell(request) }
        }
    }

    private func track(_ target: IsolatedTap.Target) async -> RemoteTrack? {
        await participants().first { $0.id == target.participant }?.track(target.source)
    }
}
