// That a server's process is found, and what it took is read, from what the kernel shows.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import LoadGenerator

@Suite struct ListeningProcessTests {
    /// As Linux 6 writes it: a listener at 7880, one at 22, and a connection of 7880.
    private static let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1EC8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 8123 1 0000 100 0 0 10 0
           1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9001 1 0000 100 0 0 10 0
           2: 0100007F:1EC8 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 8200 1 0000 20 4 30 10 -1
        """

    @Test func listenersAreKnownByPortAndState() {
        #expect(ListeningProcess.inodes(listeningAt: 7_880, in: Self.table) == [8_123])
        #expect(ListeningProcess.inodes(listeningAt: 22, in: Self.table) == [9_001])
        #expect(ListeningProcess.inodes(listeningAt: 80, in: Self.table).isEmpty)
        #expect(ListeningProcess.inodes(listeningAt: 80, in: "a\nb c d 0A e f g h i j").isEmpty)
    }

    @Test func thisProcessIsFoundByItsListener() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        // Without a binding the kernel chooses a port.
        try #require(listen(listener, 1) == 0)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(listener, $0, &size)
            }
        }
        try #require(named == 0)
        let port = Int(UInt16(bigEndian: address.sin_port))
        #expect(ListeningProcess.id(port: port) == getpid())
        let figures = try #require(ProcessFigures.of(getpid()))
        #expect(figures.cpuSeconds > 0 && figures.residentBytes > 1 << 20)
    }

    @Test func aProcessMayBeNamedAnything() throws {
        let stat = "9 (a) S 1 (b c) R 1 9 9 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 100 1 1\n"
        let figures = try #require(
            ProcessFigures(
                stat: stat, statm: "1000 300 20 1 0 99 0\n", ticksPerSecond: 100, pageBytes: 4_096))
        #expect(figures == ProcessFigures(cpuSeconds: 3, residentBytes: 1_228_800))
        for bad in ["", "1 (x", "1 (x) S 1 2 3", "1 (x) S 1 9 9 0 -1 4 1 0 0 0 a b"] {
            #expect(
                ProcessFigures(stat: bad, statm: "1 1", ticksPerSecond: 100, pageBytes: 1) == nil)
        }
        #expect(
            ProcessFigures(stat: stat, statm: "9", ticksPerSecond: 100, pageBytes: 1) == nil)
    }

    @Test func aMachineTellsWhatItsProcessesUsed() throws {
        let stat = "cpu  1000 50 450 9000 10 0 77 0 0 0\ncpu0 1 1 1 1\n"
        #expect(MachineFigures.cpuSeconds(stat: stat, ticksPerSecond: 100) == 15)
        for bad in ["", "cpu 1 2", "cpu a b c d", "intr 1 2 3 4"] {
            #expect(MachineFigures.cpuSeconds(stat: bad, ticksPerSecond: 100) == nil)
        }
        #expect(try #require(MachineFigures.cpuSeconds()) > 0)
    }

    @Test func theLimitOfDescriptorsIsNoLowerThanBefore() {
        let limit = DescriptorLimit.raise(to: 1)
        #expect(DescriptorLimit.raise(to: limit) == limit)
        #expect(DescriptorLimit.raise(to: Int.max) >= limit)
    }
}
