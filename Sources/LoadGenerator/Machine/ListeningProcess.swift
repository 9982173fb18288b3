// Which process of this machine listens at a TCP port: the server, where it is a local one.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Finds processes by what `/proc` shows; another user's are not found.
package enum ListeningProcess {
    /// The state of a listening socket in `/proc/net/tcp`.
    private static let listening = "0A"

    /// The process that listens at a port of this machine; `nil` if it cannot be seen.
    package static func id(port: Int) -> Int32? {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { ProcFile.text($0) }
        let inodes = Set(tables.flatMap { Self.inodes(listeningAt: port, in: $0) })
        guard !inodes.isEmpty else { return nil }
        let names = Set(inodes.map { "socket:[\($0)]" })
        for process in ProcFile.names(in: "/proc").compactMap({ Int32($0) }).sorted() {
            let folder = "/proc/\(process)/fd"
            for name in ProcFile.names(in: folder) {
                if let target = ProcFile.target(of: "\(folder)/\(name)"), names.contains(target) {
                    return process
                }
            }
        }
        return nil
    }

    /// The inodes of the sockets that listen at a port, of a table as `/proc/net/tcp` has it.
    static func inodes(listeningAt port: Int, in table: String) -> [UInt64] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == listening,
                let colon = fields[1].lastIndex(of: ":"),
                Int(fields[1][fields[1].index(after: colon)...], radix: 16) == port
            else { return nil }
            return UInt64(fields[9])
        }
    }
}

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

/// Reading of small files that the kernel makes.
enum ProcFile {
    private static let bytesMax = 4 << 20

    /// A whole file; `nil` if it cannot be read.
    static func text(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < bytesMax {
            let count = unsafe read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// What is in a folder; empty if it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let handle = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            // The name ends in a zero within its field.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            names.append(name)
        }
        return names
    }

    /// Where a link leads; `nil` if it is none.
    static func target(of path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count > 0, count <= bytes.count else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
