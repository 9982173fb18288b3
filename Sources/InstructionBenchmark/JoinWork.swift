// What a join costs the server, part by part: its message, its offer, the room it enters, and the handshake.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import Glibc

/// A part of joining that is counted by itself.
enum JoinPart: String {
    /// Reading the request: JSON, with the offer as text or deflated.
    case message
    /// Answering the offer: inflating it, reading SDP, choosing, writing SDP.
    case offer
    /// Entering an empty room, and writing the reply.
    case room
    /// ICE, DTLS and the keys of SRTP, until media may flow.
    case handshake
}

/// What was counted.
struct JoinCounts {
    var joins = 0
    var nanoseconds: UInt64 = 0
    var allocations: UInt64 = 0

    /// One object on one line, as of packets: `forwarded` are the joins.
    var json: String {
        """
        {"received": \(joins), "forwarded": \(joins), "transmissions": 0, "turns": \(joins), "dropped": 0, \
        "allocations": \(allocations), "microseconds": \(Double(nanoseconds / 100) / 10)}
        """
    }

    /// Counts one part, after a few joins to warm up.
    static func measure(_ part: JoinPart, _ options: InstructionOptions) throws -> JoinCounts {
        switch part {
        case .handshake:
            var work = HandshakeWork(profile: options.profile)
            for _ in 0..<8 { try work.join() }
            work.counts = JoinCounts()
            for _ in 0..<options.joins { try work.join() }
            return work.counts
        case .message, .offer, .room:
            var work = try SignalingWork(message: try file(options.message))
            for _ in 0..<8 { try work.join(part) }
            work.counts = JoinCounts()
            for _ in 0..<options.joins { try work.join(part) }
            return work.counts
        }
    }

    private static func file(_ path: String) throws -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else {
            throw InstructionFailure("no file \(path)")
        }
        defer { unsafe fclose(file) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
            unsafe count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        return bytes
    }
}

/// Counts what the thread does between its making and `stop`.
struct Meter {
    private let start: UInt64

    init() {
        allocation_counter_start()
        start = Self.threadNanoseconds
    }

    /// Adds what was counted.
    func stop(_ counts: inout JoinCounts) {
        counts.nanoseconds += Self.threadNanoseconds - start
        counts.allocations += allocation_counter_stop().allocations
    }

    /// The thread's own time on the processor.
    private static var threadNanoseconds: UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
