// What a room's media has counted.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import ICE
import Signaling
import Wire

extension MediaDriver {
    /// What a section has sent, of each of its sizes.
    func sendingStatistics(mid: String) -> [LocalTrackStatistics] {
        let source = MediaSettings.sendingSections.first { $0.mid == mid }?.source
        let named = source.map { settings.rids(of: $0) } ?? []
        let rids: [String?] = named.isEmpty ? [nil] : named
        return rids.compactMap { rid in
            connection?.sendingStatistics(mid: mid, rid: rid).map { LocalTrackStatistics($0) }
        }
    }

    /// What was received of a track; `nil`: no slot shows it.
    func receivingStatistics(_ key: TrackKey) -> RemoteTrackStatistics? {
        guard let slot = assignments.first(where: { $0.key == key }) else { return nil }
        return connection?.receivingStatistics(mid: slot.mid.text).map { RemoteTrackStatistics($0) }
    }

    /// The link to the server.
    var transportStatistics: TransportStatistics {
        var statistics = TransportStatistics()
        guard let figures = connection?.statistics else { return statistics }
        statistics.isConnected = isReady
        statistics.path = connection?.selectedPair.map { MediaPath($0) }
        statistics.bytesReceived = figures.bytesReceived
        statistics.bytesSent = figures.bytesSent
        statistics.estimatedBitsPerSecond = figures.estimate
        statistics.roundTrip = .nanoseconds(figures.roundTripNanoseconds)
        return statistics
    }
}

extension MediaPath {
    init(_ pair: ICESelectedPair) {
        self.init(
            transport: pair.transport == .tcp ? .tcp : .udp,
            localCandidate: Candidate(rawValue: pair.localKind.rawValue) ?? .host,
            localAddress: pair.local.map { "\($0)" }, serverAddress: "\(pair.remote)")
    }
}
