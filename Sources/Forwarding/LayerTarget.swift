// How much of a published track one receiver is to get.
// SPDX-License-Identifier: Apache-2.0

/// The highest layers of a track that may be forwarded.
package struct LayerTarget: Sendable, Equatable {
    /// The simulcast or SVC layer, 0 for the smallest.
    package var spatial: UInt8
    /// The temporal layer: 0 for the base alone, 7 for all.
    package var temporal: UInt8

    /// Names the highest layers.
    package init(spatial: UInt8, temporal: UInt8) {
        self.spatial = spatial
        self.temporal = temporal
    }

    /// Everything that is published.
    package static let all = LayerTarget(spatial: 7, temporal: 7)

    /// Whether another allows all of this: a smaller picture, or the same with no more temporal layers.
    package func isWithin(_ other: LayerTarget) -> Bool {
        spatial < other.spatial || (spatial == other.spatial && temporal <= other.temporal)
    }

    /// What both allow.
    package func lowered(to other: LayerTarget) -> LayerTarget {
        LayerTarget(
            spatial: min(spatial, other.spatial), temporal: min(temporal, other.temporal))
    }
}
