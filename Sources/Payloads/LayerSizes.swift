// How large the pictures of each spatial layer of one stream are.
// SPDX-License-Identifier: Apache-2.0

/// The sizes of a stream's spatial layers, from the smallest. Nothing is allocated.
package struct LayerSizes: Equatable, Sendable {
    /// How many layers there can be (RFC 9628 §4.2.1: three bits).
    package static let countMax = 8

    private var sizes = InlineArray<8, PictureSize>(repeating: PictureSize(width: 0, height: 0))
    /// How many layers are known, 0 to ``countMax``.
    package private(set) var count = 0

    /// Nothing known.
    package init() {}

    /// Adds the next larger layer; one too many is left out.
    package mutating func append(_ size: PictureSize) {
        guard count < Self.countMax else { return }
        sizes[count] = size
        count += 1
    }

    /// The size of a layer; `nil` if it is not known.
    package subscript(layer: Int) -> PictureSize? {
        layer >= 0 && layer < count ? sizes[layer] : nil
    }

    /// The size of the highest layer; `nil` if none is known.
    package var largest: PictureSize? { self[count - 1] }

    /// Whether these are the smallest of another's sizes, and that has more: what is left of a stream without its upper
    /// layers. Encoders round, and a device may be turned: areas count, and may differ by an eighth.
    package func areSmallest(of other: LayerSizes) -> Bool {
        guard count > 0, count < other.count else { return false }
        for layer in 0..<count {
            let (one, two) = (sizes[layer].area, other.sizes[layer].area)
            guard max(one, two) - min(one, two) <= two / 8 else { return false }
        }
        return true
    }

    /// Whether two say the same.
    package static func == (one: LayerSizes, other: LayerSizes) -> Bool {
        guard one.count == other.count else { return false }
        for layer in 0..<one.count where one.sizes[layer] != other.sizes[layer] { return false }
        return true
    }
}
