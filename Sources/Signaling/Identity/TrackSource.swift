// What a track shows: its source and its kind.
// SPDX-License-Identifier: Apache-2.0

/// Whether a track or section is heard or seen.
package enum TrackKind: String, Codable, Hashable, Sendable, CaseIterable {
    case audio, video
}

/// Where a track's media comes from.
package enum TrackSource: String, Codable, Hashable, Sendable, CaseIterable {
    case microphone, camera, screen, screenAudio, custom

    /// The kind of media this source has; `nil` for `custom`, which has that of its section.
    package var kind: TrackKind? {
        switch self {
        case .microphone, .screenAudio: return .audio
        case .camera, .screen: return .video
        case .custom: return nil
        }
    }
}

/// A set of sources, for grants and subscriptions.
package struct TrackSourceSet: OptionSet, Hashable, Sendable {
    /// One bit per source.
    package let rawValue: UInt8

    /// Makes a set from its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The set of one source.
    package init(_ source: TrackSource) {
        switch source {
        case .microphone: rawValue = 1
        case .camera: rawValue = 2
        case .screen: rawValue = 4
        case .screenAudio: rawValue = 8
        case .custom: rawValue = 16
        }
    }

    /// Every source.
    package static let all = TrackSourceSet(rawValue: 31)

    /// Whether `source` is in the set.
    package func contains(_ source: TrackSource) -> Bool { contains(TrackSourceSet(source)) }

    /// The sources of the set, in the order of their declaration.
    package var sources: [TrackSource] { TrackSource.allCases.filter { contains($0) } }
}
