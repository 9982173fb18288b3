// What is counted of tracks and of the connection (rows N01 to N07).
// SPDX-License-Identifier: Apache-2.0
import ClientMedia

/// What one size of a published track has sent.
public struct LocalTrackStatistics: Sendable, Equatable, Codable {
    /// Packets, repeated ones not counted.
    public var packets: UInt64 = 0
    /// Bytes of sound or pictures.
    public var bytes: UInt64 = 0
    /// Packets sent again because they were asked for.
    public var repeatedPackets: UInt64 = 0
    /// Packets of sound, or pictures.
    public var frames: UInt64 = 0
    /// Pictures that one can begin with.
    public var keyframes: UInt64 = 0
    /// Pictures left out because the network did not carry them.
    public var droppedFrames: UInt64 = 0
    /// How often somebody asked for a keyframe.
    public var keyframeRequests: UInt64 = 0
    /// The share of packets lost on the way to the server, 0 to 1.
    public var lossShare = 0.0

    init(_ figures: SendingStatistics) {
        packets = figures.packets
        bytes = figures.payloadBytes
        repeatedPackets = figures.repeatedPackets
        frames = figures.frames
        keyframes = figures.keyframes
        droppedFrames = figures.refusedFrames
        keyframeRequests = figures.keyframeRequests
        lossShare = figures.lossShare
    }
}

/// What was received of a track since its slot was made; slots are used again.
public struct RemoteTrackStatistics: Sendable, Equatable, Codable {
    /// Packets, repeated ones not counted.
    public var packets: UInt64 = 0
    /// Bytes of sound or pictures.
    public var bytes: UInt64 = 0
    /// Packets that never came.
    public var packetsLost: Int64 = 0
    /// Packets that came because they were asked for.
    public var repeatedPackets: UInt64 = 0
    /// How much the time of packets on the way varies.
    public var jitter = Duration.zero
    /// Packets of sound decoded, or whole pictures.
    public var frames: UInt64 = 0
    /// Pictures that one can begin with.
    public var keyframes: UInt64 = 0
    /// Keyframes asked for.
    public var keyframeRequests: UInt64 = 0
    /// How often pictures were left out for packets that never came.
    public var interruptions: UInt64 = 0
    /// How long sound is held so that it has no holes.
    public var soundDelay = Duration.zero
    /// Sound that was made up.
    public var concealed = Duration.zero

    init(_ figures: ReceivingStatistics) {
        packets = figures.packets
        bytes = figures.payloadBytes
        packetsLost = figures.packetsLost
        repeatedPackets = figures.repeatedPackets
        jitter = .nanoseconds(figures.jitterNanoseconds)
        frames = figures.frames
        keyframes = figures.keyframes
        keyframeRequests = figures.keyframeRequests
        interruptions = figures.interruptions
        soundDelay = .nanoseconds(figures.soundDelayNanoseconds)
        concealed = .microseconds(Int64(figures.concealedTicks) * 1_000 / 48)
    }
}

/// The way that media takes to the server.
public struct MediaPath: Sendable, Equatable, Codable {
    /// What carries media.
    public enum Transport: String, Sendable, Codable {
        /// Datagrams.
        case udp
        /// A connection, where the network lets no datagrams through.
        case tcp
    }

    /// How one's own address was found (RFC 8445 §5.1.1).
    public enum Candidate: String, Sendable, Codable {
        /// It is the machine's.
        case host
        /// A STUN server saw it, on the far side of a NAT.
        case serverReflexive = "srflx"
        /// The media server alone saw it.
        case peerReflexive = "prflx"
        /// It is a relay's.
        case relay
    }

    /// What carries media.
    public var transport: Transport
    /// How one's own address was found.
    public var localCandidate: Candidate
    /// One's own address and port, as the server sees them; `nil`: not known yet.
    public var localAddress: String?
    /// The server's address and port.
    public var serverAddress: String

    /// Describes a way.
    public init(
        transport: Transport, localCandidate: Candidate, localAddress: String?,
        serverAddress: String
    ) {
        self.transport = transport
        self.localCandidate = localCandidate
        self.localAddress = localAddress
        self.serverAddress = serverAddress
    }
}

/// The link to the server.
public struct TransportStatistics: Sendable, Equatable, Codable {
    /// Whether media can flow.
    public var isConnected = false
    /// The way media takes; `nil`: there is none yet.
    public var path: MediaPath?
    /// Bytes received, IP and UDP headers left out.
    public var bytesReceived: UInt64 = 0
    /// Bytes sent, IP and UDP headers left out.
    public var bytesSent: UInt64 = 0
    /// How much the way to the server carries, in bits a second; 0: not known yet.
    public var estimatedBitsPerSecond = 0.0
    /// The round trip; zero: not known yet.
    public var roundTrip = Duration.zero

    /// Nothing counted.
    public init() {}
}
