// A room's own options over what holds for all rooms.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
import Wire

extension RoomConfiguration {
    /// The longest time that may be asked for, in seconds.
    package static let optionSecondsMax: Int64 = 24 * 3600

    /// This configuration with what `options` says.
    /// - Throws: `.invalidArgument`, naming the option that is out of its range. A room's bound on
    ///   members and tracks may be lower than the server's, never higher.
    package func applying(_ options: RoomOptions) throws(SignalingError) -> RoomConfiguration {
        var changed = self
        changed.emptyTimeout = try time(options.emptySeconds, "emptySeconds") ?? emptyTimeout
        changed.departureTimeout =
            try time(options.departureSeconds, "departureSeconds") ?? departureTimeout
        if let resume = try time(options.resumeSeconds, "resumeSeconds") {
            changed.resumeTimeout = resume == .zero ? nil : resume
        }
        changed.profile = options.profile ?? profile
        changed.showsAudience = options.showsAudience ?? showsAudience
        changed.duplicates =
            options.refusesDuplicates.map { $0 ? .reject : .replace } ?? duplicates
        changed.metadata = options.metadata ?? metadata
        changed.participantsMax =
            try checked(
                options.participantsMax, 1...max(participantsMax, 1), "participantsMax")
            ?? participantsMax
        if let places = try checked(options.audioRanking, 0...32, "audioRanking") {
            changed.audioRanking = places == 0 ? nil : places
        }
        changed.tracksPerParticipantMax =
            try checked(
                options.tracksPerParticipantMax, 0...max(tracksPerParticipantMax, 0),
                "tracksPerParticipantMax") ?? tracksPerParticipantMax
        changed.data = try data.applying(options)
        return changed
    }

    private func time(_ seconds: Int64?, _ name: String) throws(SignalingError) -> MediaDuration? {
        guard let seconds = try checked(seconds, 0...Self.optionSecondsMax, name) else {
            return nil
        }
        return .seconds(seconds)
    }
}

extension DataLimits {
    /// These limits with what `options` says.
    fileprivate func applying(_ options: RoomOptions) throws(SignalingError) -> DataLimits {
        var changed = self
        changed.streamsPerUser =
            try checked(
                options.dataStreamsPerUser, 0...100, "dataStreamsPerUser") ?? streamsPerUser
        // Base64 of it must fit into a message.
        changed.packetBytesMax =
            try checked(
                options.dataPacketBytesMax, 1...32_768, "dataPacketBytesMax") ?? packetBytesMax
        func rate(_ value: Int64?, _ name: String) throws(SignalingError) -> RateLimit? {
            guard let value = try checked(value, 1...1_000_000_000, name) else { return nil }
            return RateLimit(burst: value, perSecond: value)
        }
        changed.packets = try rate(options.dataPacketsPerSecond, "dataPacketsPerSecond") ?? packets
        changed.bytes = try rate(options.dataBytesPerSecond, "dataBytesPerSecond") ?? bytes
        changed.roomPackets =
            try rate(options.roomDataPacketsPerSecond, "roomDataPacketsPerSecond") ?? roomPackets
        return changed
    }
}

/// The value if it is within its range or absent.
private func checked<Value: Comparable>(
    _ value: Value?, _ range: ClosedRange<Value>, _ name: String
) throws(SignalingError) -> Value? {
    guard let value else { return nil }
    guard range.contains(value) else {
        throw SignalingError(
            .invalidArgument,
            detail: "`\(name)` must be \(range.lowerBound) to \(range.upperBound).")
    }
    return value
}
