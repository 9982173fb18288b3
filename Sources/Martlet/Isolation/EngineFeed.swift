// The engine's end of a publication: frames from the application into a source of this process.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Takes frames on the event loop, and writes them in a task of its own, which waits while the source is full.
final class EngineFeed: Sendable {
    /// What takes the frames.
    enum Source: Sendable {
        case sound(AudioSource)
        case pictures(VideoSource)
        case encodedSound(EncodedAudioSource)
        case encodedPictures(EncodedVideoSource)
    }

    /// What waits here waits beside the application's own buffer, and so is short.
    static let bufferMilliseconds = 40
    /// The same for pictures.
    static let bufferedFrames = 2
    /// An application that keeps to what it was told is taken never has more under way.
    private static let waitingMax = 8

    let publication: LocalTrackPublication
    private let source: Source
    private let queue = MediaQueue<CrossedFrame>(capacity: waitingMax)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ source: Source, _ publication: LocalTrackPublication) {
        self.source = source
        self.publication = publication
    }

    deinit { stop() }

    /// Begins; `taken` is called after each frame that the source has taken.
    func start(_ taken: @escaping @Sendable () -> Void) {
        let (source, queue) = (source, queue)
        // Owned by the feed, which cancels it.
        let running = Task {
            while let frame = await queue.next() {
                do {
                    try await frame.write(into: source)
                } catch is CancellationError {
                    return
                } catch {
                    // A frame that cannot be used is left out, as its like would be in the application's process.
                }
                taken()
            }
            switch source {
            case .sound(let sound): sound.close()
            case .pictures(let pictures): pictures.close()
            case .encodedSound(let sound): sound.close()
            case .encodedPictures(let pictures): pictures.close()
            }
        }
        task.withLock { $0 = running }
    }

    /// Takes a frame.
    /// - Returns: Whether it was one, and came in its turn.
    func take(_ notice: FrameNotice, _ bytes: LentBytes) -> Bool {
        guard let frame = CrossedFrame(notice, bytes, for: source) else { return false }
        return queue.tryWrite(frame, weight: 1)
    }

    /// Waits until all that came has left.
    func finish() async {
        queue.close()
        await task.withLock { $0 }?.value
        await publication.finish()
    }

    func stop() {
        task.withLock { $0 }?.cancel()
        queue.close()
    }
}
