// The command line of the signalling benchmark.
// SPDX-License-Identifier: Apache-2.0

/// What is measured, and against which server.
struct SignalBenchmarkOptions {
    static let usage = """
        martlet-signal-benchmark: many members of one room who only signal, over loopback.

          --members N       members of the large room, 1 to 8000 (2000)
          --churn N         joins and leaves after which nothing may have grown, 0 to 100000 (1000)
          --tellings N      how often one more joins, to be told to all, 1 to 1000 (20)
          --address H:P     a running server (--dev, with --room-participants above --members);
                            without it one is started as a process of its own
          --pid N           the process of that server, for its memory and descriptors
          --seconds N       when to give up, 1 to 3600 (300)
        """

    var members = 2_000
    var churn = 1_000
    var tellings = 20
    var address: (host: String, port: Int)?
    var processID: Int32?
    var seconds = 300

    /// Reads the arguments behind the program's name.
    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--members": members = try Self.number(&rest, name, 1...8_000)
            case "--churn": churn = try Self.number(&rest, name, 0...100_000)
            case "--tellings": tellings = try Self.number(&rest, name, 1...1_000)
            case "--seconds": seconds = try Self.number(&rest, name, 1...3_600)
            case "--pid": processID = Int32(try Self.number(&rest, name, 1...Int(Int32.max)))
            case "--address":
                let parts = (rest.popFirst() ?? "").split(separator: ":")
                guard parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) else {
                    throw BenchmarkFailure("--address takes HOST:PORT")
                }
                address = (String(parts[0]), port)
            default: throw BenchmarkFailure("unknown option \(name)\n\n\(Self.usage)")
            }
        }
    }

    private static func number(
        _ rest: inout ArraySlice<String>, _ name: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = rest.popFirst(), let value = Int(text), range.contains(value) else {
            throw BenchmarkFailure("\(name) takes \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

/// Why there is no result, for people.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
