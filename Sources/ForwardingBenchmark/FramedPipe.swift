// Short messages between the server's process and the load's.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Two ends of pipes that carry texts, each behind its length in four bytes.
struct FramedPipe {
    /// The longest message, in bytes: an offer or answer of many sections.
    static let messageMax = 4 << 20

    let input: Int32
    let output: Int32

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        let count = UInt32(bytes.count)
        try write([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) })
        try write(bytes)
    }

    func receive() throws -> String {
        let head = try read(4)
        let count = head.reduce(0) { $0 << 8 | Int($1) }
        guard count <= Self.messageMax else { throw BenchmarkFailure("a message is too long") }
        return String(decoding: try read(count), as: UTF8.self)
    }

    /// Asks the other side for something: a word, and on the next lines what belongs to it.
    /// - Returns: What it answers.
    /// - Throws: Why it could not do it.
    func ask(_ word: String, _ rest: String = "") throws -> String {
        try send("\(word)\n\(rest)")
        let (result, text) = Self.split(try receive())
        guard result == "ok" else { throw BenchmarkFailure("the load says: \(text)") }
        return text
    }

    /// The first line of a message, and the rest.
    static func split(_ text: String) -> (word: String, rest: String) {
        guard let end = text.utf8.firstIndex(of: 10) else { return (text, "") }
        return (String(text[..<end]), String(text[text.utf8.index(after: end)...]))
    }

    private func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes { rest in
                unsafe Glibc.write(output, rest.baseAddress, rest.count)
            }
            guard count > 0 else { throw BenchmarkFailure("the other process is gone") }
            done += count
        }
    }

    private func read(_ wanted: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: wanted)
        var done = 0
        while done < wanted {
            let count = unsafe bytes[done...].withUnsafeMutableBytes { rest in
                unsafe Glibc.read(input, rest.baseAddress, rest.count)
            }
            guard count > 0 else { throw BenchmarkFailure("the other process is gone") }
            done += count
        }
        return bytes
    }
}

/// This program once more, as the load.
struct LoadProcess {
    let pipe: FramedPipe
    private let process: pid_t

    /// Starts it with the same options.
    init(arguments: [String]) throws {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard unsafe Glibc.pipe(&toChild) == 0, unsafe Glibc.pipe(&fromChild) == 0 else {
            throw BenchmarkFailure("no pipe")
        }
        // Else a later process of the load would hold these open, and this one never end.
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
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
        for word in ["martlet-benchmark", "--as-load"] + arguments {
            unsafe words.append(strdup(word))
        }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var started: pid_t = 0
        let result = unsafe posix_spawn(
            &started, "/proc/self/exe", &actions, nil, &words, environ)
        guard result == 0 else { throw BenchmarkFailure("the load does not start (\(result))") }
        close(toChild[0])
        close(fromChild[1])
        process = started
        pipe = FramedPipe(input: fromChild[0], output: toChild[1])
    }

    /// Lets it end and waits for it.
    func stop() {
        close(pipe.output)
        close(pipe.input)
        var status: Int32 = 0
        _ = unsafe waitpid(process, &status, 0)
    }
}
