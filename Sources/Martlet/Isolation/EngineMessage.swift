// What an application's room and its engine process say to each other, frames left out.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// A message in either direction; JSON on the wire.
enum EngineMessage: Codable, Sendable {
    /// The version of what is said here: both sides are of one package, and an engine of another is not used.
    static let version = 4

    /// The engine's first word.
    case hello(version: Int)
    /// The room asks.
    case request(id: UInt64, EngineRequest)
    /// The engine answers, in any order.
    case reply(id: UInt64, EngineReply)
    /// Something happened, in order.
    case event(RoomEvent)
    /// Oneself, as the others see one from now on.
    case oneself(RemoteParticipant)
    /// What oneself may do from now on.
    case permissions(Permissions)
    /// A publication is over against the application's will, and what whoever writes into its source is thrown.
    case withdrawn(UInt32, UnpublishReason, MartletError)
    /// Somebody needs a keyframe of a publication that the application encodes.
    case keyframeNeeded(UInt32)
    /// What such a publication may spend, in bits a second.
    case bitrate(UInt32, Int)
    /// A stream that the room listens to has ended.
    case tapEnded(UInt32)
    /// A line of the engine's log: what happened, and nothing of who is where.
    case log(String)
    /// The room asks whether the engine is alive.
    case ping
    /// It is.
    case pong
}

/// What is published, by numbers that the room chooses.
enum EngineRequest: Codable, Sendable {
    case join(JoinOptions)
    case leave
    case networkChanged
    case setParameters(RoomParameters)
    case parameters

    case publishSound(UInt32, TrackSource, SoundFormat, AudioPublishOptions)
    case publishPictures(UInt32, TrackSource, VideoPublishOptions)
    case publishEncodedSound(UInt32, TrackSource, AudioCodec, AudioPublishOptions)
    case publishEncodedPictures(
        UInt32, TrackSource, VideoCodec, maxBitsPerSecond: Int, isMuted: Bool)
    /// Nothing more is written; answered when all of it has left.
    case finish(UInt32)
    case mute(UInt32, Bool)
    case sendMetadata(
        UInt32, [UInt8], repeats: Int, after: Duration, keyFramesOnly: Bool)
    case unpublish(UInt32)
    case stopPublishing(UInt32)
    /// Which publications there are.
    case publications

    case listen(UInt32, RemoteTrack?, SoundForm)
    case watch(UInt32, RemoteTrack, PictureForm)
    case endTap(UInt32)
    case subscribe(Bool, participant: String, source: TrackSource?)
    case quality(VideoQuality, participant: String, source: TrackSource)
    case requestKeyframe(RemoteTrack)

    case participants
    case name
    case transportStatistics
    case sessionStatistics
    case sendingStatistics(UInt32)
    case receivingStatistics(RemoteTrack)

    case openDataStream
    /// Answered when the server has the packet, or it is lost.
    case sendData(stream: Int, [UInt8], userTimestamp: Int64?)
    case closeDataStream(Int)
    case sendMessage(String, to: [String]?, id: String?)
    case renewToken(String)
    case setRole(Role)
    case update(name: String?, metadata: String?, attributes: [String: String?])
    case remove(String, banSeconds: Int64?)
}

/// In which form sound is listened to.
enum SoundForm: Codable, Sendable {
    case pcm(SoundFormat)
    case aac(AACOptions)
    /// Packets as they came.
    case opus
}

/// In which form pictures are watched.
enum PictureForm: Codable, Sendable {
    case decoded
    case encoded
}

/// What a request came to.
enum EngineReply: Codable, Sendable {
    case done
    case failed(MartletError)
    case participants([RemoteParticipant])
    case text(String?)
    case names([String])
    case number(Int)
    case publications([UInt32])
    case transport(TransportStatistics)
    case parameters(RoomParameters)
    case session(SessionStatistics)
    case sent([LocalTrackStatistics])
    case received(RemoteTrackStatistics?)
}
