// What the load and, on the same machine, the server take of it.
// SPDX-License-Identifier: Apache-2.0
import LoadGenerator
import Wire

/// Looks at processes from time to time.
struct LoadMachine: Sendable {
    /// Both processes at one moment.
    struct Moment: Sendable {
        var own: ProcessFigures?
        var server: ProcessFigures?
        /// Seconds of CPU of all processes.
        var machine: Double?
    }

    private let server: Int32?

    /// - Parameter serverPort: The port at which the server listens here; `nil`: it is elsewhere.
    init(serverPort: Int?) {
        server = serverPort.flatMap { ListeningProcess.id(port: $0) }
    }

    /// As of now.
    func look() -> Moment {
        Moment(
            own: ProcessFigures.ofThisProcess(), server: server.flatMap { ProcessFigures.of($0) },
            machine: MachineFigures.cpuSeconds())
    }

    /// Puts down what both took.
    func note(
        before: Moment, joined: Moment, end: Moment, in summary: inout LoadSummary
    ) {
        let measured = summary.report.wallTime
        if let before = before.own, let joined = joined.own, let end = end.own {
            summary.own = LoadProcess(before: before, joined: joined, end: end, measured: measured)
        }
        if let server, let before = before.server, let joined = joined.server, let end = end.server
        {
            summary.server = (
                server,
                LoadProcess(before: before, joined: joined, end: end, measured: measured)
            )
        }
        if let joined = joined.machine, let end = end.machine, measured > .zero {
            let cores = (end - joined) / (Double(measured.nanoseconds) / 1e9)
            summary.otherCores = max(
                0, cores - summary.own.cores - (summary.server?.process.cores ?? 0))
        }
    }
}
