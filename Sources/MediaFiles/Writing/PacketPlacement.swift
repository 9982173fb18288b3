// Where packets of Opus stand in a file, and what fills the places of those that are missing.
// SPDX-License-Identifier: Apache-2.0

/// Decides for each packet of a stream when it is heard in the file. Players and converters that look at packets alone, and not at
/// their times, hear as long a recording as the others: what is missing is filled with silence.
package struct PacketPlacement: Sendable {
    /// A piece to be written, when it is heard in ticks of 48 kHz.
    package struct Piece: Equatable, Sendable {
        /// When it is heard.
        package var ticks: Int64
        /// A packet of silence; `nil`: the packet itself.
        package var silence: [UInt8]?
    }

    /// More than this between two packets is a gap, whatever is said of it: 60 ms.
    static let gap: Int64 = 2_880
    /// Where times alone do not count, packets are never further from theirs for long: 20 ms.
    static let driftMax = 960.0

    /// Whether the file keeps the time of each packet; else each is heard behind the one before.
    let isTimed: Bool
    /// The longest gap that is filled; a longer one stays a gap.
    let filledMax: Int64
    /// Behind the last packet.
    private(set) var end: Int64?
    /// By how much packets come later than they are heard, smoothed.
    private var drift = 0.0

    /// - Parameters:
    ///   - isTimed: Whether the file keeps the time of each packet (Matroska); else each is heard behind the one before (Ogg).
    ///   - filledMax: The longest gap that is filled, in ticks.
    package init(isTimed: Bool, filledMax: Int64) {
        self.isTimed = isTimed
        self.filledMax = filledMax
    }

    /// What is to be written for the next packet, in order; nothing: it is left out.
    /// - Parameters:
    ///   - time: When it was captured, in ticks from the file's beginning.
    ///   - length: How long it sounds.
    ///   - isBehindGap: Whether something is missing before it.
    package mutating func place(
        _ time: Int64, length: Int64, isBehindGap: Bool
    ) -> [Piece] {
        guard let end else {
            self.end = time + length
            return [Piece(ticks: time)]
        }
        let behind = time - end
        if behind > Self.gap || isBehindGap && behind > 0 {
            drift = 0
            var pieces = behind <= filledMax ? Self.silence(from: end, count: behind) : []
            let filled = pieces.last.map { $0.ticks + Self.length(of: $0.silence) }
            let start = isTimed || pieces.isEmpty ? time : filled ?? time
            pieces.append(Piece(ticks: start))
            self.end = start + length
            return pieces
        }
        guard !isTimed else {
            self.end = time + length
            return [Piece(ticks: time)]
        }
        drift += (Double(behind) - drift) / 16
        if drift < -Self.driftMax {
            drift = 0
            return []
        }
        var pieces: [Piece] = []
        var start = end
        if drift > Self.driftMax {
            pieces = Self.silence(from: end, count: Int64(Self.driftMax))
            start += Int64(Self.driftMax)
            drift = 0
        }
        pieces.append(Piece(ticks: start))
        self.end = start + length
        return pieces
    }

    /// Packets of digital silence, of 20 ms and then less (RFC 6716 §3.1: CELT alone, full band, stereo).
    static func silence(from start: Int64, count: Int64) -> [Piece] {
        var pieces: [Piece] = []
        var (at, left) = (start, count)
        for (length, head) in lengths {
            while left >= length {
                pieces.append(Piece(ticks: at, silence: [head, 0xFF, 0xFE]))
                at += length
                left -= length
            }
        }
        return pieces
    }

    private static let lengths: [(Int64, UInt8)] = [
        (960, 0xFC), (480, 0xF4), (240, 0xEC), (120, 0xE4),
    ]

    private static func length(of silence: [UInt8]?) -> Int64 {
        lengths.first { $0.1 == silence?.first }?.0 ?? 0
    }
}
