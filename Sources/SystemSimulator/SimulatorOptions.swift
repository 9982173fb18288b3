// The command line of the simulator.
// SPDX-License-Identifier: Apache-2.0

/// Which seeds are run, and what is printed.
struct SimulatorOptions {
    static let usage = """
        martlet-simulate: a whole server with its clients in virtual time, once for each seed.

        The seed decides how many clients there are, how bad their networks are, and what happens: blackouts,
        broken streams, changed addresses, a killed server, people who are sent away, who leave and come back,
        who mute and send data. Afterwards all must be well again. The same seed tells the same story, byte for
        byte. It ends with status 1 if anything did not hold.

          --from N        the first seed (1)
          --count N       how many seeds, 1 to 1000000 (1)
          --threads N     how many at a time, 1 to 64 (2)
          --log           print what happened, not only what went wrong
        """

    /// What a command line came to.
    enum Outcome {
        case options(SimulatorOptions)
        case help
        case invalid(String)
    }

    var first: UInt64 = 1
    var count: UInt64 = 1
    var threads = 2
    var isLogged = false

    static func parse(_ arguments: some Collection<String>) -> Outcome {
        var options = SimulatorOptions()
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            switch name {
            case "--help", "-h": return .help
            case "--log": options.isLogged = true
            case "--from", "--count", "--threads":
                guard let value = rest.popFirst().flatMap({ UInt64($0) }) else {
                    return .invalid("\(name) wants a whole number.")
                }
                switch name {
                case "--from": options.first = value
                case "--count": options.count = value
                default: options.threads = Int(clamping: value)
                }
            default: return .invalid("there is no option \(name).")
            }
        }
        guard (1...1_000_000).contains(options.count) else {
            return .invalid("--count is 1 to 1000000.")
        }
        guard (1...64).contains(options.threads) else { return .invalid("--threads is 1 to 64.") }
        guard options.first <= UInt64.max - options.count else {
            return .invalid("--from is too large.")
        }
        return .options(options)
    }
}
