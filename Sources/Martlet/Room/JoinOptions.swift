// How a room is joined.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import FoundationEssentials
import Signaling

/// Which tracks of others are subscribed as they come (rows P10 and P11).
public enum AutoSubscribe: Sendable, Equatable, Codable {
    /// Everything.
    case all
    /// Nothing.
    case none
    /// What is heard, so that nothing has to be decoded for pictures.
    case audioOnly
    /// What is seen.
    case videoOnly
}

/// What a room is for (row R01).
public enum RoomProfile: String, Sendable, Equatable, Codable {
    /// Everybody publishes, receives and is seen.
    case communication
    /// Hosts publish; the audience receives and is not seen.
    case broadcast
}

/// How a participant takes part (row R03).
public enum Role: String, Sendable, Equatable, Codable {
    /// One of those who publish.
    case host
    /// One of those who receive only.
    case audience
}

/// Which ways media may take, by the words of browsers (`RTCIceTransportPolicy`, W3C WebRTC §4.2.4).
public enum ICETransportPolicy: String, Sendable, Equatable, Codable {
    /// Any: directly, or through a relay where there is no direct way.
    case all
    /// Through relays alone. Nothing is sent to the server's media from this machine's own addresses, nor to STUN servers; where
    /// no relay is named or none answers, there is no media. The server still sees where signalling comes from.
    case relay
}

/// Which HTTP proxy a room's signalling goes through (`CONNECT`, RFC 9110 §9.3.6). Media does not: it is UDP.
public enum SignalingProxy: Sendable, Equatable, Codable {
    /// The one that `https_proxy`, `http_proxy` or `all_proxy` names, in small letters or large, unless `no_proxy` lists the server
    /// or it is this machine.
    case environment
    /// None.
    case direct
    /// This one: `http://proxy.example.com:3128`, `http://user:password@proxy.example.com:3128`.
    case http(String)

    var choice: ProxyChoice {
        get throws(WebSocketError) {
            switch self {
            case .environment: .environment(ProcessInfo.processInfo.environment)
            case .direct: .none
            case .http(let address): .proxy(try HTTPProxy(address))
            }
        }
    }
}

/// How to join a room. Only `server` and `room` are needed where the server asks for no token.
public struct JoinOptions: Sendable, Codable {
    /// Where the server is: `https://example.com`, `ws://127.0.0.1:7880`.
    public var server: String
    /// The room; it comes into being if it does not exist (rows C12, C13). 1 to 64 bytes.
    public var room: String
    /// The access token.
    public var token: String?
    /// The id wished for, 1 to 64 bytes; with a token it is the token's. `nil`: the server chooses (row C06).
    public var participant: String?
    /// The name shown to people, at most 256 bytes.
    public var name: String?
    /// Free text for everybody in the room (row C18), at most 4,096 bytes.
    public var metadata: String?
    /// Small named texts for everybody in the room.
    public var attributes: [String: String] = [:]
    /// Which tracks are subscribed as they come.
    public var autoSubscribe = AutoSubscribe.all
    /// The profile the room must have; `nil`: any.
    public var profile: RoomProfile?
    /// The role to begin with, where the token lets one choose.
    public var role: Role?
    /// Whether the others receive one's media first (row S03).
    public var hasHighPriority = false
    /// Whether a high priority is taken from who has it (row S04).
    public var preempts = false
    /// Whether only the loudest are heard, in a room where that is so (rows K01 and K02).
    public var audioRanking = true
    /// Whether data is sent, and whether it is received (row D16).
    public var data: (publishes: Bool, receives: Bool) {
        get { (publishesData, receivesData) }
        set { (publishesData, receivesData) = newValue }
    }
    // A pair cannot be written as JSON.
    private var publishesData = true
    private var receivesData = true
    /// How pushed sound and pictures are put in time (row Y01).
    public var publishPacing = PublishPacing.immediate
    /// In how many sizes the camera's picture may be published, 1 to 3 (row S01).
    public var cameraSizes = 1
    /// In how many sizes a screen may be published, 1 to 3.
    public var screenSizes = 1
    /// How many custom pictures may be published at a time beside camera and screen, 0 to 8 (row P05).
    public var customPictures = 0
    /// How many others are received with sound and picture at first; more are asked for as they come. 0: nothing is received.
    public var receivedPairs = 4
    /// The local UDP ports of media; `nil`: any.
    public var mediaPorts: ClosedRange<UInt16>?
    /// STUN and TURN servers for media, in place of those that the server names; empty: those.
    public var iceServers: [ICEServer] = []
    /// Which ways media may take.
    public var iceTransportPolicy = ICETransportPolicy.all
    /// How long to try to come back after a break: 30 to 50 s (row B05).
    public var reconnectWindow = Duration.seconds(45)
    /// A file of certificates to be trusted beside those of the system, in PEM; `nil`: none.
    public var trustedCertificates: String?
    /// Which proxy signalling goes through.
    public var proxy = SignalingProxy.environment

    /// Describes a join.
    public init(
        server: String, room: String, token: String? = nil, participant: String? = nil,
        name: String? = nil
    ) {
        self.server = server
        self.room = room
        self.token = token
        self.participant = participant
        self.name = name
    }

    /// What the server is asked with; its offer is made later.
    func request() throws(SignalingError) -> JoinRequest {
        var options = Signaling.JoinOptions()
        options.autoSubscribe =
            switch autoSubscribe {
            case .all: .all
            case .none: .none
            case .audioOnly: .audio
            case .videoOnly: .video
            }
        options.audioRanking = audioRanking
        options.priority = hasHighPriority ? .high : .normal
        options.preempts = preempts
        options.profile = profile == .broadcast ? .broadcast : profile.map { _ in .communication }
        options.role = role == .audience ? .audience : role.map { _ in .host }
        options.publishesData = data.publishes
        options.receivesData = data.receives
        var request = JoinRequest(
            room: try RoomName(room), token: token, offer: .plain(""), options: options)
        request.participant = try Self.made(participant) { text throws(SignalingError) in
            try ParticipantID(text)
        }
        request.name = try Self.made(name) { text throws(SignalingError) in try DisplayName(text) }
        request.metadata = try Self.made(metadata) { text throws(SignalingError) in
            try Metadata(text)
        }
        request.attributes = try ParticipantAttributes(attributes)
        return request
    }

    private static func made<Value>(
        _ text: String?, _ make: (String) throws(SignalingError) -> Value
    ) throws(SignalingError) -> Value? {
        guard let text else { return nil }
        return try make(text)
    }
}
