// The settings of both directions, and their names on command lines and in live control.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Why a setting was not taken.
package enum ImpairmentSettingError: Error, Equatable, Sendable {
    /// There is no setting of this name.
    case unknown(String)
    /// The value is not a number in the setting's range.
    case invalid(name: String, value: String)
}

/// Both directions between clients and a server: up is towards the server.
package struct ImpairmentPlan: Sendable, Equatable {
    /// Towards the server.
    package var up = LinkSettings()
    /// Towards the clients.
    package var down = LinkSettings()

    /// Two perfect links.
    package init() {}

    /// The names `set` knows, each also with `up-` or `down-` before it, and what they mean.
    package static let names: [(name: String, meaning: String)] = [
        ("loss", "chance of loss, 0 to 1"),
        ("burst-enter", "chance that the link turns bad, 0 to 1; 0 ends bursts"),
        ("burst-leave", "chance that a bad link turns good, 0 to 1 (0.25)"),
        ("burst-loss", "chance of loss while it is bad, 0 to 1 (1)"),
        ("delay-ms", "delay of everything"),
        ("jitter-ms", "most that is added to the delay at random"),
        ("reorder", "chance that a datagram is overtaken, 0 to 1"),
        ("reorder-ms", "how much later it then arrives (20)"),
        ("duplicate", "chance that a datagram arrives twice, 0 to 1"),
        ("rate-kbps", "bottleneck; 0: none"),
        ("queue-ms", "longest wait before the bottleneck (300)"),
        ("video-delay-ms", "delay added to RTP that is not of a browser's audio"),
        ("blackout-for-s", "nothing passes for so long, from now or from blackout-at-s on"),
        ("blackout-at-s", "when the blackout begins, from now; say it before blackout-for-s"),
    ]

    /// Whether `set` knows this name.
    package static func knows(_ name: String) -> Bool {
        let (base, _) = split(name)
        return names.contains { $0.name == base }
    }

    /// Changes one setting, in both directions unless the name begins with `up-` or `down-`.
    package mutating func set(
        _ name: String, to value: String, at now: MediaInstant
    ) throws(ImpairmentSettingError) {
        let (base, direction) = Self.split(name)
        guard Self.names.contains(where: { $0.name == base }) else { throw .unknown(name) }
        guard let number = Double(value), number.isFinite, number >= 0, number <= 1e9 else {
            throw .invalid(name: name, value: value)
        }
        var (newUp, newDown) = (up, down)
        let isGood =
            (direction == .down || newUp.set(base, to: number, at: now))
            && (direction == .up || newDown.set(base, to: number, at: now))
        guard isGood else { throw .invalid(name: name, value: value) }
        (up, down) = (newUp, newDown)
    }

    private enum Direction { case up, down, both }

    private static func split(_ name: String) -> (base: String, direction: Direction) {
        if name.hasPrefix("up-") { return (String(name.dropFirst(3)), .up) }
        if name.hasPrefix("down-") { return (String(name.dropFirst(5)), .down) }
        return (name, .both)
    }
}

extension LinkSettings {
    /// Changes one setting; false if the number is outside its range. The name is a known one, the number
    /// 0 to 1e9.
    fileprivate mutating func set(_ name: String, to number: Double, at now: MediaInstant) -> Bool {
        let milliseconds = MediaDuration(nanoseconds: Int64(number * 1e6))
        let seconds = MediaDuration(nanoseconds: Int64(number * 1e9))
        switch name {
        case "delay-ms": delay = milliseconds
        case "jitter-ms": jitter = milliseconds
        case "reorder-ms": reorderDelay = milliseconds
        case "queue-ms": queueDelayMax = milliseconds
        case "video-delay-ms": videoDelay = milliseconds
        case "rate-kbps": bitsPerSecond = Int64(number * 1000)
        case "blackout-at-s":
            let length = blackout.map { $0.upperBound - $0.lowerBound } ?? .zero
            blackout = (now + seconds)..<(now + seconds + length)
        case "blackout-for-s":
            // A planned blackout keeps its beginning; otherwise it begins now.
            let start = max(blackout?.lowerBound ?? now, now)
            blackout = start..<(start + seconds)
        default: return setChance(name, to: number)
        }
        return true
    }

    private mutating func setChance(_ name: String, to chance: Double) -> Bool {
        guard chance <= 1 else { return false }
        var burst = self.burst ?? BurstLoss(enter: 0, leave: 0.25)
        switch name {
        case "loss": loss = chance
        case "reorder": reorder = chance
        case "duplicate": duplicate = chance
        case "burst-enter": burst.enter = chance
        case "burst-leave": burst.leave = chance
        case "burst-loss": burst.lossWhileBad = chance
        default: return false
        }
        if name.hasPrefix("burst-") {
            self.burst = name == "burst-enter" && chance == 0 ? nil : burst
        }
        return true
    }
}
