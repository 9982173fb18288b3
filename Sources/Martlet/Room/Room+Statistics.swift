// What is known of a session, of its link and of the machine (rows N01 to N07).
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Glibc
import Signaling

/// A session as a whole (row N05).
public struct SessionStatistics: Sendable, Equatable, Codable {
    /// Since it was joined; zero outside a room.
    public var duration = Duration.zero
    /// Everybody in the room, oneself included; 0 outside a room.
    public var participants = 0
    /// Bytes of media received.
    public var bytesReceived: UInt64 = 0
    /// Bytes of media sent.
    public var bytesSent: UInt64 = 0

    /// Nothing known.
    public init() {}
}

/// What this process takes of the machine (row N06).
public struct SystemStatistics: Sendable, Equatable {
    /// CPU time of the process, the kernel's for it included.
    public var cpuTime = Duration.zero
    /// The most resident memory so far, in bytes.
    public var residentBytes: UInt64 = 0

    /// Nothing known.
    public init() {}
}

extension Room {
    /// The session as a whole, as of now.
    public var sessionStatistics: SessionStatistics {
        get async {
            if let engine { return await engine.sessionStatistics }
            var statistics = SessionStatistics()
            guard let link = try? linked() else { return statistics }
            let state = await link.session.state
            guard state.phase != .disconnected, let joinedAt else { return statistics }
            let transport = await link.media.transportStatistics
            statistics.duration = ContinuousClock.now - joinedAt
            statistics.participants = state.roster.participants.count + 1
            statistics.bytesReceived = transport.bytesReceived
            statistics.bytesSent = transport.bytesSent
            return statistics
        }
    }

    /// What this process takes of the machine, as of now.
    public nonisolated var systemStatistics: SystemStatistics {
        var statistics = SystemStatistics()
        var usage = rusage()
        // The structure is that of a variable that lives as long as the call.
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else {
            return statistics
        }
        func duration(_ time: timeval) -> Duration {
            .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
        }
        statistics.cpuTime = duration(usage.ru_utime) + duration(usage.ru_stime)
        // The largest it was, in kilobytes.
        statistics.residentBytes = UInt64(max(0, usage.ru_maxrss)) * 1_024
        return statistics
    }
}
