// How publications end that nobody took back, and who is told.
// SPDX-License-Identifier: Apache-2.0
import Signaling

extension RoomHub {
    /// Ends what was published in a section, on the event loop of session and media.
    func withdraw(_ mid: String, _ error: MartletError, _ media: MediaDriver) {
        media.assumeIsolated { $0.removeEncoders(mid: mid) }
        guard let life = publication(in: mid) else { return }
        let reason = UnpublishReason(error)
        let told =
            reason == .notPermitted
            ? MartletError(
                code: error.code,
                "The server has taken the \(life.source.rawValue) back: you may not publish it any more."
            ) : error
        end(life, reason, told)
    }

    /// Ends a publication against the application's will, and tells it.
    /// - Returns: Whether it went on until now.
    @discardableResult
    func end(_ life: PublicationLife, _ reason: UnpublishReason, _ error: MartletError) -> Bool {
        guard life.end(reason, error) else { return false }
        forget(life)
        observe(.withdrawn(source: life.feedID, reason, error))
        tell(.localTrackUnpublished(life.source, reason: reason))
        return true
    }
}
