// What is known of a session, of its link and of the machine (rows N01 to N07).
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess
import ClientIO
import ClientSession
import Glibc
import Signaling
import Synchronization

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

/// What this process takes of the machine, and with it the one that carries an isolated room (row N06).
public struct SystemStatistics: Sendable, Equatable {
    /// CPU time of both, the kernel's for them included.
    public var cpuTime = Duration.zero
    /// The most resident memory that each had so far, together, in bytes; memory that they share counts twice.
    public var residentBytes: UInt64 = 0
    /// What of it is the engine's; zero where no process carries the room now. A process that has ended is not counted any more.
    public var engineCPUTime = Duration.zero
    /// What of it is the engine's, in bytes.
    public var engineResidentBytes: UInt64 = 0

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

    /// What this process and the room's engine take of the machine, as of now.
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
        if let process = engine?.carrier.withLock({ $0 }) {
            var (microseconds, bytes): (Int64, Int64) = (0, 0)
            // The numbers are variables that live as long as the call.
            guard unsafe martlet_engine_figures(process, &microseconds, &bytes) == 0 else {
                return statistics
            }
            statistics.engineCPUTime = .microseconds(microseconds)
            statistics.engineResidentBytes = UInt64(max(0, bytes))
            statistics.cpuTime += statistics.engineCPUTime
            statistics.residentBytes += statistics.engineResidentBytes
        }
        return statistics
    }
}
