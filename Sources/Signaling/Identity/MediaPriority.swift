// Whose media goes first, and whose is subscribed without asking.
// SPDX-License-Identifier: Apache-2.0

/// Whose media the others receive first where the network is weak; at most one of a room is high.
package enum MediaPriority: String, Codable, Hashable, Sendable, CaseIterable {
    /// Like everybody.
    case normal
    /// Before everybody else.
    case high
}

/// Which tracks of others are subscribed as they come. In JSON `true`, `false`, `"audio"` or `"video"`.
package enum AutoSubscribe: Hashable, Sendable, CaseIterable {
    /// Everything.
    case all
    /// Nothing.
    case none
    /// What is heard.
    case audio
    /// What is seen.
    case video

    /// Everything or nothing.
    package init(_ everything: Bool) { self = everything ? .all : .none }

    /// Whether tracks of a kind are subscribed.
    package func includes(_ kind: TrackKind) -> Bool {
        switch self {
        case .all: true
        case .none: false
        case .audio: kind == .audio
        case .video: kind == .video
        }
    }
}

extension AutoSubscribe: ExpressibleByBooleanLiteral {
    /// Everything or nothing.
    package init(booleanLiteral value: Bool) { self.init(value) }
}

extension AutoSubscribe: Codable {
    /// Reads a truth value or the name of a kind.
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let everything = try? value.decode(Bool.self) {
            self.init(everything)
            return
        }
        switch try value.decode(TrackKind.self) {
        case .audio: self = .audio
        case .video: self = .video
        }
    }

    /// Writes a truth value or the name of a kind.
    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .all: try value.encode(true)
        case .none: try value.encode(false)
        case .audio: try value.encode(TrackKind.audio)
        case .video: try value.encode(TrackKind.video)
        }
    }
}
