// Where the media of a track comes from, and how it stands.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

/// What a track shows or lets hear (row P05).
public enum TrackSource: String, Sendable, Hashable, Codable, CaseIterable {
    /// Somebody's voice, or what takes its place.
    case microphone
    /// Somebody's picture.
    case camera
    /// A screen.
    case screen
    /// What is heard beside a screen.
    case screenAudio
    /// Anything else that is seen; there may be several.
    case custom

    /// Whether it is heard rather than seen; a custom one is seen.
    public var isSound: Bool { self == .microphone || self == .screenAudio }

    var signaled: Signaling.TrackSource {
        switch self {
        case .microphone: .microphone
        case .camera: .camera
        case .screen: .screen
        case .screenAudio: .screenAudio
        case .custom: .custom
        }
    }

    init(_ source: Signaling.TrackSource) {
        self =
            switch source {
            case .microphone: .microphone
            case .camera: .camera
            case .screen: .screen
            case .screenAudio: .screenAudio
            case .custom: .custom
            }
    }
}

/// Where publishing a source stands (row P14): the numbers are those of Alibaba's callbacks.
public enum PublishState: Int, Sendable, Equatable, Codable {
    /// Nothing was asked for yet.
    case idle = 0
    /// It is not published.
    case unpublished = 1
    /// It was asked for.
    case publishing = 2
    /// The others can have it.
    case published = 3

    init(_ state: SessionPublishState) {
        self =
            switch state {
            case .idle: .idle
            case .unpublished: .unpublished
            case .publishing: .publishing
            case .published: .published
            }
    }
}

/// Where receiving a track stands (row P15).
public enum SubscribeState: Int, Sendable, Equatable, Codable {
    /// It is not known.
    case idle = 0
    /// It is known and not wanted.
    case unsubscribed = 1
    /// It is wanted and does not come yet.
    case subscribing = 2
    /// It is received.
    case subscribed = 3

    init(_ state: SessionSubscribeState) {
        self =
            switch state {
            case .idle: .idle
            case .unsubscribed: .unsubscribed
            case .subscribing: .subscribing
            case .subscribed: .subscribed
            }
    }
}
