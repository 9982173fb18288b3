// Something that one publishes, from asking for it to taking it back.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import Signaling
import Wire

/// A published source. It goes on across breaks, until it is taken back or the room is left.
public final class LocalTrackPublication: Sendable {
    /// What carries it.
    private enum Carrier: Sendable {
        case session(
            SessionDriver, MediaDriver, MediaSectionID, [EncoderSignals], MetadataOutbox?,
            Task<Void, Never>)
        case engine(IsolatedEngine, IsolatedPublication)
    }

    /// What it is published as.
    public let source: TrackSource
    private let mute: MuteSwitch
    private let carrier: Carrier
    private let life: PublicationLife
    private let hub: RoomHub

    init(
        _ life: PublicationLife, mid: MediaSectionID, session: SessionDriver, driver: MediaDriver,
        mute: MuteSwitch, layers: [EncoderSignals], metadata: MetadataOutbox?,
        task: Task<Void, Never>, hub: RoomHub
    ) {
        source = life.source
        self.life = life
        self.hub = hub
        self.mute = mute
        carrier = .session(session, driver, mid, layers, metadata, task)
    }

    init(_ publication: IsolatedPublication, _ engine: IsolatedEngine) {
        source = publication.source
        mute = publication.mute
        life = publication.life
        hub = engine.hub
        carrier = .engine(engine, publication)
    }

    deinit {
        if case .session(_, _, _, _, _, let task) = carrier { task.cancel() }
    }

    /// Why it is published no more; `nil`: it is (row P02). ``RoomEvent/localTrackUnpublished(_:reason:)`` tells it.
    public var unpublishReason: UnpublishReason? { life.end }

    /// Whether it is silent for now.
    public var isMuted: Bool { mute.isMuted }

    /// Silences it, or lets it be heard or seen again; the others are told (row P17).
    /// - Throws: A ``MartletError``: 4004 once it is over.
    public func setMuted(_ isMuted: Bool) async throws(MartletError) {
        try check()
        switch carrier {
        case .session(let session, _, let mid, _, _, _):
            mute.isMuted = isMuted
            do { try await session.mute(mid: mid, isMuted) } catch { throw MartletError(error) }
        case .engine(let engine, let publication): try await engine.setMuted(publication, isMuted)
        }
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
        let (seconds, attoseconds) = delay.components
        let nanoseconds = min(max(seconds, -1), 1_000) * 1_000_000_000 + attoseconds / 1_000_000_000
        let metadata: MetadataOutbox?
        switch carrier {
        case .session(_, _, _, _, let outbox, _): metadata = outbox
        case .engine(_, let publication): metadata = publication.metadataCheck
        }
        guard let metadata else {
            throw MartletError(.invalidArgument, "Metadata goes with pictures, not with sound.")
        }
        try metadata.enqueue(
            bytes, repeats: repeats, delay: MediaDuration(nanoseconds: nanoseconds),
            isForKeyframesOnly: keyFramesOnly)
        if case .engine(let engine, let publication) = carrier {
            engine.sendMetadata(
                publication, bytes, repeats: repeats, after: .nanoseconds(nanoseconds),
                keyFramesOnly: keyFramesOnly)
        }
    }

    /// Takes it back (row P02). What still waits in the source is not sent.
    /// - Throws: A ``MartletError``: 4004 once it is over.
    public func unpublish() async throws(MartletError) {
        try check()
        switch carrier {
        case .session(let session, _, let mid, _, _, _):
            await stop()
            do { try await session.unpublish(mid: mid) } catch { throw MartletError(error) }
            if life.end(.requested) {
                hub.forget(life)
                hub.tell(.localTrackUnpublished(source, reason: .requested))
            }
        case .engine(let engine, let publication): try await engine.unpublish(publication)
        }
    }

    /// - Throws: 4004 once it is over: another may be published in its place.
    private func check() throws(MartletError) {
        guard life.end == nil else { throw MartletError(SignalingError(.trackNotFound)) }
    }

    /// Waits until all that was pushed into the source has left, once the source was closed.
    public func finish() async {
        switch carrier {
        case .session(_, _, _, _, _, let task): await task.value
        case .engine(let engine, let publication): await engine.finish(publication)
        }
    }

    /// Sends nothing more: the room is left.
    func leave() async {
        await stop()
        life.end(.left)
        hub.forget(life)
    }

    private func stop() async {
        switch carrier {
        case .session(_, let driver, _, let layers, _, let task):
            task.cancel()
            for layer in layers { await driver.remove(layer) }
        case .engine(_, let publication): publication.stop()
        }
    }

    /// Whether it is one of those that a session publishes, by their sections.
    func isCarried(by sections: [MediaSectionID]) -> Bool {
        guard case .session(_, _, let mid, _, _, _) = carrier else { return false }
        return sections.contains(mid) && life.end == nil
    }

    /// Whether it is one of those that an engine carries.
    func isCarried(by publications: [IsolatedPublication]) -> Bool {
        guard case .engine(_, let publication) = carrier else { return false }
        return publications.contains { $0 === publication }
    }

    /// Whether it is over, now that another has been published.
    func isReplaced(by other: LocalTrackPublication) -> Bool {
        if case .session(_, _, let mid, _, _, _) = carrier, other.isCarried(by: [mid]) {
            return true
        }
        return life.end != nil
    }

    /// What it has sent, of each size, the smallest first.
    public var statistics: [LocalTrackStatistics] {
        get async {
            switch carrier {
            case .session(_, let driver, let mid, _, _, _):
                await driver.sendingStatistics(mid: mid.text)
            case .engine(let engine, let publication): await engine.statistics(of: publication)
            }
        }
    }
}
