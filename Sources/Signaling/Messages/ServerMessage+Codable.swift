// The JSON form of what the server sends.
// SPDX-License-Identifier: Apache-2.0
import Wire

extension ServerMessage: Codable {
    private enum Kind: String {
        case joined, resumed, answer, ok, streamOpened, sent, error, dataReceived
        case messageReceived, participantInterrupted, participantResumed, participantJoined,
            participantLeft, participantUpdated
        case roleChanged, trackPublished
        case trackUnpublished, trackMuted, trackQuality, slots, needSlots, audioLevels,
            tokenWillExpire
        case layersWanted
        case permissionsChanged, iceServersChanged, networkQuality, ping, pong, disconnected
    }

    private enum Key: String, CodingKey {
        case type, id, answer, track, code, message, participant, reason, muted, assignments
        case levels, grants, role, stream, unreachable, sequence, retryAfterMilliseconds
        case qualities, rejoin, quality, layers, maxBitrates, spatialLayers, iceServers
    }

    private var kind: Kind {
        switch self {
        case .joined: .joined
        case .resumed: .resumed
        case .streamOpened: .streamOpened
        case .sent: .sent
        case .dataReceived: .dataReceived
        case .messageReceived: .messageReceived
        case .participantInterrupted: .participantInterrupted
        case .participantResumed: .participantResumed
        case .answer: .answer
        case .ok: .ok
        case .error: .error
        case .participantJoined: .participantJoined
        case .participantLeft: .participantLeft
        case .participantUpdated: .participantUpdated
        case .roleChanged: .roleChanged
        case .trackPublished: .trackPublished
        case .trackUnpublished: .trackUnpublished
        case .trackMuted: .trackMuted
        case .trackQuality: .trackQuality
        case .slots: .slots
        case .needSlots: .needSlots
        case .layersWanted: .layersWanted
        case .audioLevels: .audioLevels
        case .networkQuality: .networkQuality
        case .tokenWillExpire: .tokenWillExpire
        case .permissionsChanged: .permissionsChanged
        case .iceServersChanged: .iceServersChanged
        case .ping: .ping
        case .pong: .pong
        case .disconnected: .disconnected
        }
    }

    /// Reads a message. Throws `SignalingError` or `DecodingError`; unknown fields are ignored.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        guard let kind = Kind(rawValue: try fields.decode(String.self, forKey: .type)) else {
            throw SignalingError(.unknownMessageType)
        }
        func id() throws -> RequestID { try fields.decode(RequestID.self, forKey: .id) }
        func who() throws -> ParticipantID {
            try fields.decode(ParticipantID.self, forKey: .participant)
        }
        func track() throws -> TrackID { try fields.decode(TrackID.self, forKey: .track) }
        func reason() throws -> DisconnectReason {
            try fields.decode(DisconnectReason.self, forKey: .reason)
        }
        switch kind {
        case .joined: self = .joined(try id(), try JoinedReply(from: decoder))
        case .resumed:
            self = .resumed(
                try id(), sequence: try fields.decode(UInt64.self, forKey: .sequence))
        case .streamOpened:
            self = .streamOpened(
                try id(), try fields.decode(DataStreamID.self, forKey: .stream))
        case .sent:
            self = .sent(
                try id(),
                unreachable: try fields.decodeIfPresent(
                    [ParticipantID].self, forKey: .unreachable) ?? [])
        case .dataReceived: self = .dataReceived(try IncomingData(from: decoder))
        case .messageReceived: self = .messageReceived(try IncomingMessage(from: decoder))
        case .participantInterrupted: self = .participantInterrupted(try who())
        case .participantResumed: self = .participantResumed(try who())
        case .answer: self = .answer(try id(), try fields.decode(SDPBody.self, forKey: .answer))
        case .ok: self = .ok(try id(), try fields.decodeIfPresent(TrackID.self, forKey: .track))
        case .error:
            var error = SignalingError(
                try fields.decode(ErrorCode.self, forKey: .code),
                requestID: try fields.decodeIfPresent(RequestID.self, forKey: .id),
                detail: try fields.decode(String.self, forKey: .message))
            error.retryAfter = try fields.decodeIfPresent(
                Int64.self, forKey: .retryAfterMilliseconds
            ).map { .milliseconds($0) }
            self = .error(error)
        case .participantJoined:
            self = .participantJoined(
                try fields.decode(ParticipantInfo.self, forKey: .participant))
        case .participantLeft: self = .participantLeft(try who(), try reason())
        case .participantUpdated:
            self = .participantUpdated(
                try fields.decode(ParticipantInfo.self, forKey: .participant))
        case .roleChanged:
            self = .roleChanged(try fields.decode(ParticipantRole.self, forKey: .role))
        case .trackPublished:
            self = .trackPublished(try who(), try fields.decode(TrackInfo.self, forKey: .track))
        case .trackUnpublished: self = .trackUnpublished(try who(), try track())
        case .trackMuted:
            self = .trackMuted(
                try who(), try track(), try fields.decode(Bool.self, forKey: .muted))
        case .trackQuality:
            self = .trackQuality(
                try who(), try track(), try fields.decode(TrackQuality.self, forKey: .quality))
        case .slots:
            self = .slots(try fields.decode([SlotAssignment].self, forKey: .assignments))
        case .layersWanted:
            self = .layersWanted(
                try track(), try fields.decode([String].self, forKey: .layers),
                maxBitrates: try fields.decodeIfPresent([String: Int].self, forKey: .maxBitrates)
                    ?? [:],
                spatialLayers: try fields.decodeIfPresent(
                    SpatialLayersWanted.self, forKey: .spatialLayers))
        case .needSlots: self = .needSlots(try SlotDemand(from: decoder))
        case .audioLevels:
            self = .audioLevels(try fields.decode([AudioLevel].self, forKey: .levels))
        case .networkQuality:
            self = .networkQuality(
                try fields.decode([ParticipantQuality].self, forKey: .qualities))
        case .tokenWillExpire: self = .tokenWillExpire(try TokenWarning(from: decoder))
        case .permissionsChanged:
            self = .permissionsChanged(try fields.decode(TokenGrants.self, forKey: .grants))
        case .iceServersChanged:
            self = .iceServersChanged(
                try fields.decode([ICEServer].self, forKey: .iceServers))
        case .ping: self = .ping
        case .pong: self = .pong(try fields.decodeIfPresent(RequestID.self, forKey: .id))
        case .disconnected:
            self = .disconnected(
                try reason(), try fields.decode(String.self, forKey: .message),
                rejoin: try fields.decodeIfPresent(Bool.self, forKey: .rejoin) ?? false)
        }
    }

    /// Writes a message.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(kind.rawValue, forKey: .type)
        switch self {
        case .joined(let id, let reply):
            try fields.encode(id, forKey: .id)
            try reply.encode(to: encoder)
        case .resumed(let id, let sequence):
            try fields.encode(id, forKey: .id)
            try fields.encode(sequence, forKey: .sequence)
        case .streamOpened(let id, let stream):
            try fields.encode(id, forKey: .id)
            try fields.encode(stream, forKey: .stream)
        case .sent(let id, let unreachable):
            try fields.encode(id, forKey: .id)
            if !unreachable.isEmpty { try fields.encode(unreachable, forKey: .unreachable) }
        case .dataReceived(let packet): try packet.encode(to: encoder)
        case .messageReceived(let message): try message.encode(to: encoder)
        case .participantInterrupted(let who), .participantResumed(let who):
            try fields.encode(who, forKey: .participant)
        case .answer(let id, let body):
            try fields.encode(id, forKey: .id)
            try fields.encode(body, forKey: .answer)
        case .ok(let id, let track):
            try fields.encode(id, forKey: .id)
            try fields.encodeIfPresent(track, forKey: .track)
        case .error(let error):
            try fields.encodeIfPresent(error.requestID, forKey: .id)
            try fields.encode(error.code, forKey: .code)
            try fields.encode(error.message, forKey: .message)
            try fields.encodeIfPresent(
                error.retryAfterMilliseconds, forKey: .retryAfterMilliseconds)
        case .participantJoined(let info), .participantUpdated(let info):
            try fields.encode(info, forKey: .participant)
        case .roleChanged(let role): try fields.encode(role, forKey: .role)
        case .participantLeft(let who, let reason):
            try fields.encode(who, forKey: .participant)
            try fields.encode(reason, forKey: .reason)
        case .trackPublished(let who, let track):
            try fields.encode(who, forKey: .participant)
            try fields.encode(track, forKey: .track)
        case .trackUnpublished(let who, let track):
            try fields.encode(who, forKey: .participant)
            try fields.encode(track, forKey: .track)
        case .trackMuted(let who, let track, let muted):
            try fields.encode(who, forKey: .participant)
            try fields.encode(track, forKey: .track)
            try fields.encode(muted, forKey: .muted)
        case .trackQuality(let who, let track, let quality):
            try fields.encode(who, forKey: .participant)
            try fields.encode(track, forKey: .track)
            try fields.encode(quality, forKey: .quality)
        case .slots(let assignments): try fields.encode(assignments, forKey: .assignments)
        case .layersWanted(let track, let layers, let maxBitrates, let spatialLayers):
            try fields.encode(track, forKey: .track)
            try fields.encode(layers, forKey: .layers)
            if !maxBitrates.isEmpty { try fields.encode(maxBitrates, forKey: .maxBitrates) }
            try fields.encodeIfPresent(spatialLayers, forKey: .spatialLayers)
        case .needSlots(let demand): try demand.encode(to: encoder)
        case .audioLevels(let levels): try fields.encode(levels, forKey: .levels)
        case .networkQuality(let qualities): try fields.encode(qualities, forKey: .qualities)
        case .tokenWillExpire(let warning): try warning.encode(to: encoder)
        case .permissionsChanged(let grants): try fields.encode(grants, forKey: .grants)
        case .iceServersChanged(let servers): try fields.encode(servers, forKey: .iceServers)
        case .ping: break
        case .pong(let id): try fields.encodeIfPresent(id, forKey: .id)
        case .disconnected(let reason, let message, let rejoin):
            try fields.encode(reason, forKey: .reason)
            try fields.encode(message, forKey: .message)
            if rejoin { try fields.encode(true, forKey: .rejoin) }
        }
    }
}

extension ParticipantInfo: Codable {
    private enum Key: String, CodingKey {
        case id, name, metadata, attributes, role, interrupted, priority, tracks
    }

    /// Reads a description; all but `id` may be absent.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            id: try fields.decode(ParticipantID.self, forKey: .id),
            name: try fields.decodeIfPresent(DisplayName.self, forKey: .name),
            metadata: try fields.decodeIfPresent(Metadata.self, forKey: .metadata),
            attributes: try fields.decodeIfPresent(
                ParticipantAttributes.self, forKey: .attributes) ?? ParticipantAttributes(),
            role: try fields.decodeIfPresent(ParticipantRole.self, forKey: .role) ?? .host,
            interrupted: try fields.decodeIfPresent(Bool.self, forKey: .interrupted) ?? false,
            priority: try fields.decodeIfPresent(MediaPriority.self, forKey: .priority) ?? .normal,
            tracks: try fields.decodeIfPresent([TrackInfo].self, forKey: .tracks) ?? [])
    }

    /// Writes a description.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(id, forKey: .id)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encodeIfPresent(metadata, forKey: .metadata)
        if attributes != ParticipantAttributes() {
            try fields.encode(attributes, forKey: .attributes)
        }
        if role != .host { try fields.encode(role, forKey: .role) }
        if interrupted { try fields.encode(true, forKey: .interrupted) }
        if priority != .normal { try fields.encode(priority, forKey: .priority) }
        try fields.encode(tracks, forKey: .tracks)
    }
}

extension JoinedReply: Codable {
    private enum Key: String, CodingKey {
        case session, room, participant, grants, resumeSeconds, answer, iceServers
        case participants, slots
    }

    /// Reads a reply.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            session: try fields.decode(SessionID.self, forKey: .session),
            room: try fields.decode(RoomInfo.self, forKey: .room),
            participant: try fields.decode(ParticipantInfo.self, forKey: .participant),
            grants: try fields.decodeIfPresent(TokenGrants.self, forKey: .grants)
                ?? TokenGrants(),
            resumeSeconds: try fields.decodeIfPresent(Int64.self, forKey: .resumeSeconds),
            answer: try fields.decode(SDPBody.self, forKey: .answer),
            iceServers: try fields.decodeIfPresent([ICEServer].self, forKey: .iceServers) ?? [],
            participants: try fields.decode([ParticipantInfo].self, forKey: .participants),
            slots: try fields.decode([SlotAssignment].self, forKey: .slots))
    }

    /// Writes a reply.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(session, forKey: .session)
        try fields.encode(room, forKey: .room)
        try fields.encode(participant, forKey: .participant)
        try fields.encode(grants, forKey: .grants)
        try fields.encodeIfPresent(resumeSeconds, forKey: .resumeSeconds)
        try fields.encode(answer, forKey: .answer)
        if !iceServers.isEmpty { try fields.encode(iceServers, forKey: .iceServers) }
        try fields.encode(participants, forKey: .participants)
        try fields.encode(slots, forKey: .slots)
    }
}

extension SlotAssignment: Codable {
    private enum Key: String, CodingKey { case mid, participant, track, rtpTimestamp }

    /// Reads an assignment; `participant` and `track` go together and are null when empty.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let participant = try fields.decodeIfPresent(ParticipantID.self, forKey: .participant)
        let track = try fields.decodeIfPresent(TrackID.self, forKey: .track)
        var source: Source?
        switch (participant, track) {
        case (let participant?, let track?): source = Source(participant: participant, track: track)
        case (nil, nil): source = nil
        default: throw SignalingError(.malformedMessage)
        }
        self.init(
            mid: try fields.decode(MediaSectionID.self, forKey: .mid), source: source,
            rtpTimestamp: try fields.decodeIfPresent(UInt32.self, forKey: .rtpTimestamp))
    }

    /// Writes an assignment; an empty slot has explicit nulls.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(mid, forKey: .mid)
        try fields.encode(source?.participant, forKey: .participant)
        try fields.encode(source?.track, forKey: .track)
        try fields.encodeIfPresent(rtpTimestamp, forKey: .rtpTimestamp)
    }
}
