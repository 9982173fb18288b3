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
