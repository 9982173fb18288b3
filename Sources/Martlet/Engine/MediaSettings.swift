// What has to be known of a room's media before it is joined.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import Negotiation
import RTP
import Signaling
import Wire

extension ICEParameters {
    /// Characters of ICE words (RFC 8839 §5.4); 64 of them, so that each is worth six bits.
    private static let characters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    /// Fresh words: 48 bits of a name and 144 of a password (RFC 8445 §5.3 asks for 24 and 128).
    static func fresh(using random: inout some RandomNumberGenerator) -> ICEParameters {
        func word(_ count: Int) -> String {
            String((0..<count).map { _ in characters[Int.random(in: 0..<64, using: &random)] })
        }
        return ICEParameters(usernameFragment: word(8), password: word(24))
    }
}

/// How the sections of the first offer are made, and where datagrams go.
struct MediaSettings: Sendable {
    /// The server and the room, by which rooms of this process know that they hear the same.
    var room = ""
    /// The local ports of media; `nil`: wherever the kernel likes.
    var ports: ClosedRange<UInt16>?
    /// The application's own STUN and TURN servers; empty: those that the server names.
    var iceServers: [Signaling.ICEServer] = []
    /// Whether media goes through relays and no other way.
    var relaysAlone = false
    /// Whom relays are trusted by; `nil`: the system.
    var tls: TLSContext?
    /// The sizes that the camera's picture is sent in, by RID, the smallest first; empty: one.
    var cameraRIDs: [String] = []
    /// The same of a screen.
    var screenRIDs: [String] = []
    /// How many sections there are for custom pictures, behind the others that send.
    var customPictures = 0
    /// Pairs of a participant's sound and picture to begin with; 0: nothing is received.
    var pairs = 4
    /// Slots for those who are only heard, to begin with.
    var soundSlots = 3

    /// The sections that send, in the order of the first offer; the browser SDK has the same.
    static let sendingSections: [(source: TrackSource, mid: String)] = [
        (.microphone, "0"), (.camera, "1"), (.screen, "2"), (.screenAudio, "3"),
    ]

    /// The sections of custom pictures.
    static func customMIDs(_ count: Int) -> [String] {
        (0..<count).map { "\(sendingSections.count + $0)" }
    }

    /// The names of so many sizes, the smallest first; of one: none.
    static func rids(sizes: Int) -> [String] {
        sizes > 1 ? Array(["q", "h", "f"].suffix(sizes)) : []
    }

    /// The sizes that a section's picture is sent in.
    func rids(of source: TrackSource) -> [String] {
        switch source {
        case .camera: cameraRIDs
        case .screen: screenRIDs
        default: []
        }
    }

    /// What is offered, most wished first: sound with what it repeats (RFC 2198), then pictures by how cheap they are.
    static let codecs: [MediaCodec] = [.red, .opus, .vp8, .h264, .vp9, .av1]

    /// The first offer.
    func offer(
        parameters: RoomParameters, fingerprint: Fingerprint,
        using random: inout some RandomNumberGenerator
    ) -> ClientOffer {
        ClientOffer(
            sending: Self.sendingSections.map { section in
                ClientStream(
                    kind: section.source.isSound ? .audio : .video, rids: rids(of: section.source))
            } + (0..<customPictures).map { _ in ClientStream(kind: .video) }, receivingPairs: pairs,
            receivingAudio: soundSlots, ice: .fresh(using: &random),
            fingerprint: fingerprint,
            codecs: Self.codecs.filter { $0 != .red || parameters.redundantAudio },
            repairsAudio: true, using: &random)
    }
}
