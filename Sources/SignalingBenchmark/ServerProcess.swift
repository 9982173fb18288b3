// This program once more, as the server: its memory and descriptors are then its own.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A server in a process of its own, which ends when its standard input does.
struct ServerProcess {
    static let childArgument = "--as-server"

    let processID: pid_t
    let port: Int
    /// Closing it ends the server.
    private let input: Int32

    /// Starts it and waits until it listens.
    init(memberCount: Int) throws {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard unsafe pipe(&toChild) == 0, unsafe pipe(&fromChild) == 0 else {
            throw BenchmarkFailure("no pipe")
        }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        for descriptor in toChild + fromChild {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // Copies of the words, given back when the child has its own.
        var words: [UnsafeMutablePointer<CChar>?] = unsafe []
        for word in ["martlet-signal-benchmark", Self.childArgument, "\(memberCount)"] {
            unsafe words.append(strdup(word))
        }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let result = unsafe posix_spawn(&child, "/proc/self/exe", &actions, nil, &words, environ)
        close(toChild[0])
        close(fromChild[1])
        guard result == 0 else { throw BenchmarkFailure("no process: errno \(result)") }
        defer { close(fromChild[0]) }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(fromChild[0], &byte, 1) == 1, byte != UInt8(ascii: "\n"), line.count < 16
        {
            line.append(byte)
        }
        guard let port = Int(String(decoding: line, as: UTF8.self)) else {
            close(toChild[1])
            throw BenchmarkFailure("the server did not start")
        }
        processID = child
        self.port = port
        input = toChild[1]
    }

    /// Ends it and waits for its end.
    func stop() {
        close(input)
        var status: Int32 = 0
        _ = unsafe waitpid(processID, &status, 0)
    }
}

/// What a process holds, read from `/proc`.
struct ProcessFigures {
    var residentKilobytes: Int
    var descriptors: Int
    var cpuSeconds: Double

    /// Looks at a process now; `nil` if it is none of this machine's, or not to be looked at.
    init?(of processID: pid_t) {
        guard let status = Self.text(of: "/proc/\(processID)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let resident = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst()
                .first,
            let kilobytes = Int(resident), let stat = Self.text(of: "/proc/\(processID)/stat"),
            let descriptors = Self.count(in: "/proc/\(processID)/fd")
        else { return nil }
        residentKilobytes = kilobytes
        self.descriptors = descriptors
        // Behind the name in parentheses the 12th and 13th fields are user and system time in ticks.
        let fields = (stat.split(separator: ")").last ?? "").split(separator: " ")
        let ticks = fields.count > 12 ? (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0) : 0
        cpuSeconds = ticks / Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    }

    private static func text(of path: String) -> String? {
        let file = unsafe open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    private static func count(in folder: String) -> Int? {
        guard let handle = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(handle) }
        var count = -2
        while unsafe readdir(handle) != nil { count += 1 }
        return count
    }
}
