// What a load has shown, and whether it can be trusted.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// What a process took of its machine while a load ran.
package struct LoadProcess: Sendable {
    /// Cores it used while it was measured, 1 being one of them.
    package var cores = 0.0
    /// Seconds of CPU it used while clients joined.
    package var joiningSeconds = 0.0
    /// Its resident memory at the end, in bytes.
    package var residentBytes = 0
    /// By how much that grew with the clients, in bytes.
    package var grownBytes = 0

    /// Nothing.
    package init() {}

    /// What lies between figures from before the clients came, from before measuring and from its end.
    package init(
        before: ProcessFigures, joined: ProcessFigures, end: ProcessFigures, measured: MediaDuration
    ) {
        let seconds = max(Double(measured.nanoseconds) / 1e9, 1e-9)
        cores = max(0, end.cpuSeconds - joined.cpuSeconds) / seconds
        joiningSeconds = max(0, joined.cpuSeconds - before.cpuSeconds)
        residentBytes = end.residentBytes
        grownBytes = end.residentBytes - before.residentBytes
    }
}

/// A load's figures as they are printed.
package struct LoadSummary: Sendable {
    /// Of its core a thread of the generator may use so much before its own slowness is what it measures.
    package static let cpuShareMax = 0.9
    /// So late may publishers' packets be, but for one in a hundred, before the generator is called too slow.
    package static let latenessMax = MediaDuration.milliseconds(100)

    /// What the clients counted.
    package var report: LoadReport
    /// How many were to publish.
    package var publishers: Int
    /// How many were to receive.
    package var receivers: Int
    /// Over how many rooms they were spread.
    package var rooms = 1
    /// How many had joined when measuring began: media could flow, and what they publish was announced.
    package var joined: Int
    /// Those who had not, by reason.
    package var failures: [LoadTally] = []
    /// Those who had and were gone at the end, by reason.
    package var losses: [LoadTally] = []
    /// How long joining took.
    package var joins: LoadJoins
    /// How long the server took to answer a ping over signalling.
    package var signaling = LatencyHistogram()
    /// Datagrams that the kernel dropped at the clients' own sockets.
    package var kernelDrops: UInt64
    /// What this process took.
    package var own = LoadProcess()
    /// What the server took, and its process, where it is one of this machine.
    package var server: (id: Int32, process: LoadProcess)?

    /// Cores that the machine's other processes used while it was measured; `nil`: unknown.
    package var otherCores: Double?

    /// Holds the figures that every load has.
    package init(
        report: LoadReport, publishers: Int, receivers: Int, joined: Int, joins: LoadJoins,
        kernelDrops: UInt64
    ) {
        self.report = report
        self.publishers = publishers
        self.receivers = receivers
        self.joined = joined
        self.joins = joins
        self.kernelDrops = kernelDrops
    }

    /// Of what the receivers should have had, the share that they missed.
    package var lostShare: Double {
        Double(report.lost) / Double(max(1, report.received + report.lost))
    }

    /// Why the figures say nothing about the server; empty: they do.
    package var problems: [String] {
        var problems: [String] = []
        if report.busiestShare > Self.cpuShareMax {
            problems.append(
                "the load itself is the bottleneck: a thread of it used "
                    + "\(fixed(report.busiestShare * 100, digits: 0)) % of a core")
        }
        if kernelDrops > 0 {
            problems.append(
                "the load itself was too slow: its sockets dropped \(kernelDrops) datagrams")
        }
        let late = report.lateness.quantile(0.99)
        if late > Self.latenessMax {
            problems.append(
                "the load itself was too slow: one packet in a hundred was sent "
                    + "\(late.milliseconds) ms late or later")
        }
        if report.received == 0, receivers > 0, report.wallTime > .zero {
            problems.append("nothing was received")
        }
        return problems
    }

    /// Whether everybody came in and stayed.
    package var isComplete: Bool { failures.isEmpty && losses.isEmpty }
}
