// Something that one publishes, from asking for it to taking it back.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import Signaling
import Wire

/// A published source. It goes on across breaks, until it is taken back or the room is left.
public final class LocalTrackPublication: Sendable {
    /// What it is published as.
    public let source: TrackSource
    let mid: MediaSectionID
    private let session: SessionDriver
    private let driver: MediaDriver
    private let mute: MuteSwitch
    private let layers: [EncoderSignals]
    private let metadata: MetadataOutbox?
    private let task: Task<Void, Never>

    init(
        source: TrackSource, mid: MediaSectionID, session: SessionDriver, driver: MediaDriver,
        mute: MuteSwitch, layers: [EncoderSignals], metadata: MetadataOutbox?,
        task: Task<Void, Never>
    ) {
        self.source = source
        self.mid = mid
        self.session = session
        self.driver = driver
        self.mute = mute
        self.layers = layers
        self.metadata = metadata
        self.task = task
    }

    deinit { task.cancel() }

    /// Whether it is silent for now.
    public var isMuted: Bool { mute.isMuted }

    /// Silences it, or lets it be heard or seen again; the others are told (row P17).
    /// - Throws: A ``MartletError``.
    public func setMuted(_ isMuted: Bool) async throws(MartletError) {
        mute.isMuted = isMuted
        do { try await session.mute(mid: mid, isMuted) } catch { throw MartletError(error) }
    }

    /// Sends bytes of the application with the next pictures, as supplemental enhancement information (rows D19 to D23); the
    /// others are told ``RoomEvent/metadataReceived(from:track:bytes:)`` when they come to that picture.
    /// - Parameters:
    ///   - bytes: 1 to 4,096.
    ///   - repeats: With how many pictures they go out, 1 to 30, against loss: receivers tell them once.
    ///   - delay: How long they wait before that, up to a minute.
    ///   - keyFramesOnly: Whether they go out with keyframes alone, of which calls have few.
    /// - Throws: A ``MartletError``: 1004 if the pictures are not of H.264 or something is out of range, 7003 if 64 wait.
    public func sendMetadata(
        _ bytes: [UInt8], repeats: Int = 2, after delay: Duration = .zero,
        keyFramesOnly: Bool = false
    ) throws(MartletError) {
        guard let metadata else {
            throw MartletError(.invalidArgument, "Metadata goes with pictures, not with sound.")
        }
        let (seconds, attoseconds) = delay.components
        let nanoseconds = min(max(seconds, -1), 1_000) * 1_000_000_000 + attoseconds / 1_000_000_000
        try metadata.enqueue(
            bytes, repeats: repeats, delay: MediaDuration(nanoseconds: nanoseconds),
            isForKeyframesOnly: keyFramesOnly)
    }

    /// Takes it back (row P02). What still waits in the source is not sent.
    /// - Throws: A ``MartletError``.
    public func unpublish() async throws(MartletError) {
        await stop()
        do { try await session.unpublish(mid: mid) } catch { throw MartletError(error) }
    }

    /// Waits until all that was pushed into the source has left, once the source was closed.
    public func finish() async { await task.value }

    /// Sends nothing more.
    func stop() async {
        task.cancel()
        for layer in layers { await driver.remove(layer) }
    }

    /// What it has sent, of each size, the smallest first.
    public var statistics: [LocalTrackStatistics] {
        get async { await driver.sendingStatistics(mid: mid.text) }
    }
}
