// Where the server is, which room, and as whom: what all commands ask for.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Martlet
import MediaCodecs

/// The options of a participant.
struct ServerOptions: ParsableArguments {
    @Option(help: "Where the server is: http://, https://, ws:// or wss://.")
    var server = "http://127.0.0.1:7880"

    @Option(help: "The room; it comes into being if it does not exist.")
    var room: String

    @Option(help: "The access token; a server with --dev asks for none.")
    var token: String?

    @Option(
        help: ArgumentHelp(
            "Makes the token: the server's key.",
            discussion: "Better in the environment, as MARTLET_KEY: others see a command line.",
            valueName: "name=secret"))
    var key: String?

    @Option(name: .customLong("as"), help: "The participant's id; the server chooses without.")
    var participant: String?

    @Option(help: "The name shown to people.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The local UDP ports of media, as 42000-45000; any without.", valueName: "low-high"))
    var ports: String?

    @Option(
        help: ArgumentHelp(
            "Certificates to be trusted beside the system's, in PEM.", valueName: "file"))
    var trust: String?

    @Option(
        help: ArgumentHelp(
            "The HTTP proxy of signalling; without, what the environment names; 'direct': none.",
            valueName: "http://host:port"))
    var proxy: String?

    @Flag(help: "Lets media go through relays alone.")
    var relayOnly = false

    @Option(help: "Ends by itself after so many seconds; 0: when it is told to (Ctrl-C).")
    var seconds = 0.0

    /// How to join.
    /// - Parameter number: Which of several; it is added to the id.
    func join(number: Int? = nil) throws -> JoinOptions {
        let id = number.map { "\(participant ?? "bot")-\($0)" } ?? participant
        var options = JoinOptions(
            server: server, room: room, token: try madeToken(for: id), participant: id,
            name: name)
        if token != nil || keyText != nil { options.participant = nil }
        options.trustedCertificates = trust
        if let proxy { options.proxy = proxy == "direct" ? .direct : .http(proxy) }
        options.iceTransportPolicy = relayOnly ? .relay : .all
        options.mediaPorts = try ports.map { try Self.range($0) }
        return options
    }

    private var keyText: String? { key ?? ProcessInfo.processInfo.environment["MARTLET_KEY"] }

    private func madeToken(for participant: String?) throws -> String? {
        if let token { return token }
        guard let keyText else { return nil }
        return try MadeToken.text(key: keyText, participant: participant, room: room)
    }

    private static func range(_ text: String) throws -> ClosedRange<UInt16> {
        let parts = text.split(separator: "-").map { UInt16($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low > 0, low <= high else {
            throw ValidationError("Ports are given as 42000-45000.")
        }
        return low...high
    }
}

/// The codec that an option names; pictures are encoded as no other.
/// - Throws: A `ValidationError`.
func encodedCodec(_ name: String) throws -> VideoCodec {
    switch name.uppercased() {
    case "VP8": .vp8
    case "VP9": .vp9
    case "H264", "H.264": .h264
    default: throw ValidationError("\(name): a codec is VP8, VP9 or H264.")
    }
}
