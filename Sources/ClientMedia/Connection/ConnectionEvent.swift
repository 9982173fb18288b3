// What a client's connection tells its owner.
// SPDX-License-Identifier: Apache-2.0
package import PeerTransport
import Wire

/// Something that happened on a connection.
package enum ConnectionEvent: Sendable, Equatable {
    /// The transport says something: the path, the handshake, interruptions.
    case transport(PeerTransportEvent)
    /// A whole frame came in a section.
    case frame(mid: String, EncodedFrame)
    /// A packet of sound is next in a section, in order and once; only where that was asked for.
    case sound(mid: String, SoundPacket)
    /// Somebody needs a keyframe of a stream that is sent.
    case keyframeRequested(mid: String, rid: String?)
    /// How much the path to the server carries, in bits a second.
    case bandwidth(Double)
}

/// What a connection counts beside its streams.
package struct ConnectionStatistics: Sendable, Equatable {
    /// Datagrams that came.
    package var datagramsReceived: UInt64 = 0
    /// Their bytes, IP and UDP headers left out.
    package var bytesReceived: UInt64 = 0
    /// Datagrams that left.
    package var datagramsSent: UInt64 = 0
    /// Their bytes, IP and UDP headers left out.
    package var bytesSent: UInt64 = 0
    /// Datagrams that nobody could make anything of: forged, broken, or of a stream that was not negotiated.
    package var datagramsRefused: UInt64 = 0
    /// The estimate of the path to the server in bits a second; 0: nothing is known.
    package var estimate = 0.0
    /// The round trip in nanoseconds; 0: nothing is known.
    package var roundTripNanoseconds: Int64 = 0

    /// Nothing counted.
    package init() {}
}
