// A room with people in it, for tests: short verbs, and what came out.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import Rooms

/// The value, where a test cannot go on without it.
func must<Value>(_ make: @autoclosure () throws -> Value?) -> Value {
    do {
        guard let value = try make() else { preconditionFailure("a sample is missing") }
        return value
    } catch {
        preconditionFailure("a sample is refused: \(error)")
    }
}

func mid(_ text: String) -> MediaSectionID { must(try MediaSectionID(text)) }
func who(_ text: String) -> ParticipantID { must(try ParticipantID(text)) }
func key(_ number: UInt64) -> SessionKey { SessionKey(number) }
func seconds(_ count: Int64) -> MediaInstant { .zero + .seconds(count) }

/// The sections of the SDK: microphone 0, camera 1, screen 2, screen audio 3, then pairs a4/v4, a5/v5
/// and so on, and audio-only slots x0, x1 and so on.
func sdkSections(pairs: Int = 4, audio: Int = 3) -> [RoomSection] {
    var sections = [
        RoomSection(mid: mid("0"), kind: .audio, use: .publishing),
        RoomSection(mid: mid("1"), kind: .video, use: .publishing),
        RoomSection(mid: mid("2"), kind: .video, use: .publishing),
        RoomSection(mid: mid("3"), kind: .audio, use: .publishing),
    ]
    for pair in 0..<pairs {
        sections.append(RoomSection(mid: mid("a\(pair)"), kind: .audio, use: .slot))
        sections.append(RoomSection(mid: mid("v\(pair)"), kind: .video, use: .slot))
    }
    for slot in 0..<audio {
        sections.append(RoomSection(mid: mid("x\(slot)"), kind: .audio, use: .slot))
    }
    return sections
}

struct RoomHarness {
    var room: RoomCore
    var now = MediaInstant.zero
    /// Everything polled since `take`.
    private(set) var effects: [RoomEffect] = []
    private var nextRequest: Int64 = 1

    init(id: RoomID? = nil, _ change: (inout RoomConfiguration) -> Void = { _ in }) {
        var configuration = RoomConfiguration()
        change(&configuration)
        room = RoomCore(
            name: must(try RoomName("r")), id: id, configuration: configuration, at: .zero)
    }

    mutating func drain() {
        while let effect = room.pollEffect() { effects.append(effect) }
    }

    /// What came out since the last call.
    mutating func take() -> [RoomEffect] {
        drain()
        defer { effects = [] }
        return effects
    }

    static func entry(
        _ number: UInt64, _ name: String? = nil, sections: [RoomSection] = sdkSections(),
        grants: TokenGrants = TokenGrants(), token: TokenLife? = nil,
        options: JoinOptions = JoinOptions()
    ) -> RoomEntry {
        var random = SeededRandom(seed: number)
        return RoomEntry(
            key: key(number),
            kind: .signaling(
                JoinReplyParts(
                    requestID: must(RequestID(1)), session: .random(using: &random),
                    answer: .plain("answer \(number)"))),
            participant: who(name ?? "p\(number)"), grants: grants, token: token,
            sections: sections, options: options)
    }

    static func player(
        _ number: UInt64, of only: String? = nil,
        sections: [RoomSection] = [
            RoomSection(mid: mid("v"), kind: .video, use: .slot),
            RoomSection(mid: mid("a"), kind: .audio, use: .slot),
        ]
    ) -> RoomEntry {
        RoomEntry(
            key: key(number), kind: .playback(of: only.map(who)),
            // Players are nobody: an id that others have must not matter.
            participant: who("p1"),
            sections: sections)
    }

    mutating func join(
        _ number: UInt64, _ name: String? = nil, sections: [RoomSection] = sdkSections(),
        grants: TokenGrants = TokenGrants(), token: TokenLife? = nil, auto: Bool = true,
        options: JoinOptions? = nil
    ) throws(SignalingError) {
        try room.join(
            Self.entry(
                number, name, sections: sections, grants: grants, token: token,
                options: options ?? JoinOptions(autoSubscribe: AutoSubscribe(auto))),
            at: now)
        drain()
    }

    @discardableResult
    mutating func publish(
        _ number: UInt64, _ source: TrackSource, mid name: String? = nil
    ) throws(SignalingError) -> TrackID {
        let usual: String
        switch source {
        case .microphone: usual = "0"
        case .camera, .custom: usual = "1"
        case .screen: usual = "2"
        case .screenAudio: usual = "3"
        }
        defer { drain() }
        return try room.publish(
            key(number), PublishRequest(source: source, mid: mid(name ?? usual)), at: now)
    }

    mutating func advance(bySeconds count: Int64) {
        now = now + .seconds(count)
        room.advance(to: now)
        drain()
    }

    /// What the slots of a session show: "mid=participant/source".
    func shown(_ number: UInt64) -> [String] {
        room.slots(of: key(number)).compactMap { slot in
            guard let source = slot.source else { return nil }
            let track = room.visibleParticipants.first { $0.id == source.participant }?
                .tracks.first { $0.id == source.track }
            return "\(slot.mid)=\(source.participant)/\(track?.source.rawValue ?? "gone")"
        }
    }
}

extension [RoomEffect] {
    /// The messages to one session, sent alone or to many.
    func messages(to number: UInt64) -> [ServerMessage] {
        compactMap { effect in
            switch effect {
            case .send(key(number), let message): message
            case .broadcast(let keys, let message) where keys.contains(key(number)): message
            default: nil
            }
        }
    }

    /// All but what is told of networks' quality, which goes beside every interruption.
    var withoutQualities: [RoomEffect] {
        filter { effect in
            if case .broadcast(_, .networkQuality) = effect { false } else { true }
        }
    }

    /// The slots messages to one session.
    func slots(to number: UInt64) -> [[SlotAssignment]] {
        messages(to: number).compactMap {
            if case .slots(let assignments) = $0 { assignments } else { nil }
        }
    }

    /// How often a session was asked for more slots, and for what.
    func demands(to number: UInt64) -> [SlotDemand] {
        messages(to: number).compactMap {
            if case .needSlots(let demand) = $0 { demand } else { nil }
        }
    }
}
