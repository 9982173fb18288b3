// The command line of the benchmark.
// SPDX-License-Identifier: Apache-2.0
import SRTP
import Wire

/// What is measured.
struct BenchmarkOptions {
    static let usage = """
        martlet-benchmark: one publisher to many receivers through one media loop, over loopback,
        or through several: then first through one, to compare.

          --receivers N        receivers, 1 to 2000, the load in a process for each 250 (100)
          --publishers N       publishers, each shown to every receiver, 1 to 16 (1)
          --loops N            media loops; receivers are spread over them, 1 to 4 (1)
          --seconds N          how long is measured, 1 to 600 (10)
          --packets N          video packets in each frame, 1 to 32 (5)
          --frames N           video frames a second, 1 to 1000 (30)
          --payload N          bytes of a video payload, 32 to 1300 (1200)
          --spread             spread a frame's packets over its interval, as browsers pace them
          --uneven             split frames about equally, as browsers do: sizes differ by a byte
          --no-padding         leave packets at their sizes, as towards players that came by WHEP
          --no-audio           video alone
          --no-segmentation    one datagram a message, without UDP_SEGMENT
          --profile NAME       gcm128, gcm256 or cm (gcm128)
          --address A          the address that server and clients are bound to (127.0.0.1)
          --pin                the media loop on CPU 0, the load on CPU 1
          --json               one JSON object instead of a table
          --assert-us X        fail above X us of CPU a forwarded packet
          --assert-kilobytes X fail above X KB a receiver
          --assert-clean       fail if a packet is lost or an allocation is made
        """

    /// How many clients one process of the load has: each has a socket, and a loop's sockets are counted in a byte.
    static let clientsPerLoad = 250

    /// Which process of the load this is.
    var part = 0
    var receivers = 100
    var publishers = 1
    var loops = 1
    var seconds = 10
    var packets = 5
    var frames = 30
    var payload = 1_200
    var isSpread = false
    var isUneven = false
    var padsPackets = true
    var hasAudio = true
    var usesSegmentation = true
    var profile = SRTPProfile.aeadAES128GCM
    var address = NetworkAddress(ipv4: 0x7F00_0001, port: 0)
    var isPinned = false
    var isJSON = false
    var microsecondsMax: Double?
    var kilobytesMax: Double?
    var mustBeClean = false

    /// Reads the arguments behind the program's name.
    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--receivers": receivers = try Self.number(&rest, name, 1...2_000)
            case "--part": part = try Self.number(&rest, name, 0...10)
            case "--publishers": publishers = try Self.number(&rest, name, 1...16)
            case "--loops": loops = try Self.number(&rest, name, 1...4)
            case "--seconds": seconds = try Self.number(&rest, name, 1...600)
            case "--packets": packets = try Self.number(&rest, name, 1...32)
            case "--frames": frames = try Self.number(&rest, name, 1...1_000)
            case "--payload": payload = try Self.number(&rest, name, 32...1_300)
            case "--spread": isSpread = true
            case "--uneven": isUneven = true
            case "--no-padding": padsPackets = false
            case "--no-audio": hasAudio = false
            case "--no-segmentation": usesSegmentation = false
            case "--pin": isPinned = true
            case "--json": isJSON = true
            case "--assert-clean": mustBeClean = true
            case "--assert-us": microsecondsMax = try Self.decimal(&rest, name)
            case "--assert-kilobytes": kilobytesMax = try Self.decimal(&rest, name)
            case "--address": address = try Self.address(&rest)
            case "--profile": profile = try Self.profile(&rest)
            default: throw BenchmarkFailure("unknown option \(name)\n\n\(Self.usage)")
            }
        }
    }

    /// How many clients there are.
    var clients: Int { publishers + receivers }

    /// The clients of one process of the load; publishers come first.
    func clients(ofPart part: Int) -> Range<Int> {
        let first = min(part * Self.clientsPerLoad, clients)
        return first..<min(first + Self.clientsPerLoad, clients)
    }

    private static func number(
        _ rest: inout ArraySlice<String>, _ name: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = rest.popFirst(), let value = Int(text), range.contains(value) else {
            throw BenchmarkFailure("\(name) takes \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func decimal(_ rest: inout ArraySlice<String>, _ name: String) throws -> Double {
        guard let text = rest.popFirst(), let value = Double(text), value > 0 else {
            throw BenchmarkFailure("\(name) takes a positive number")
        }
        return value
    }

    private static func address(_ rest: inout ArraySlice<String>) throws -> NetworkAddress {
        guard let text = rest.popFirst(), let address = NetworkAddress(host: text, port: 0) else {
            throw BenchmarkFailure("--address takes an IP address")
        }
        return address
    }

    private static func profile(_ rest: inout ArraySlice<String>) throws -> SRTPProfile {
        switch rest.popFirst() {
        case "gcm128": .aeadAES128GCM
        case "gcm256": .aeadAES256GCM
        case "cm": .aes128CMHMACSHA1_80
        default: throw BenchmarkFailure("--profile takes gcm128, gcm256 or cm")
        }
    }
}

/// Why there is no result, for people.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
