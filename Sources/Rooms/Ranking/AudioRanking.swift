// Who is heard in a room where only the loudest few are.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The publishers whose microphones are heard, and how loud everybody was last.
///
/// A place that is free is taken by whoever publishes; later only by somebody clearly louder, so that
/// two voices of one loudness do not take it from each other.
struct AudioRanking: Sendable {
    /// How much louder than the quietest who is heard somebody must be to take its place, in dB.
    static let leadDecibels: UInt8 = 6
    /// Levels from this on are no voice (-dBov).
    static let silence: UInt8 = 70
    /// How much quieter somebody counts at most from one report to the next, in dB: whoever is heard keeps its
    /// place over a pause for breath.
    static let decayDecibels: UInt8 = 10
    /// How long after somebody took a place by beginning to speak the next may.
    static let voiceInterval = MediaDuration.milliseconds(100)

    /// The numbers of those who are heard, sorted.
    private(set) var heard: [UInt64] = []
    /// How loud each was last and counts as, by number, sorted by number.
    private var levels: [(number: UInt64, latest: UInt8, level: UInt8)] = []
    /// Whether anything has changed since `rank` was last called.
    private(set) var isStale = false

    /// Takes note that somebody publishes a microphone, or does no longer.
    mutating func noteChange() { isStale = true }

    /// Takes note of how loud somebody is, in -dBov, 0 to 127.
    mutating func note(_ number: UInt64, level: UInt8) {
        isStale = true
        if let index = levels.firstIndex(where: { $0.number == number }) {
            levels[index].latest = level
            levels[index].level = min(level, levels[index].level)
        } else {
            levels.append((number, level, level))
            levels.sort { $0.number < $1.number }
        }
    }

    /// Lets those who fell quiet count for less, once all levels of a report are noted.
    mutating func endReport() {
        for index in levels.indices {
            let held = levels[index].level + Self.decayDecibels
            levels[index].level = min(levels[index].latest, held)
        }
    }

    /// Chooses anew. O(publishers x places).
    /// - Parameters:
    ///   - publishers: Those who publish a microphone, sorted by number.
    ///   - places: How many are heard, at least 1.
    /// - Returns: Those who are heard now and were not, or the other way round.
    mutating func rank(_ publishers: [UInt64], places: Int) -> [UInt64] {
        isStale = false
        let before = heard
        levels.removeAll { entry in !publishers.contains(entry.number) }
        heard.removeAll { !publishers.contains($0) }
        if heard.count > places { heard.removeLast(heard.count - places) }
        while heard.count < places, let next = loudest(of: publishers) { take(next) }
        // Each turn makes the quietest place louder, so this ends.
        while let next = loudest(of: publishers), let quietest = quietestHeard,
            level(of: next) < Self.silence,
            Int(level(of: next)) + Int(Self.leadDecibels) <= Int(level(of: quietest))
        {
            heard.removeAll { $0 == quietest }
            take(next)
        }
        return before.filter { !heard.contains($0) } + heard.filter { !before.contains($0) }
    }

    private mutating func take(_ number: UInt64) {
        heard.append(number)
        heard.sort()
    }

    private func level(of number: UInt64) -> UInt8 {
        levels.first { $0.number == number }?.level ?? 127
    }

    /// The loudest who is not heard; of equals who came first.
    private func loudest(of publishers: [UInt64]) -> UInt64? {
        publishers.filter { !heard.contains($0) }.min { left, right in
            (level(of: left), left) < (level(of: right), right)
        }
    }

    /// The quietest who is heard; of equals who came last.
    private var quietestHeard: UInt64? {
        heard.max { left, right in (level(of: left), left) < (level(of: right), right) }
    }
}
