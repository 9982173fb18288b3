// Something that one publishes, from asking for it to taking it back.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import Signaling

/// A published source. It goes on across breaks, until it is taken back or the room is left.
public final class LocalTrackPublication: Sendable {
    /// What carries it.
    private enum Carrier: Sendable {
        case session(
            SessionDriver, MediaDriver, MediaSectionID, [EncoderSignals], Task<Void, Never>)
        case engine(IsolatedEngine, IsolatedPublication)
    }

    /// What it is published as.
    public let source: TrackSource
    private let mute: MuteSwitch
    private let carrier: Carrier

    init(
        source: TrackSource, mid: MediaSectionID, session: SessionDriver, driver: MediaDriver,
        mute: MuteSwitch, layers: [EncoderSignals], task: Task<Void, Never>
    ) {
        self.source = source
        self.mute = mute
        carrier = .session(session, driver, mid, layers, task)
    }

    init(_ publication: IsolatedPublication, _ engine: IsolatedEngine) {
        source = publication.source
        mute = publication.mute
        carrier = .engine(engine, publication)
    }

    deinit {
        if case .session(_, _, _, _, let task) = carrier { task.cancel() }
    }

    /// Whether it is silent for now.
    public var isMuted: Bool { mute.isMuted }

    /// Silences it, or lets it be heard or seen again; the others are told (row P17).
    /// - Throws: A ``MartletError``.
    public func setMuted(_ isMuted: Bool) async throws(MartletError) {
        switch carrier {
        case .session(let session, _, let mid, _, _):
            mute.isMuted = isMuted
            do { try await session.mute(mid: mid, isMuted) } catch { throw MartletError(error) }
        case .engine(let engine, let publication): try await engine.setMuted(publication, isMuted)
        }
    }

    /// Takes it back (row P02). What still waits in the source is not sent.
    /// - Throws: A ``MartletError``.
    public func unpublish() async throws(MartletError) {
        switch carrier {
        case .session(let session, _, let mid, _, _):
            await stop()
            do { try await session.unpublish(mid: mid) } catch { throw MartletError(error) }
        case .engine(let engine, let publication): try await engine.unpublish(publication)
        }
    }

    /// Waits until all that was pushed into the source has left, once the source was closed.
    public func finish() async {
        switch carrier {
        case .session(_, _, _, _, let task): await task.value
        case .engine(let engine, let publication): await engine.finish(publication)
        }
    }

    /// Sends nothing more.
    func stop() async {
        switch carrier {
        case .session(_, let driver, _, let layers, let task):
            task.cancel()
            for layer in layers { await driver.remove(layer) }
        case .engine(_, let publication): publication.stop()
        }
    }

    /// What it has sent, of each size, the smallest first.
    public var statistics: [LocalTrackStatistics] {
        get async {
            switch carrier {
            case .session(_, let driver, let mid, _, _):
                await driver.sendingStatistics(mid: mid.text)
            case .engine(let engine, let publication): await engine.statistics(of: publication)
            }
        }
    }
}
