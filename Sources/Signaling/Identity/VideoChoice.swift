// How much of somebody's picture is wanted.
// SPDX-License-Identifier: Apache-2.0

/// Which of the sizes that a video is sent in.
package enum VideoQuality: String, Codable, Hashable, Sendable, CaseIterable {
    /// The smallest.
    case low
    /// The one in the middle; of two the larger.
    case medium
    /// The largest.
    case high
}

/// How many pixels the view has in which a video is shown.
package struct ViewSize: Hashable, Sendable {
    /// The most pixels on a side.
    package static let sideMax: UInt16 = 16_384

    /// Pixels from left to right, 0 to 16,384.
    package let width: UInt16
    /// Pixels from top to bottom, 0 to 16,384.
    package let height: UInt16

    /// Makes a size; larger sides are cut to the most there is.
    package init(width: UInt16, height: UInt16) {
        self.width = min(width, Self.sideMax)
        self.height = min(height, Self.sideMax)
    }

    /// Whether nothing is to be seen in it.
    package var isEmpty: Bool { width == 0 || height == 0 }
}

/// What one wants to see of a track: the lesser of a quality and of what fills a view.
package struct VideoChoice: Hashable, Sendable {
    /// The best quality wanted.
    package var quality: VideoQuality
    /// The view it is shown in; an empty one: it is not looked at now. `nil`: not known.
    package var view: ViewSize?

    /// Makes a choice.
    package init(quality: VideoQuality = .high, view: ViewSize? = nil) {
        self.quality = quality
        self.view = view
    }
}

extension VideoChoice: Codable {
    private enum Key: String, CodingKey { case quality, width, height }

    /// Reads a choice; all may be absent, but width and height go together.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(quality: try fields.decodeIfPresent(VideoQuality.self, forKey: .quality) ?? .high)
        let width = try fields.decodeIfPresent(UInt16.self, forKey: .width)
        let height = try fields.decodeIfPresent(UInt16.self, forKey: .height)
        switch (width, height) {
        case (nil, nil): break
        case (let width?, let height?): view = ViewSize(width: width, height: height)
        default:
            throw SignalingError(.invalidArgument, detail: "Width and height go together.")
        }
    }

    /// Writes a choice.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        if quality != .high || view == nil { try fields.encode(quality, forKey: .quality) }
        try fields.encodeIfPresent(view?.width, forKey: .width)
        try fields.encodeIfPresent(view?.height, forKey: .height)
    }
}
