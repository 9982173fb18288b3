// What a receiver wants to see of a track, before it is known which layers there are.
// SPDX-License-Identifier: Apache-2.0
package import Payloads

/// A receiver's choice among the layers of whatever a slot shows: the lesser of a level and of what fills a view.
package struct LayerChoice: Sendable, Equatable {
    /// Which of the layers.
    package enum Level: Sendable {
        /// The smallest.
        case low
        /// The one in the middle; of two the larger.
        case medium
        /// The largest.
        case high
    }

    /// Which part of a view's pixels a picture must have, in quarters, to be large enough: whoever enlarges it that
    /// little sees no difference worth the next layer's price.
    private static let quarters: UInt32 = 3

    /// The largest layer wanted.
    package var level: Level
    /// The view in which it is shown; one without pixels: it is not looked at now. `nil`: not known.
    package var view: PictureSize?

    /// Makes a choice.
    package init(level: Level = .high, view: PictureSize? = nil) {
        self.level = level
        self.view = view
    }

    /// The highest layers that the choice allows; `nil`: none.
    /// - Parameter layers: The layers of the track, in any order, with their sizes where those are known; of a layer
    ///   that is not known well enough to tell, more is taken rather than less.
    package func target(among layers: [(layer: UInt8, size: PictureSize?)]) -> LayerTarget? {
        let target: LayerTarget =
            switch level {
            case .high: .all
            case .medium: LayerTarget(spatial: 1, temporal: 7)
            case .low: LayerTarget(spatial: 0, temporal: 7)
            }
        guard let view else { return target }
        guard view.area > 0 else { return nil }
        var least: UInt8?
        for entry in layers {
            guard let size = entry.size, size.area / 4 >= view.area / 16 * Self.quarters
            else { continue }
            least = min(least ?? entry.layer, entry.layer)
        }
        return LayerTarget(spatial: min(target.spatial, least ?? 7), temporal: 7)
    }
}
