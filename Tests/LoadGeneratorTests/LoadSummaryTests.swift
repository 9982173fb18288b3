// That a load's figures are computed and printed rightly, and called worthless where they are.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Wire

@testable import LoadGenerator

@Suite struct LoadSummaryTests {
    /// Ten seconds in which 1,000 packets became 49,950 of 50,000.
    private func summary(
        cpu: MediaDuration = .seconds(2), drops: UInt64 = 0, received: UInt64 = 49_950
    ) -> LoadSummary {
        var report = LoadReport()
        report.sent = 1_000
        report.received = received
        report.receivedBytes = received * 1_250
        report.lost = 50
        report.cpuTime = cpu
        report.wallTime = .seconds(10)
        for step in 1...100 { report.latency.add(.microseconds(Int64(step) * 100)) }
        return LoadSummary(
            report: report, publishers: 1, receivers: 50,
            joins: [.milliseconds(9), .milliseconds(2), .milliseconds(4)], kernelDrops: drops)
    }

    private func figures(_ summary: LoadSummary) throws -> [String: NSNumber] {
        let value = try JSONSerialization.jsonObject(with: Data(summary.json.utf8))
        return try #require(value as? [String: NSNumber])
    }

    @Test func ratesSharesAndQuantilesAreInTheJSON() throws {
        let found = try figures(summary())
        let expected: [String: Double] = [
            "publishers": 1, "receivers": 50, "seconds": 10, "join_p50_ms": 4, "join_max_ms": 9,
            "sent_per_second": 100, "received_per_second": 4_995, "received_megabits": 49.95,
            "lost": 50, "lost_percent": 0.1, "unreadable": 0, "latency_p50_ms": 5.12,
            "latency_p95_ms": 9.62, "latency_p99_ms": 10.02, "load_cpu_percent": 20,
            "load_drops": 0, "valid": 1,
        ]
        #expect(Set(found.keys) == Set(expected.keys))
        for (key, value) in expected {
            let figure = try #require(found[key])
            #expect(abs(figure.doubleValue - value) < 0.051, "\(key) is \(figure)")
        }
    }

    @Test func theTableHasALineForEachFigure() throws {
        let lines = summary().table.split(separator: "\n")
        #expect(lines.count == 16)
        #expect(lines.contains { $0.hasPrefix("packets lost ") && $0.hasSuffix(" 50") })
        #expect(Set(lines.map { $0.lastIndex(of: " ")?.utf16Offset(in: $0) }).count == 1)
    }

    @Test func aGeneratorThatIsTheBottleneckIsSaid() throws {
        #expect(summary().problems.isEmpty)
        #expect(summary(cpu: .seconds(9)).problems.isEmpty)
        #expect(summary(cpu: .milliseconds(9_100)).problems.count == 1)
        #expect(summary(drops: 1).problems.count == 1)
        #expect(summary(received: 0).problems.count == 1)
        #expect(try figures(summary(drops: 1))["valid"] == 0)
    }

    @Test func numbersAreWrittenAsJSONReadsThem() {
        #expect(fixed(1.005, digits: 1) == "1.0")
        #expect(fixed(0.999, digits: 2) == "1.00")
        #expect(fixed(-2.5, digits: 1) == "-2.5")
        #expect(fixed(12, digits: 0) == "12")
        #expect(fixed(.infinity, digits: 2) == "0")
        #expect(fixed(.nan, digits: 2) == "0")
    }

    @Test func nothingMeasuredIsNothingAndNoFailure() throws {
        let empty = LoadSummary(
            report: LoadReport(), publishers: 1, receivers: 0, joins: [], kernelDrops: 0)
        #expect(try figures(empty)["latency_p99_ms"] == 0)
        #expect(empty.problems.isEmpty)
    }
}
