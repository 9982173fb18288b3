// One message of each form, for round trips, truncations and flips.
// SPDX-License-Identifier: Apache-2.0
import Wire

@testable import Signaling

/// The value, where a test cannot go on without it.
func must<Value>(_ make: @autoclosure () throws -> Value?) -> Value {
    do {
        guard let value = try make() else { preconditionFailure("a sample is missing") }
        return value
    } catch {
        preconditionFailure("a sample is refused: \(error)")
    }
}

enum Samples {
    static func id(_ number: Int64 = 7) -> RequestID { must(RequestID(number)) }
    static func who(_ text: String = "bob") -> ParticipantID { must(try ParticipantID(text)) }
    static func mid(_ text: String = "1") -> MediaSectionID { must(try MediaSectionID(text)) }
    static let track = TrackID(number: 9)
    static let stream = must(DataStreamID(3))
    static let room = must(try RoomName("daily stand-up"))
    static let trackInfo = TrackInfo(id: track, source: .camera, kind: .video, muted: true)
    static let info = ParticipantInfo(
        id: who(), name: must(try DisplayName("Bøb \"the\" 🐦")),
        metadata: must(try Metadata("{}\n")),
        attributes: must(try ParticipantAttributes(["seat": "4", "hand": "up"])),
        role: .audience, interrupted: true, priority: .high, tracks: [trackInfo])

    static let client: [ClientMessage] = [
        .join(
            id(1),
            JoinRequest(
                room: room, token: "a.b.c", participant: who(), name: info.name,
                metadata: info.metadata, offer: .plain("v=0\r\n"),
                options: JoinOptions(autoSubscribe: false))),
        .join(id(2), JoinRequest(room: room, offer: .deflated([0, 1, 2, 254, 255]))),
        .offer(id(3), .plain("v=0\r\n")),
        .publish(id(4), PublishRequest(source: .screenAudio, mid: mid(), muted: true)),
        .publish(id(4), PublishRequest(source: .custom, mid: mid("audio/1"))),
        .unpublish(id(5), track), .mute(id(6), track, true), .mute(id(6), track, false),
        .subscribe(id(), who(), .camera), .subscribe(id(), who(), nil),
        .unsubscribe(id(), who(), .microphone), .unsubscribe(id(), who(), nil),
        .join(
            id(2),
            JoinRequest(
                room: room, attributes: must(try ParticipantAttributes(["a": "1", "ü": ""])),
                offer: .plain(""), options: JoinOptions(profile: .broadcast, role: .host))),
        .openStream(id(9), .reliableOrdered), .openStream(id(9), .unreliableUnordered),
        .closeStream(id(9), stream),
        .sendData(id(9), OutgoingData(stream: stream, bytes: [0, 255], userTimestamp: -1)),
        .sendData(id(9), OutgoingData(stream: stream, bytes: [])),
        .sendMessage(
            id(9),
            OutgoingMessage(
                message: must(try MessageID("m-1")), to: [who(), who("cy")], content: "hé\n")),
        .sendMessage(id(9), OutgoingMessage(content: "")),
        .resume(id(9), ResumeRequest(session: sessionID, lastSequence: 41)),
        .join(
            id(2),
            JoinRequest(
                room: room, offer: .plain(""),
                options: JoinOptions(resume: true, publishesData: false, receivesData: true))),
        .join(
            id(2),
            JoinRequest(
                room: room, offer: .plain(""),
                options: JoinOptions(publishesData: false, receivesData: false))),
        .join(
            id(2),
            JoinRequest(
                room: room, offer: .plain(""),
                options: JoinOptions(autoSubscribe: .audio, priority: .high, preempts: true))),
        .join(
            id(2),
            JoinRequest(
                room: room, offer: .plain(""),
                options: JoinOptions(autoSubscribe: .video, priority: .high))),
        .removeParticipant(id(9), who(), banSeconds: nil),
        .removeParticipant(id(9), who(), banSeconds: 60),
        .changeParticipant(id(9), who(), ParticipantChange()),
        .changeParticipant(
            id(9), who(),
            ParticipantChange(
                name: info.name, metadata: info.metadata,
                attributes: AttributePatch(["a": "1", "b": nil]), role: .audience,
                grants: GrantsChange(publish: [.init(.camera)], hidden: true))),
        .reportQuality(NetworkQuality(up: .good, down: .fair)),
        .setQuality(id(9), who(), .camera, VideoChoice()),
        .setQuality(id(9), who(), .screen, VideoChoice(quality: .low)),
        .setQuality(
            id(9), who(), .custom,
            VideoChoice(quality: .medium, view: ViewSize(width: 640, height: 0))),
        .setRole(id(9), .audience), .setRole(id(9), .host),
        .updateSelf(id(9), ParticipantUpdate()),
        .updateSelf(
            id(9),
            ParticipantUpdate(
                name: info.name, metadata: info.metadata,
                attributes: AttributePatch(["a": "1", "b": nil]))),
        .renewToken(id(8), "a.b.c"), .leave(id(RequestID.max)), .ping(id()), .ping(nil),
        .pong(lastSequence: nil),
        .pong(lastSequence: 1 << 53),
    ]

    static let server: [ServerMessage] = [
        .joined(
            id(),
            JoinedReply(
                session: sessionID,
                room: RoomInfo(
                    id: roomID, name: room, profile: .broadcast, metadata: info.metadata),
                participant: info,
                grants: TokenGrants(role: .audience, changeRole: false, updateSelf: true),
                resumeSeconds: 30,
                answer: .plain("v=0\r\n"),
                iceServers: [
                    ICEServer(urls: ["turn:h"], username: "1:ada", credential: "c+/="),
                    ICEServer(urls: ["turn:h", "turns:h"]),
                ],
                participants: [info, ParticipantInfo(id: who("cy"))],
                slots: [assignment, SlotAssignment(mid: mid("2"), source: nil)])),
        .answer(id(), .deflated([1, 2, 3])), .ok(id(), nil), .ok(id(), track),
        .error(SignalingError(.trackNotFound, requestID: id())),
        .error(SignalingError(.malformedMessage)), .participantJoined(info),
        .streamOpened(id(), stream), .sent(id(), unreachable: []),
        .sent(id(), unreachable: [who("cy")]), .resumed(id(), sequence: 44),
        .participantInterrupted(who()), .participantResumed(who()),
        .dataReceived(IncomingData(participant: who(), stream: stream, bytes: [1, 2, 3])),
        .dataReceived(
            IncomingData(participant: who(), stream: stream, bytes: [], userTimestamp: .max)),
        .messageReceived(
            IncomingMessage(
                message: must(try MessageID("m-1")), participant: who(), toAll: false,
                content: "hi")),
        .messageReceived(IncomingMessage(participant: nil, toAll: true, content: "")),
        .participantUpdated(info), .roleChanged(.audience),
        .participantLeft(who(), .duplicateIdentity), .trackPublished(who(), trackInfo),
        .trackUnpublished(who(), track), .trackMuted(who(), track, true),
        .trackQuality(who(), track, .reduced), .trackQuality(who(), track, .paused),
        .slots([assignment]),
        .layersWanted(TrackID(number: 7), ["q", "h"]), .layersWanted(TrackID(number: 7), []),
        .layersWanted(TrackID(number: 7), [""], maxBitrates: ["": 400_000]),
        .layersWanted(
            TrackID(number: 7), [""], spatialLayers: SpatialLayersWanted(wanted: 1, of: 3)),
        .slots([]), .needSlots(SlotDemand(video: 8, audio: 0)),
        .audioLevels([AudioLevel(participant: who(), level: 127)]),
        .tokenWillExpire(TokenWarning(deadline: 1_900_000_000, secondsLeft: 30)),
        .permissionsChanged(TokenGrants(publish: [.init(.camera)], data: false)),
        .iceServersChanged([ICEServer(urls: ["turn:h"], username: "2:ada", credential: "c+/=")]),
        .iceServersChanged([]),
        .networkQuality([
            ParticipantQuality(participant: who(), quality: .down),
            ParticipantQuality(participant: who("cy"), quality: .unknown),
        ]),
        .networkQuality([]),
        .disconnected(.serverShutdown, "", rejoin: true),
        .error(retry), .ping, .pong(nil),
        .pong(id()), .disconnected(.kicked, DisconnectReason.kicked.message),
    ]

    static var retry: SignalingError {
        var error = SignalingError(.tooManyRequests, requestID: id())
        error.retryAfter = .milliseconds(20)
        return error
    }

    static let assignment = SlotAssignment(
        mid: mid(), source: SlotAssignment.Source(participant: who(), track: track),
        rtpTimestamp: .max)

    static var roomID: RoomID { must(try RoomID("RM_x4mz7k2vqwert9ab")) }

    static var sessionID: SessionID {
        must(try SessionID("SE_x4mz7k2vqwert9ab3cdefghijk"))
    }
}
