// The options of `martlet load`: how many of what, how fast, and what is sent.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LoadGenerator
import Signaling
import Wire

/// How a load's clients join.
enum LoadSignaling: String, CaseIterable, ExpressibleByArgument {
    /// Over the server's own WebSocket (docs/protocol.md).
    case websocket
    /// By WHIP and WHEP, one after the other.
    case whip
}

/// Who comes, and how.
struct LoadCrowdOptions: ParsableArguments {
    /// A path names its socket in 16 bits, and a system has not many more ports.
    static let clientsMax = 16_384
    /// Clients of WHIP join one after the other.
    static let whipClientsMax = 255

    @Option(
        help: "The room. Of several rooms {} is the number, which otherwise is appended.")
    var room = "load"

    @Option(help: "Over how many rooms the clients are spread, 1 to 10000.")
    var rooms = 1

    @Option(help: "How many publish, in all rooms together. [default: one a room]")
    var publishers: Int?

    @Option(
        name: [.customLong("receivers"), .customLong("subscribers")],
        help: "How many receive, in all rooms together; each is shown all publishers of its room.")
    var receivers = 50

    @Option(
        name: [.customLong("signalling"), .customLong("signaling")],
        help: "How the clients join: websocket, or whip for WHIP and WHEP.")
    var signaling = LoadSignaling.websocket

    @Option(
        help: ArgumentHelp(
            "What the rooms are: broadcast, where receivers are an audience that nobody sees, or communication."
        ))
    var profile = RoomProfile.broadcast

    @Option(help: "How many begin to join in a second, 1 to 10000.")
    var joinRate = 100

    @Option(help: "How many seconds a client may take to join before it has failed, 1 to 600.")
    var joinTimeout = 15

    @Option(help: "How long is measured, once all have joined or failed.")
    var seconds = 10

    @Option(help: "On how many threads the clients' media runs, 1 to 64.")
    var threads = 1

    func validate() throws {
        try check("rooms", rooms, 1...10_000)
        try check("join-rate", joinRate, 1...10_000)
        try check("join-timeout", joinTimeout, 1...600)
        try check("seconds", seconds, 1...86_400)
        try check("threads", threads, 1...64)
        switch signaling {
        case .websocket:
            try check("publishers", publisherCount, 0...Self.clientsMax)
            try check("receivers", receivers, 0...(Self.clientsMax - publisherCount))
            guard publisherCount + receivers > 0 else {
                throw ValidationError("--publishers and --receivers are both 0: nobody would come.")
            }
        case .whip:
            guard rooms == 1 else { throw ValidationError("--signalling whip has one room.") }
            try check("publishers", publisherCount, 1...16)
            try check("receivers", receivers, 0...(Self.whipClientsMax - publisherCount))
        }
    }

    /// How many publish.
    var publisherCount: Int { publishers ?? rooms }
}

/// What publishers send, and how much of it is looked at.
struct LoadMediaOptions: ParsableArguments {
    @Option(help: "Frames of video a second, 1 to 1000.")
    var frames = 30

    @Option(help: "Packets in each of them, 1 to 32.")
    var packets = 5

    @Option(help: "Bytes of each packet's payload, 32 to 1300.")
    var payload = 1_200

    @Flag(help: "Spread a frame's packets over its interval, as browsers pace them.")
    var spread = false

    @Flag(name: .customLong("no-audio"), help: "Send video alone.")
    var isSilent = false

    @Flag(name: .customLong("no-video"), help: "Send audio alone; with WebSockets only.")
    var isBlind = false

    @Option(help: "Of so many packets a receiver gets it opens one, 1 to 1000.")
    var sample = 16

    @Flag(
        name: .customLong("no-feedback"),
        help:
            "Receivers tell the server nothing of arrivals: it then sends all it has, whatever gets lost."
    )
    var isMute = false

    func validate() throws {
        try check("frames", frames, 1...1_000)
        try check("packets", packets, 1...32)
        try check("payload", payload, 32...1_300)
        try check("sample", sample, 1...1_000)
        guard !isSilent || !isBlind else {
            throw ValidationError("--no-audio and --no-video leave nothing to send.")
        }
    }

    /// The shape of sound; `nil`: none is sent.
    var audio: LoadShape? { isSilent ? nil : .audio }

    /// The shape of pictures.
    var video: LoadShape {
        LoadShape(
            interval: MediaDuration(nanoseconds: 1_000_000_000 / Int64(frames)),
            packetsInFrame: packets, payloadBytes: payload, isSpread: spread)
    }
}

private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError("--\(name) must be \(range.lowerBound) to \(range.upperBound).")
    }
}
