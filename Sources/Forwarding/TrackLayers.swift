// The streams of one track in the order of their size, and which of them live.
// SPDX-License-Identifier: Apache-2.0

/// What slots have to know of a track's simulcast layers at one moment.
package struct TrackLayers: Sendable {
    /// How many layers there may be.
    package static let countMax = 4

    private var count = 0
    private var streams = InlineArray<4, Int>(repeating: -1)
    private var alive: UInt8 = 0
    /// Whether the track has one stream for each size, or one for all: then what is chosen among are the spatial
    /// layers within it.
    package private(set) var isSimulcast = false

    /// A track of which nothing is known.
    package init() {}

    /// A track with one stream.
    package static func single(_ producer: Int) -> TrackLayers {
        var layers = TrackLayers()
        layers.add(producer, layer: 0, isAlive: true)
        return layers
    }

    /// Adds a stream. Of two in one layer the first stays unless it has fallen silent and the other has not: a
    /// browser that begins anew chooses another SSRC.
    /// - Parameter layer: Its place from the smallest, 0 to 3; others are left out.
    package mutating func add(_ producer: Int, layer: UInt8, isAlive: Bool) {
        guard layer < Self.countMax else { return }
        let bit: UInt8 = 1 << layer
        guard streams[Int(layer)] < 0 || (isAlive && alive & bit == 0) else { return }
        if streams[Int(layer)] < 0, count > 0 { isSimulcast = true }
        streams[Int(layer)] = producer
        count = min(count + 1, Self.countMax)
        if isAlive { alive |= bit }
    }

    /// The stream of a layer; `nil` if the layer has none.
    package func producer(ofLayer layer: UInt8) -> Int? {
        guard layer < Self.countMax, streams[Int(layer)] >= 0 else { return nil }
        return streams[Int(layer)]
    }

    /// The place of a stream from the smallest; `nil` if it is not of this track, or another has taken its layer.
    package func layer(of producer: Int) -> UInt8? {
        for layer in 0..<Self.countMax where streams[layer] == producer { return UInt8(layer) }
        return nil
    }

    /// The stream to show where layers up to `spatial` are allowed: the highest of them that lives; where none of
    /// them does, the lowest living one above, since a picture too large is better than none. `nil` if none lives.
    package func wanted(upTo spatial: UInt8) -> Int? {
        guard alive != 0 else { return nil }
        let mask = UInt8(truncatingIfNeeded: (UInt16(1) << (min(UInt16(spatial), 7) + 1)) - 1)
        let allowed = alive & mask
        let layer =
            allowed != 0 ? 7 - allowed.leadingZeroBitCount : alive.trailingZeroBitCount
        return producer(ofLayer: UInt8(layer))
    }

    /// What of a wish is chosen within a stream: where there is one stream for each size, all its spatial layers.
    package func withinStream(_ wish: LayerTarget) -> LayerTarget {
        isSimulcast ? LayerTarget(spatial: 7, temporal: wish.temporal) : wish
    }
}
