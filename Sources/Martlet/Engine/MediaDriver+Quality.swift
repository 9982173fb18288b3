// Telling the others how good one's own network is (row N08).
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientMedia
import NIOCore
import Signaling

extension MediaDriver {
    /// The time between two measurements; the server takes a report each two seconds.
    private static let qualityInterval = TimeAmount.milliseconds(2_100)

    /// Begins to measure, until ``stopPlaying()``.
    func watchQuality() {
        pathWatch.forget()
        qualityTimer?.cancel()
        qualityTimer = eventLoop.scheduleTask(in: Self.qualityInterval) { [weak self] in
            self?.assumeIsolated { $0.measureQuality() }
            return
        }
    }

    private func measureQuality() {
        guard isPlaying else { return }
        qualityTimer = eventLoop.scheduleTask(in: Self.qualityInterval) { [weak self] in
            self?.assumeIsolated { $0.measureQuality() }
            return
        }
        guard isReady, let figures = connection?.pathFigures else { return }
        let quality = pathWatch.measure(
            lossUp: figures.lossUp, lost: figures.lost, packets: figures.packets,
            roundTripMilliseconds: figures.roundTripNanoseconds.map { Double($0) / 1e6 },
            jitterMilliseconds: figures.jitterNanoseconds.map { Double($0) / 1e6 })
        guard let quality, let session else { return }
        // Both live on this event loop.
        session.assumeIsolated { $0.report(quality) }
    }
}
