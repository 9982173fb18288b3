// The command line of the instruction benchmark.
// SPDX-License-Identifier: Apache-2.0
import RTP

/// What is forwarded.
struct InstructionOptions {
    static let usage = """
        martlet-instructions: forwards in memory what Benchmarks/instructions.py counts.

          --receivers N   receivers, 1 to 254 (50)
          --seconds N     seconds of media, after one to warm up, 1 to 60 (2)
          --packets N     video packets in each frame, 1 to 32 (5)
          --payload N     bytes of a video payload, 32 to 1300 (1200)
          --uneven        split frames about equally, as libwebrtc does: sizes differ by a byte
          --relayed       half the receivers on a second media loop, to which all is relayed
          --profile NAME  gcm128, gcm256 or cm (gcm128)

        martlet-instructions --join PART: lets clients join instead, and counts one part of it.

          --join PART     message (reading the request), offer (answering its offer), room (entering, and
                          writing the reply) or handshake (ICE, DTLS and keys)
          --joins N       joins, 1 to 5000 (100)
          --message FILE  a `join` as a client sent it (Benchmarks/join.json)
        """

    var receivers = 50
    var seconds = 2
    var packets = 5
    var payload = 1_200
    var isUneven = false
    var isRelayed = false
    var profile: UInt16 = 7
    /// What part of joining is counted; `nil`: packets are.
    var join: JoinPart?
    var joins = 100
    var message = "Benchmarks/join.json"

    /// Reads the arguments behind the program's name.
    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        while let name = rest.popFirst() {
            switch name {
            case "--receivers": receivers = try Self.number(&rest, name, 1...254)
            case "--seconds": seconds = try Self.number(&rest, name, 1...60)
            case "--packets": packets = try Self.number(&rest, name, 1...32)
            case "--payload": payload = try Self.number(&rest, name, 32...1_300)
            case "--uneven": isUneven = true
            case "--relayed": isRelayed = true
            case "--profile": profile = try Self.profile(&rest)
            case "--join": join = try Self.join(&rest)
            case "--joins": joins = try Self.number(&rest, name, 1...5_000)
            case "--message": message = rest.popFirst() ?? message
            default: throw InstructionFailure("unknown option \(name)")
            }
        }
    }

    private static func number(
        _ rest: inout ArraySlice<String>, _ name: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = rest.popFirst(), let value = Int(text), range.contains(value) else {
            throw InstructionFailure("\(name) takes \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func join(_ rest: inout ArraySlice<String>) throws -> JoinPart {
        guard let name = rest.popFirst(), let part = JoinPart(rawValue: name) else {
            throw InstructionFailure("--join takes message, offer, room or handshake")
        }
        return part
    }

    private static func profile(_ rest: inout ArraySlice<String>) throws -> UInt16 {
        switch rest.popFirst() {
        case "gcm128": 7
        case "gcm256": 8
        case "cm": 1
        default: throw InstructionFailure("--profile takes gcm128, gcm256 or cm")
        }
    }
}
