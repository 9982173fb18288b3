// That a load's figures are computed and printed rightly, and called worthless where they are.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Wire

@testable import LoadGenerator

@Suite struct LoadSummaryTests {
    /// Ten seconds in which 1,000 packets became 49,950 of 50,000.
    private func summary(
        busiest: Double = 0.2, drops: UInt64 = 0, received: UInt64 = 49_950,
        late: MediaDuration = .milliseconds(1)
    ) -> LoadSummary {
        var report = LoadReport()
        report.sent = 1_000
        report.sentBytes = 1_250_000
        report.received = received
        report.receivedBytes = received * 1_250
        report.lost = 50
        report.busiestShare = busiest
        report.wallTime = .seconds(10)
        for step in 1...100 { report.latency.add(.microseconds(Int64(step) * 100)) }
        for _ in 1...100 { report.lateness.add(late) }
        var joins = LoadJoins()
        joins.whole = LoadTimes([.milliseconds(9), .milliseconds(2), .milliseconds(4)])
        joins.span = .seconds(2)
        return LoadSummary(
            report: report, publishers: 1, receivers: 50, joined: 51, joins: joins,
            kernelDrops: drops)
    }

    private func figures(_ summary: LoadSummary) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(summary.json.utf8))
        return try #require(value as? [String: Any])
    }

    @Test func ratesSharesAndQuantilesAreInTheJSON() throws {
        var whole = summary()
        whole.server = (
            77,
            LoadProcess(
                before: ProcessFigures(cpuSeconds: 1, residentBytes: 10_000_000),
                joined: ProcessFigures(cpuSeconds: 1.51, residentBytes: 18_000_000),
                end: ProcessFigures(cpuSeconds: 6.51, residentBytes: 20_200_000),
                measured: .seconds(10))
        )
        let found = try figures(whole)
        let expected: [String: Double] = [
            "publishers": 1, "receivers": 50, "rooms": 1, "joined": 51, "failed": 0, "gone": 0,
            "joins_per_second": 25.5, "seconds": 10, "join_p50_ms": 4, "join_p99_ms": 4,
            "join_max_ms": 9, "sent_per_second": 100, "sent_megabits": 1,
            "received_per_second": 4_995, "received_megabits": 49.95, "lost": 50,
            "lost_percent": 0.1, "repeated": 0, "unreadable": 0, "latency_p50_ms": 5.12,
            "latency_p95_ms": 9.68, "latency_p99_ms": 10, "latency_max_ms": 10, "late_p99_ms": 1,
            "signaling_p99_ms": 0, "load_thread_percent": 20, "load_drops": 0, "server_pid": 77,
            "server_cpu_percent": 50, "server_cpu_join_ms": 10, "server_rss_mb": 20.2,
            "server_client_kb": 200,
        ]
        for (key, value) in expected {
            let figure = try #require(found[key] as? NSNumber, "\(key)")
            #expect(abs(figure.doubleValue - value) < 0.051, "\(key) is \(figure)")
        }
        #expect(found["valid"] as? Bool == true)
        // Of what no client went through there is nothing to tell.
        #expect(found["join_dtls_p50_ms"] == nil)
    }

    @Test func theTableHasALineForEachFigureAndColumnsForTimes() throws {
        let lines = summary().table.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("packets lost ") && $0.hasSuffix(" 50") })
        let head = try #require(lines.firstIndex { $0.hasSuffix("max") })
        #expect(lines[head + 1].hasPrefix("joining, ms"))
        #expect(lines[head].count == lines[head + 1].count)
        #expect(
            lines[head + 1].split(separator: " ").suffix(4) == ["4.00", "4.00", "4.00", "9.00"])
    }

    @Test func whoDidNotComeInIsToldByReason() throws {
        var part = summary()
        part.failures = LoadTally.of([
            ("6000", "refused"), ("3001", "The room is \"full\".\n"), ("3001", "other words"),
        ])
        part.losses = LoadTally.of([("kicked", "the server ended the session")])
        #expect(!part.isComplete)
        #expect(part.failures.map(\.count) == [2, 1])
        let found = try figures(part)
        #expect(found["failed"] as? Int == 3)
        #expect(found["failures"] as? [String: Int] == ["3001": 2, "6000": 1])
        #expect(found["losses"] as? [String: Int] == ["kicked": 1])
        #expect(part.table.contains("2 (3001: The room is \"full\"."))
        #expect(summary().isComplete)
    }

    @Test func aGeneratorThatIsTheBottleneckIsSaid() throws {
        #expect(summary().problems.isEmpty)
        #expect(summary(busiest: 0.9).problems.isEmpty)
        #expect(summary(busiest: 0.91).problems.count == 1)
        #expect(summary(drops: 1).problems.count == 1)
        #expect(summary(received: 0).problems.count == 1)
        #expect(summary(late: .milliseconds(200)).problems.count == 1)
        #expect(try figures(summary(drops: 1))["valid"] as? Bool == false)
        #expect((try figures(summary(drops: 1))["problems"] as? [String])?.count == 1)
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
            report: LoadReport(), publishers: 1, receivers: 0, joined: 0, joins: LoadJoins(),
            kernelDrops: 0)
        #expect(try figures(empty)["latency_p99_ms"] as? Double == 0)
        #expect(empty.problems.isEmpty)
    }

    @Test func reportsOfSeveralThreadsBecomeOne() {
        var first = LoadReport()
        first.received = 3
        first.busiestShare = 0.2
        first.wallTime = .seconds(1)
        first.latency.add(.milliseconds(1))
        var second = first
        second.busiestShare = 0.7
        second.wallTime = .seconds(2)
        first.add(second)
        #expect(first.received == 6)
        #expect(first.busiestShare == 0.7)
        #expect(first.wallTime == .seconds(2))
        #expect(first.latency.count == 2)
    }
}
