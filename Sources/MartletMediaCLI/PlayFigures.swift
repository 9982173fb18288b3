// What `play` counts.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Martlet
import MediaCodecs

/// Counts what comes of each track.
actor PlayFigures {
    /// What came of one track.
    struct TrackFigures: Codable {
        var participant: String
        var source: String
        var frames = 0
        var width = 0
        var height = 0
        var sizes: Set<String> = []
        /// The numbers of `beep`'s pictures: the first, the last, and how often one did not follow the one before.
        var firstNumber: Int?
        var lastNumber: Int?
        var numberGaps = 0
        /// The longest time between two pictures as they were handed out.
        var longestGapMilliseconds = 0
        var milliseconds = 0
        var audibleMilliseconds = 0
        /// The median of what was audible, in hertz.
        var frequency: Double?
        /// Packets that never came, that came because they were asked for, and sound that was made up.
        var packetsLost: Int64 = 0
        var repeatedPackets: UInt64 = 0
        var concealedMilliseconds = 0.0
        /// How long sound is held at the end.
        var soundDelayMilliseconds = 0.0
        /// How often pictures were left out for packets that never came.
        var interruptions: UInt64 = 0
    }

    /// What is printed at the end.
    private struct Summary: Codable {
        var tracks: [TrackFigures]
        /// What came with pictures, by participant.
        var metadata: [String: [String]]
        var mixedMilliseconds: Int
        var mixedLongestGapMilliseconds: Int
        /// How much later than its flash each beep came, in milliseconds: by the times of capture, and as they were handed out.
        var skewByTimestamp: [Double]
        var skewByArrival: [Double]
        var estimatedBitsPerSecond: Double
        var roundTripMilliseconds: Double
        /// The way that media took at the end.
        var path: MediaPath?
    }

    private let dumpFolder: String?
    private var tracks: [String: TrackFigures] = [:]
    private var metadata: [String: [String]] = [:]
    private var frequencies: [String: [Double]] = [:]
    private var wasAudible: [String: Bool] = [:]
    private var wasFlash: [String: Bool] = [:]
    private var mixed = 0
    private var mixedAt: ContinuousClock.Instant?
    private var longestGap = Duration.zero
    private var flashes: [String: [(stamp: Int64, at: ContinuousClock.Instant)]] = [:]
    private var beeps: [String: [(stamp: Int64, at: ContinuousClock.Instant)]] = [:]
    private var transport = TransportStatistics()
    private var seenAt: [String: ContinuousClock.Instant] = [:]
    private var dumpedAt: [String: ContinuousClock.Instant] = [:]

    init(dumpFolder: String?) { self.dumpFolder = dumpFolder }

    func note(_ statistics: TransportStatistics) { transport = statistics }

    func note(_ statistics: RemoteTrackStatistics, of track: RemoteTrack) {
        change(track) { figures in
            figures.packetsLost = statistics.packetsLost
            figures.repeatedPackets = statistics.repeatedPackets
            figures.concealedMilliseconds = statistics.concealed / .milliseconds(1)
            figures.soundDelayMilliseconds = statistics.soundDelay / .milliseconds(1)
            figures.interruptions = statistics.interruptions
        }
    }

    /// The most pieces of metadata that are kept of one participant.
    private static let metadataMax = 256

    func note(metadata bytes: [UInt8], of participant: String) {
        guard metadata[participant, default: []].count < Self.metadataMax else { return }
        metadata[participant, default: []].append(String(decoding: bytes, as: UTF8.self))
    }

    func hearMixed(_ pieces: AsyncStream<AudioFrame>) async {
        for await _ in pieces {
            mixed += 10
            let now = ContinuousClock.now
            if let mixedAt { longestGap = max(longestGap, now - mixedAt) }
            mixedAt = now
        }
    }

    func hear(_ pieces: AsyncStream<AudioFrame>, _ track: RemoteTrack) async {
        for await piece in pieces {
            let heard = HeardPiece(piece.samples)
            change(track) { figures in
                figures.milliseconds += 10
                if heard.isAudible { figures.audibleMilliseconds += 10 }
            }
            if heard.isAudible {
                frequencies[track.id, default: []].append(heard.frequency)
                if frequencies[track.id, default: []].count > 10_000 {
                    frequencies[track.id]?.removeFirst(5_000)
                }
            }
            if heard.isAudible, wasAudible[track.id] == false {
                let place = heard.onset.map { Int64($0) * 1_000 / 48 } ?? 0
                beeps[track.participant, default: []].append(
                    (piece.timestampMicroseconds + place, .now))
            }
            wasAudible[track.id] = heard.isAudible
        }
    }

    func see(_ frames: AsyncStream<VideoFrame>, _ track: RemoteTrack) async {
        for await frame in frames {
            let number = TestPicture.number(of: frame)
            let now = ContinuousClock.now
            let gap = seenAt[track.id].map { now - $0 } ?? .zero
            seenAt[track.id] = now
            change(track) { figures in
                figures.frames += 1
                figures.longestGapMilliseconds = max(
                    figures.longestGapMilliseconds, Int(gap / .milliseconds(1)))
                figures.width = frame.width
                figures.height = frame.height
                figures.sizes.insert("\(frame.width)x\(frame.height)")
                guard let number else { return }
                if figures.firstNumber == nil { figures.firstNumber = number }
                if let last = figures.lastNumber, (last + 1) & 0xFFFF != number {
                    figures.numberGaps += 1
                }
                figures.lastNumber = number
            }
            let isFlash = TestPicture.isFlash(frame)
            if number != nil, isFlash, wasFlash[track.id] == false {
                flashes[track.participant, default: []].append(
                    (frame.timestampMicroseconds, .now))
            }
            wasFlash[track.id] = isFlash
            dump(frame, track)
        }
    }

    private func change(_ track: RemoteTrack, _ body: (inout TrackFigures) -> Void) {
        var figures =
            tracks[track.id]
            ?? TrackFigures(participant: track.participant, source: track.source.rawValue)
        body(&figures)
        tracks[track.id] = figures
    }

    private func dump(_ frame: VideoFrame, _ track: RemoteTrack) {
        guard let dumpFolder else { return }
        let now = ContinuousClock.now
        if let before = dumpedAt[track.id], now - before < .seconds(1) { return }
        dumpedAt[track.id] = now
        var bytes = Data("P5 \(frame.width) \(frame.height) 255\n".utf8)
        let y = frame.y
        for row in 0..<frame.height {
            for column in 0..<frame.width { bytes.append(y[row * frame.yStride + column]) }
        }
        let number = tracks[track.id]?.frames ?? 0
        let safe = track.id.filter { $0.isLetter || $0.isNumber || $0 == "_" }
        let path = "\(dumpFolder)/\(safe)-\(number).pgm"
        do { try bytes.write(to: URL(fileURLWithPath: path)) } catch {
            FileHandle.standardError.write(Data("\(path): \(error)\n".utf8))
        }
    }

    /// A line for people.
    var line: String {
        guard !tracks.isEmpty else { return "nobody publishes" }
        return sorted.map { figures in
            figures.frames > 0
                ? "\(figures.participant) \(figures.source) \(figures.width)x\(figures.height) \(figures.frames) pictures"
                : "\(figures.participant) \(figures.source) \(figures.milliseconds) ms, \(figures.audibleMilliseconds) audible"
        }.joined(separator: "; ")
    }

    private var sorted: [TrackFigures] {
        tracks.sorted { $0.key < $1.key }.map { id, figures in
            var figures = figures
            let heard = (frequencies[id] ?? []).sorted()
            if !heard.isEmpty { figures.frequency = heard[heard.count / 2] }
            return figures
        }
    }

    /// All of it, as one line of JSON.
    func summary() throws -> String {
        var byTimestamp: [Double] = []
        var byArrival: [Double] = []
        for (participant, beeps) in beeps {
            for beep in beeps {
                let pair = flashes[participant]?.min {
                    abs($0.stamp - beep.stamp) < abs($1.stamp - beep.stamp)
                }
                guard let pair, abs(pair.stamp - beep.stamp) < 500_000 else { continue }
                byTimestamp.append(Double(beep.stamp - pair.stamp) / 1_000)
                byArrival.append((beep.at - pair.at) / .milliseconds(1))
            }
        }
        let summary = Summary(
            tracks: sorted, metadata: metadata, mixedMilliseconds: mixed,
            mixedLongestGapMilliseconds: Int(longestGap / .milliseconds(1)),
            skewByTimestamp: byTimestamp, skewByArrival: byArrival,
            estimatedBitsPerSecond: transport.estimatedBitsPerSecond,
            roundTripMilliseconds: transport.roundTrip / .milliseconds(1), path: transport.path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(summary), as: UTF8.self)
    }
}
