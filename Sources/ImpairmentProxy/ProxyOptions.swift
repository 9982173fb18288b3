// The command line of the impairment proxy.
// SPDX-License-Identifier: Apache-2.0
import MediaIO
package import NetworkImpairment
package import Wire

/// Why a command line was not taken; the text is for the person who wrote it.
package struct ProxyOptionError: Error, Equatable {
    /// One line.
    package var message: String
}

/// What the proxy was told to do.
package struct ProxyOptions: Equatable {
    /// Where clients send to.
    package var listen = NetworkAddress(ipv4: 0x7F00_0001, port: 0)
    /// The server.
    package var target = NetworkAddress(ipv4: 0, port: 0)
    /// Decides every loss.
    package var seed: UInt64 = 1
    /// When to end by itself; nil: by SIGTERM or SIGINT.
    package var seconds: Double?
    /// Whether settings come on standard input.
    package var hasControl = false
    /// The most clients at a time.
    package var clientsMax = 64
    /// The links.
    package var plan = ImpairmentPlan()
    /// Whether the usage was asked for.
    package var wantsHelp = false

    /// Reads a command line without the program's name.
    package init(_ arguments: [String], now: MediaInstant) throws(ProxyOptionError) {
        var rest = arguments[...]
        var hasTarget = false
        // The blackout's beginning must be known before its length.
        var late: [(name: String, value: String)] = []
        while let option = rest.popFirst() {
            if option == "--help" || option == "-h" {
                wantsHelp = true
                return
            }
            if option == "--control" {
                hasControl = true
                continue
            }
            guard option.hasPrefix("--") else {
                throw ProxyOptionError(message: "unexpected '\(option)'")
            }
            guard let value = rest.popFirst() else {
                throw ProxyOptionError(message: "\(option) needs a value")
            }
            switch option {
            case "--listen":
                listen = try Self.read(option, value) { NetworkAddress($0) }
            case "--target":
                target = try Self.read(option, value) { NetworkAddress($0) }
                hasTarget = true
            case "--seed": seed = try Self.read(option, value) { UInt64($0) }
            case "--seconds":
                seconds = try Self.read(option, value) {
                    Double($0).flatMap { $0 >= 0 && $0 <= 1e6 ? $0 : nil }
                }
            case "--max-clients":
                clientsMax = try Self.read(option, value) {
                    Int($0).flatMap { (1...254).contains($0) ? $0 : nil }
                }
            default: late.append((String(option.dropFirst(2)), value))
            }
        }
        guard hasTarget else { throw ProxyOptionError(message: "--target is missing") }
        for (name, value) in late.filter({ $0.name.hasSuffix("blackout-at-s") })
            + late.filter({ !$0.name.hasSuffix("blackout-at-s") })
        {
            do throws(ImpairmentSettingError) {
                try plan.set(name, to: value, at: now)
            } catch {
                switch error {
                case .unknown(let name):
                    throw ProxyOptionError(message: "unknown option --\(name)")
                case .invalid(let name, let value):
                    throw ProxyOptionError(message: "--\(name): '\(value)' is out of range")
                }
            }
        }
    }

    private static func read<Value>(
        _ option: String, _ text: String, _ parse: (String) -> Value?
    ) throws(ProxyOptionError) -> Value {
        guard let value = parse(text) else {
            throw ProxyOptionError(message: "\(option): '\(text)' is not a valid value")
        }
        return value
    }

    /// What `--help` prints.
    package static var usage: String {
        var text = """
            martlet-impair: a UDP proxy that loses, delays and reorders, the same way for the same seed.

            martlet-impair --listen 127.0.0.1:P --target 127.0.0.1:Q [options]

              --seed N           decides every loss (1)
              --seconds S        end by itself
              --max-clients N    most clients at a time, 1 to 254 (64)
              --control          read settings from standard input: 'down-loss 0.2', 'rebind', 'report'

            Links (each also as --up-… towards the server and --down-… towards the clients):

            """
        for (name, meaning) in ImpairmentPlan.names {
            let option = "--\(name)"
            text += "  \(option)" + String(repeating: " ", count: max(1, 19 - option.count))
            text += meaning + "\n"
        }
        return text
            + "\nPrints its addresses when it is ready and its counters, a line of JSON, at the end.\n"
    }
}
