// docs/vectors/session.json is what the state machine does: the file that the SDK in TypeScript replays.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Signaling
import Testing

@testable import ClientSession

@Suite struct VectorTests {
    private struct File: Encodable {
        var about = """
            Written by Tests/ClientSessionTests/VectorTests.swift with MARTLET_WRITE_VECTORS=1. `moves` are \
            the legal ones, all others are refused. A trace's steps hand `in` to a fresh machine at `at` \
            milliseconds; then `out` is to be done, in this order.
            """
        var states = ConnectionPhase.allCases
        var reasons = ChangeReason.allCases
        var moves = ConnectionChange.legal
        var pauses = (1...8).map { SessionTiming.pauseMilliseconds(before: $0) }
        var traces: [MachineTrace]
        var projections: [Projection]
    }

    struct Projection: Encodable {
        struct Row: Encodable {
            var change: ConnectionChange
            var views: [String: VendorView]
        }
        var name: String
        var rows: [Row]

        init(_ trace: MachineTrace) {
            name = trace.name
            rows = trace.changes.map { entry in
                var views: [String: VendorView] = [:]
                for dialect in VendorDialect.allCases {
                    views[dialect.rawValue] = entry.change.view(in: dialect)
                }
                return Row(change: entry.change, views: views)
            }
        }
    }

    private var path: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/vectors/session.json")
    }

    /// The traces whose moves are also told as other SDKs tell them.
    private let projected = [
        "join, talk and leave", "the socket breaks and the session is resumed",
        "media alone is silent", "the session is gone and a new one takes its place",
        "nothing comes back", "told to be disconnected, kicked",
        "told to be disconnected, roomClosed", "the network is another one",
    ]

    private func render() throws -> String {
        var traces = try namedTraces()
        let projections = traces.filter { projected.contains($0.name) }.map(Projection.init)
        for seed in 1...16 { traces.append(try randomTrace(seed: UInt64(seed))) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let file = File(traces: [], projections: projections)
        var text = String(decoding: try encoder.encode(file), as: UTF8.self)
        // A line for each trace, so that a change of the machine shows as the traces it concerns.
        let lines = try traces.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        text.replace("\"traces\":[]", with: "\"traces\":[\n\(lines.joined(separator: ",\n"))\n]")
        return text + "\n"
    }

    @Test func theFileOfTracesIsWhatTheMachineDoes() throws {
        let text = try render()
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_VECTORS"] != nil {
            try Data(text.utf8).write(to: path)
        }
        let file = try String(decoding: Data(contentsOf: path), as: UTF8.self)
        #expect(
            file == text,
            "run MARTLET_WRITE_VECTORS=1 swift test --filter VectorTests and look at the difference"
        )
    }

    @Test func theSameTraceIsTheSameEachTime() throws { #expect(try render() == render()) }

    @Test func randomInputsMakeOnlyLegalMoves() throws {
        for seed in 1...2_000 {
            let trace = try randomTrace(seed: UInt64(seed))
            var last = ConnectionPhase.disconnected
            for (_, change) in trace.changes {
                #expect(change.isLegal && change.from == last, "seed \(seed)")
                last = change.to
            }
        }
    }

    @Test func aMoveIsLegalOrImpossible() {
        var legal = 0
        for from in ConnectionPhase.allCases {
            for to in ConnectionPhase.allCases {
                for reason in ChangeReason.allCases {
                    let change = ConnectionChange(from: from, to: to, reason: reason)
                    if change.isLegal { legal += 1 }
                    #expect(change.isLegal == ConnectionChange.legal.contains(change))
                }
            }
        }
        // The 11 rows of the table with all their reasons.
        #expect(legal == 1 + 1 + 13 + 1 + 4 + 1 + 7 + 2 + 8 + 1 + 1)
    }
}
