// How much a published stream sends, per spatial and temporal layer.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The rate of one stream over the last second, by spatial and temporal layer. Nothing is allocated.
package struct LayerRates: Sendable {
    /// How many temporal layers are told apart; higher ones count as the last.
    package static let temporalLayersMax = 4
    /// How many spatial layers are told apart; higher ones count as the last.
    package static let spatialLayersMax = 4
    /// What one packet is taken to weigh beside its payload, in bytes: RTP header with extensions and SRTP tag, and
    /// 28 for UDP and IP.
    package static let packetOverheadBytes = 68
    /// How long one interval of the measure is.
    package static let interval = MediaDuration.milliseconds(125)

    /// Over about so many intervals a keyframe is counted: sixteen seconds.
    private static let keyframeIntervals: UInt32 = 128
    private static let intervalCount = 8
    private static let layersInInterval = temporalLayersMax * spatialLayersMax
    /// Bytes of keyframes that are still to be counted, by spatial layer.
    private var spread = InlineArray<4, UInt32>(repeating: 0)
    private var bytes = InlineArray<128, UInt32>(repeating: 0)
    private var current: Int64 = .min
    private var first: Int64 = .min

    /// Nothing measured yet.
    package init() {}

    /// Counts a packet that arrived now.
    /// - Parameters:
    ///   - repeatedCount: How many bytes of the payload repeat earlier packets (RFC 2198): they count as the next
    ///     temporal layer, since the packet may go out without them.
    ///   - isKeyframe: Whether it belongs to a keyframe, which is counted over the seconds after it: one that has
    ///     just come says little about what the stream takes.
    package mutating func add(
        payloadCount: Int, spatial: UInt8 = 0, temporal: UInt8, repeatedCount: Int = 0,
        isKeyframe: Bool = false, at now: MediaInstant
    ) {
        let number = now.nanoseconds / Self.interval.nanoseconds
        if number > current {
            if first == .min { first = number }
            // A stream that pauses begins again from nothing.
            let passed = current == .min ? Int64(Self.intervalCount) : number - current
            if passed >= Self.intervalCount { first = number }
            // By hand: an iterator over these numbers allocates in builds that do not specialise it.
            var step: Int64 = 0
            while step < min(passed, Int64(Self.intervalCount)) {
                let place = Self.place(of: number - step)
                for layer in 0..<Self.layersInInterval { bytes[place + layer] = 0 }
                step += 1
            }
            current = number
            let passedCount = UInt32(min(passed, Int64(Self.keyframeIntervals)))
            for size in 0..<Self.spatialLayersMax {
                let rest = spread[size]
                let share = min(rest, (rest / Self.keyframeIntervals + 1) &* passedCount)
                spread[size] = rest - share
                bytes[Self.place(of: number) + size * Self.temporalLayersMax] &+= share
            }
        }
        let size = min(Int(spatial), Self.spatialLayersMax - 1)
        if isKeyframe {
            spread[size] &+= UInt32(truncatingIfNeeded: payloadCount + Self.packetOverheadBytes)
            return
        }
        let row = size * Self.temporalLayersMax
        let layer = row + min(Int(temporal), Self.temporalLayersMax - 1)
        bytes[Self.place(of: current) + layer] &+= UInt32(
            truncatingIfNeeded: payloadCount - repeatedCount + Self.packetOverheadBytes)
        guard repeatedCount > 0 else { return }
        let above = min(layer + 1, row + Self.temporalLayersMax - 1)
        bytes[Self.place(of: current) + above] &+= UInt32(truncatingIfNeeded: repeatedCount)
    }

    private static func place(of number: Int64) -> Int {
        Int(number & Int64(intervalCount - 1)) * layersInInterval
    }

    /// The rate of the temporal layers up to `temporal` of the spatial layers up to `spatial`, in bits a second, all
    /// headers counted; 0 for a stream that has sent nothing for a second.
    ///
    /// The interval that has only begun does not count, unless there is no other.
    package func bitRate(
        upTo temporal: UInt8, ofSizesUpTo spatial: UInt8 = 7, at now: MediaInstant
    ) -> Int {
        let number = now.nanoseconds / Self.interval.nanoseconds
        guard current != .min, number - current < Self.intervalCount else { return 0 }
        let oldest = max(first, number - Int64(Self.intervalCount) + 1)
        let newest = max(oldest, number - 1)
        var sum: Int64 = 0
        var place = oldest
        while place <= min(newest, current) {
            for size in 0..<min(Int(spatial) + 1, Self.spatialLayersMax) {
                let row = Self.place(of: place) + size * Self.temporalLayersMax
                for layer in 0..<min(Int(temporal) + 1, Self.temporalLayersMax) {
                    sum += Int64(bytes[row + layer])
                }
            }
            place += 1
        }
        let nanoseconds = (newest - oldest + 1) * Self.interval.nanoseconds
        return Int(sum * 8 * 1_000_000 / (nanoseconds / 1_000))
    }
}
