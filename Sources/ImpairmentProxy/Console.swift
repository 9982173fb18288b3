// Standard input line by line, until the process is told to end.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import MediaIO
import Wire

/// The write end of the pipe that the signal handler writes to.
///
/// `nonisolated(unsafe)`: written once, before the handler is installed, and only read by it afterwards.
nonisolated(unsafe) private var endingDescriptor: CInt = -1

/// Waits for lines, SIGTERM, SIGINT or a time.
struct Console {
    /// The longest control line in bytes; what is longer is thrown away.
    static let lineBytesMax = 1024

    private let ending: CInt

    /// Takes over SIGTERM and SIGINT; once per process.
    init() {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { ProxyMain.fail("no descriptors are left for a pipe") }
        ending = ends[0]
        unsafe endingDescriptor = ends[1]
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in
                let saved = errno
                var byte: UInt8 = 1
                _ = unsafe write(endingDescriptor, &byte, 1)
                errno = saved
            }
        }
    }

    /// Calls `body` for each line until a signal or `end`; the end of the input is not the end.
    func readLines(isListening: Bool, until end: MediaInstant?, _ body: (String) -> Void) {
        var isOpen = isListening
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = end.map { $0 - MonotonicClock.now() }
            if let left, left <= .zero { return }
            let timeout = left.map { Int32(clamping: $0.milliseconds + 1) } ?? -1
            var watched = [
                pollfd(fd: ending, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&watched, 2, timeout) > 0 else { continue }
            if watched[0].revents != 0 { return }
            guard watched[1].revents != 0 else { continue }
            let count = unsafe read(STDIN_FILENO, &chunk, chunk.count)
            guard count > 0 else {
                isOpen = false
                continue
            }
            for byte in chunk.prefix(count) {
                if byte == UInt8(ascii: "\n") {
                    body(String(decoding: pending, as: UTF8.self))
                    pending.removeAll(keepingCapacity: true)
                } else if pending.count < Self.lineBytesMax {
                    pending.append(byte)
                }
            }
        }
    }
}
