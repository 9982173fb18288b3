// Something that one publishes, from asking for it to taking it back.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import Signaling

/// A published source. It goes on across breaks, until it is taken back or the room is left.
public final class LocalTrackPublication: Sendable {
    /// What it is published as.
    public let source: TrackSource
    let mid: MediaSectionID
    private let session: SessionDriver
    private let driver: MediaDriver
    private let mute: MuteSwitch
    private let layers: [EncoderSignals]
    private let task: Task<Void, Never>

    init(
        source: TrackSource, mid: MediaSectionID, session: SessionDriver, driver: MediaDriver,
        mute: MuteSwitch, layers: [EncoderSignals], task: Task<Void, Never>
    ) {
        self.source = source
        self.mid = mid
        self.session = session
        self.driver = driver
        self.mute = mute
        self.layers = layers
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
