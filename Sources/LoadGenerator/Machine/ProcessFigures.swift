// What a process, and the whole machine, have used so far, as `/proc` tells it.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// CPU time and memory of a process at one moment.
package struct ProcessFigures: Sendable, Equatable {
    /// Seconds of CPU since it began, of the process and of the kernel for it.
    package var cpuSeconds: Double
    /// Resident memory in bytes.
    package var residentBytes: Int

    /// Holds figures.
    package init(cpuSeconds: Double, residentBytes: Int) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
    }

    /// Looks at a process now; `nil` if it is not there.
    package static func of(_ process: Int32) -> ProcessFigures? { of("\(process)") }

    /// Looks at this process.
    package static func ofThisProcess() -> ProcessFigures? { of("self") }

    private static func of(_ name: String) -> ProcessFigures? {
        guard let stat = ProcFile.text("/proc/\(name)/stat"),
            let memory = ProcFile.text("/proc/\(name)/statm")
        else { return nil }
        return ProcessFigures(
            stat: stat, statm: memory, ticksPerSecond: Int(sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: Int(sysconf(Int32(_SC_PAGESIZE))))
    }

    /// Reads the two files of `/proc`; `nil` if they are not of their form.
    init?(stat: String, statm: String, ticksPerSecond: Int, pageBytes: Int) {
        // The name in parentheses may hold anything; user and system time are the 12th and 13th fields behind it.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        let pages = statm.split(whereSeparator: \.isWhitespace)
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
            pages.count > 1, let resident = Int(pages[1])
        else { return nil }
        cpuSeconds = (Double(user) + Double(system)) / Double(max(1, ticksPerSecond))
        residentBytes = resident.multipliedReportingOverflow(by: max(1, pageBytes)).partialValue
    }
}

/// CPU time of all processes of a machine.
package enum MachineFigures {
    /// Seconds of CPU that processes have used since the machine began, all cores together; `nil` if it is not told.
    package static func cpuSeconds() -> Double? {
        ProcFile.text("/proc/stat").flatMap {
            cpuSeconds(stat: $0, ticksPerSecond: Int(sysconf(Int32(_SC_CLK_TCK))))
        }
    }

    /// Reads the first line of `/proc/stat`: `cpu user nice system idle …`. Interrupts are left out: loopback's are the
    /// load's own, and are counted to nobody.
    static func cpuSeconds(stat: String, ticksPerSecond: Int) -> Double? {
        let fields = stat.prefix { $0 != "\n" }.split(separator: " ")
        guard fields.count > 3, fields[0] == "cpu" else { return nil }
        let ticks = fields[1...3].compactMap { Double($0) }
        return ticks.count == 3 ? ticks.reduce(0, +) / Double(max(1, ticksPerSecond)) : nil
    }
}
