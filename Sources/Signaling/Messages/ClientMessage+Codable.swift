// The JSON form of what a client sends.
// SPDX-License-Identifier: Apache-2.0

extension ClientMessage: Codable {
    private enum Kind: String {
        case join, offer, publish, unpublish, mute, subscribe, unsubscribe, setQuality, setRole
        case openStream, closeStream, sendData, sendMessage, resume, updateSelf, renewToken, leave
        case removeParticipant, changeParticipant, reportQuality, ping, pong
    }

    private enum Key: String, CodingKey {
        case type, id, offer, track, muted, participant, source, token, role, delivery, stream
        case lastSequence, banSeconds
    }

    /// Reads a message. Throws `SignalingError` or `DecodingError`; unknown fields are ignored.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        guard let kind = Kind(rawValue: try fields.decode(String.self, forKey: .type)) else {
            throw SignalingError(.unknownMessageType)
        }
        switch kind {
        case .ping:
            self = .ping(try fields.decodeIfPresent(RequestID.self, forKey: .id))
            return
        case .pong:
            self = .pong(
                lastSequence: try fields.decodeIfPresent(UInt64.self, forKey: .lastSequence))
            return
        case .reportQuality:
            self = .reportQuality(try NetworkQuality(from: decoder))
            return
        default:
            break
        }
        let id = try fields.decode(RequestID.self, forKey: .id)
        switch kind {
        case .join:
            self = .join(id, try JoinRequest(from: decoder))
        case .offer:
            self = .offer(id, try fields.decode(SDPBody.self, forKey: .offer))
        case .publish:
            self = .publish(id, try PublishRequest(from: decoder))
        case .unpublish:
            self = .unpublish(id, try fields.decode(TrackID.self, forKey: .track))
        case .mute:
            self = .mute(
                id, try fields.decode(TrackID.self, forKey: .track),
                try fields.decode(Bool.self, forKey: .muted))
        case .subscribe:
            self = .subscribe(
                id, try fields.decode(ParticipantID.self, forKey: .participant),
                try fields.decodeIfPresent(TrackSource.self, forKey: .source))
        case .unsubscribe:
            self = .unsubscribe(
                id, try fields.decode(ParticipantID.self, forKey: .participant),
                try fields.decodeIfPresent(TrackSource.self, forKey: .source))
        case .setQuality:
            self = .setQuality(
                id, try fields.decode(ParticipantID.self, forKey: .participant),
                try fields.decode(TrackSource.self, forKey: .source),
                try VideoChoice(from: decoder))
        case .openStream:
            self = .openStream(id, try fields.decode(DataDelivery.self, forKey: .delivery))
        case .closeStream:
            self = .closeStream(id, try fields.decode(DataStreamID.self, forKey: .stream))
        case .sendData:
            self = .sendData(id, try OutgoingData(from: decoder))
        case .sendMessage:
            self = .sendMessage(id, try OutgoingMessage(from: decoder))
        case .removeParticipant:
            self = .removeParticipant(
                id, try fields.decode(ParticipantID.self, forKey: .participant),
                banSeconds: try fields.decodeIfPresent(Int64.self, forKey: .banSeconds))
        case .changeParticipant:
            self = .changeParticipant(
                id, try fields.decode(ParticipantID.self, forKey: .participant),
                try ParticipantChange(from: decoder))
        case .resume:
            self = .resume(id, try ResumeRequest(from: decoder))
        case .setRole:
            self = .setRole(id, try fields.decode(ParticipantRole.self, forKey: .role))
        case .updateSelf:
            self = .updateSelf(id, try ParticipantUpdate(from: decoder))
        case .renewToken:
            self = .renewToken(id, try fields.decode(String.self, forKey: .token))
        case .leave, .ping, .pong, .reportQuality:
            self = .leave(id)
        }
    }

    /// Writes a message.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encodeIfPresent(requestID, forKey: .id)
        switch self {
        case .join(_, let request):
            try fields.encode(Kind.join.rawValue, forKey: .type)
            try request.encode(to: encoder)
        case .offer(_, let body):
            try fields.encode(Kind.offer.rawValue, forKey: .type)
            try fields.encode(body, forKey: .offer)
        case .publish(_, let request):
            try fields.encode(Kind.publish.rawValue, forKey: .type)
            try request.encode(to: encoder)
        case .unpublish(_, let track):
            try fields.encode(Kind.unpublish.rawValue, forKey: .type)
            try fields.encode(track, forKey: .track)
        case .mute(_, let track, let muted):
            try fields.encode(Kind.mute.rawValue, forKey: .type)
            try fields.encode(track, forKey: .track)
            try fields.encode(muted, forKey: .muted)
        case .subscribe(_, let participant, let source):
            try fields.encode(Kind.subscribe.rawValue, forKey: .type)
            try fields.encode(participant, forKey: .participant)
            try fields.encodeIfPresent(source, forKey: .source)
        case .unsubscribe(_, let participant, let source):
            try fields.encode(Kind.unsubscribe.rawValue, forKey: .type)
            try fields.encode(participant, forKey: .participant)
            try fields.encodeIfPresent(source, forKey: .source)
        case .setQuality(_, let participant, let source, let choice):
            try fields.encode(Kind.setQuality.rawValue, forKey: .type)
            try fields.encode(participant, forKey: .participant)
            try fields.encode(source, forKey: .source)
            try choice.encode(to: encoder)
        case .openStream(_, let delivery):
            try fields.encode(Kind.openStream.rawValue, forKey: .type)
            try fields.encode(delivery, forKey: .delivery)
        case .closeStream(_, let stream):
            try fields.encode(Kind.closeStream.rawValue, forKey: .type)
            try fields.encode(stream, forKey: .stream)
        case .sendData(_, let packet):
            try fields.encode(Kind.sendData.rawValue, forKey: .type)
            try packet.encode(to: encoder)
        case .sendMessage(_, let message):
            try fields.encode(Kind.sendMessage.rawValue, forKey: .type)
            try message.encode(to: encoder)
        case .removeParticipant(_, let participant, let banSeconds):
            try fields.encode(Kind.removeParticipant.rawValue, forKey: .type)
            try fields.encode(participant, forKey: .participant)
            try fields.encodeIfPresent(banSeconds, forKey: .banSeconds)
        case .changeParticipant(_, let participant, let change):
            try fields.encode(Kind.changeParticipant.rawValue, forKey: .type)
            try fields.encode(participant, forKey: .participant)
            try change.encode(to: encoder)
        case .reportQuality(let quality):
            try fields.encode(Kind.reportQuality.rawValue, forKey: .type)
            try quality.encode(to: encoder)
        case .resume(_, let request):
            try fields.encode(Kind.resume.rawValue, forKey: .type)
            try request.encode(to: encoder)
        case .setRole(_, let role):
            try fields.encode(Kind.setRole.rawValue, forKey: .type)
            try fields.encode(role, forKey: .role)
        case .updateSelf(_, let update):
            try fields.encode(Kind.updateSelf.rawValue, forKey: .type)
            try update.encode(to: encoder)
        case .renewToken(_, let token):
            try fields.encode(Kind.renewToken.rawValue, forKey: .type)
            try fields.encode(token, forKey: .token)
        case .leave: try fields.encode(Kind.leave.rawValue, forKey: .type)
        case .ping: try fields.encode(Kind.ping.rawValue, forKey: .type)
        case .pong(let lastSequence):
            try fields.encode(Kind.pong.rawValue, forKey: .type)
            try fields.encodeIfPresent(lastSequence, forKey: .lastSequence)
        }
    }
}

extension JoinRequest: Codable {
    private enum Key: String, CodingKey {
        case room, token, participant, name, metadata, attributes, offer, options
    }

    /// Reads a request; all but `room` and `offer` may be absent.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            room: try fields.decode(RoomName.self, forKey: .room),
            token: try fields.decodeIfPresent(String.self, forKey: .token),
            participant: try fields.decodeIfPresent(ParticipantID.self, forKey: .participant),
            name: try fields.decodeIfPresent(DisplayName.self, forKey: .name),
            metadata: try fields.decodeIfPresent(Metadata.self, forKey: .metadata),
            attributes: try fields.decodeIfPresent(
                ParticipantAttributes.self, forKey: .attributes) ?? ParticipantAttributes(),
            offer: try fields.decode(SDPBody.self, forKey: .offer),
            options: try fields.decodeIfPresent(JoinOptions.self, forKey: .options)
                ?? JoinOptions())
    }

    /// Writes a request.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(room, forKey: .room)
        try fields.encodeIfPresent(token, forKey: .token)
        try fields.encodeIfPresent(participant, forKey: .participant)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encodeIfPresent(metadata, forKey: .metadata)
        if attributes != ParticipantAttributes() {
            try fields.encode(attributes, forKey: .attributes)
        }
        try fields.encode(offer, forKey: .offer)
        try fields.encode(options, forKey: .options)
    }
}

extension JoinOptions: Codable {
    private enum Key: String, CodingKey {
        case autoSubscribe, profile, role, resume, data, priority, preempt, audioRanking
    }

    private enum DataUse: String { case publish, subscribe }

    /// Reads options; absent ones take their defaults.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let data = try fields.decodeIfPresent([String].self, forKey: .data)
        func uses(_ use: DataUse) -> Bool { data?.contains(use.rawValue) ?? true }
        self.init(
            autoSubscribe: try fields.decodeIfPresent(
                AutoSubscribe.self, forKey: .autoSubscribe) ?? .all,
            profile: try fields.decodeIfPresent(RoomProfile.self, forKey: .profile),
            role: try fields.decodeIfPresent(ParticipantRole.self, forKey: .role),
            resume: try fields.decodeIfPresent(Bool.self, forKey: .resume) ?? false,
            publishesData: uses(.publish), receivesData: uses(.subscribe),
            priority: try fields.decodeIfPresent(MediaPriority.self, forKey: .priority) ?? .normal,
            preempts: try fields.decodeIfPresent(Bool.self, forKey: .preempt) ?? false,
            audioRanking: try fields.decodeIfPresent(Bool.self, forKey: .audioRanking) ?? true)
    }

    /// Writes options.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(autoSubscribe, forKey: .autoSubscribe)
        try fields.encodeIfPresent(profile, forKey: .profile)
        try fields.encodeIfPresent(role, forKey: .role)
        if resume { try fields.encode(true, forKey: .resume) }
        if priority != .normal { try fields.encode(priority, forKey: .priority) }
        if preempts { try fields.encode(true, forKey: .preempt) }
        if !audioRanking { try fields.encode(false, forKey: .audioRanking) }
        guard !publishesData || !receivesData else { return }
        var data: [String] = []
        if publishesData { data.append(DataUse.publish.rawValue) }
        if receivesData { data.append(DataUse.subscribe.rawValue) }
        try fields.encode(data, forKey: .data)
    }
}

extension PublishRequest: Codable {
    private enum Key: String, CodingKey { case source, mid, muted }

    /// Reads a request; `muted` may be absent.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            source: try fields.decode(TrackSource.self, forKey: .source),
            mid: try fields.decode(MediaSectionID.self, forKey: .mid),
            muted: try fields.decodeIfPresent(Bool.self, forKey: .muted) ?? false)
    }

    /// Writes a request.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(source, forKey: .source)
        try fields.encode(mid, forKey: .mid)
        if muted { try fields.encode(true, forKey: .muted) }
    }
}
