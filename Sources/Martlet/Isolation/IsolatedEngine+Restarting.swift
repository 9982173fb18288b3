// What is said to a process that takes the place of another.
// SPDX-License-Identifier: Apache-2.0
import NIOCore

extension IsolatedEngine {
    /// The most processes that take another's place in ``restartWindow``.
    private static let restartsMax = 5
    private static let restartWindow = TimeAmount.minutes(1)
    /// Before the first new process of a minute, doubled before each more.
    private static let pause = Duration.milliseconds(200)

    /// Begins to come back.
    func comeBack() {
        let wish = wish
        restart = Task { [weak self] in await self?.comeBack(wish) }
    }

    private func comeBack(_ wish: Int) async {
        defer { if self.wish == wish { restart = nil } }
        while self.wish == wish, !Task.isCancelled, let joined {
            let now = NIODeadline.now()
            restarts.removeAll { now - $0 > Self.restartWindow }
            guard restarts.count < Self.restartsMax else { break }
            try? await Task.sleep(for: Self.pause * (1 << restarts.count))
            guard self.wish == wish, !Task.isCancelled else { return }
            restarts.append(now)
            do throws(MartletError) {
                try await enter(joined, wish: wish)
            } catch {
                await mourning?.value
                guard error.mayPass else { break }
                continue
            }
            await restore(wish)
            if child != nil {
                if !hub.connectionState.isSomewhere { break }
                return
            }
            await mourning?.value
        }
        guard self.wish == wish else { return }
        self.joined = nil
        endStreams()
    }

    private func restore(_ wish: Int) async {
        noteIdentity()
        for request in choices.requests { _ = try? await call(request) }
        await reopenStreams()
        for publication in publications where self.wish == wish {
            guard let child else { return }
            do throws(MartletError) {
                _ = try await call(publication.request, on: child)
                publication.start(over: child.connection)
            } catch {
                guard self.child != nil else { return }
                let reason = UnpublishReason(error)
                publication.end(reason, error)
                publications.removeAll { $0 === publication }
                hub.tell(.localTrackFailed(publication.source, error))
                hub.tell(.localTrackUnpublished(publication.source, reason: reason))
            }
        }
        await reopenTaps(of: await participants())
    }

    // MARK: Streams

    /// Opens the streams again whose tracks are there.
    private func reopenTaps(of participants: [RemoteParticipant]) async {
        for tap in taps.values.sorted(by: { $0.number < $1.number })
        where !tap.isOpen && !tap.isOver {
            var track: RemoteTrack?
            if let target = tap.target {
                track = participants.first { $0.id == target.participant }?.track(target.source)
                guard track != nil else { continue }
            }
            guard let request = tap.request(track) else { continue }
            tap.isOpen = true
            tap.track = track?.id
            do throws(MartletError) { try await call(request) } catch { tap.isOpen = false }
        }
    }

    /// A track that a stream waits for may have come, or one that is listened to may have gone.
    func noteTracks(_ event: RoomEvent) {
        let found: [RemoteTrack]
        switch event {
        case .trackUnpublished(let participant, let track):
            for tap in taps.values
            where tap.isOpen && tap.track == track && tap.target?.participant == participant {
                tap.isOver = true
            }
            return
        case .participantLeft(let participant, _):
            for tap in taps.values where tap.isOpen && tap.target?.participant == participant {
                tap.isOver = true
            }
            return
        case .trackPublished(let track): found = [track]
        case .participantJoined(let participant): found = participant.tracks
        default: return
        }
        for track in found {
            let target = IsolatedTap.Target(participant: track.participant, source: track.source)
            for tap in taps.values
            where !tap.isOpen && !tap.isOver && tap.target == target {
                guard let request = tap.request(track) else { continue }
                tap.isOpen = true
                tap.track = track.id
                Task {
                    do throws(MartletError) {
                        try await self.call(request)
                    } catch { tap.isOpen = false }
                }
            }
        }
    }
}

extension MartletError {
    /// Whether the same may succeed a little later: no link, no answer, a fault of this side or of the server.
    var mayPass: Bool {
        retryAfter != nil || code == 6000 || code == 6002
            || code == MartletError.Own.engineFailed.rawValue || 5_000..<6_000 ~= code
    }
}
