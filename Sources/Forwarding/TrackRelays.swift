// Which other loops a track is relayed to, and how much of it is wanted there.
// SPDX-License-Identifier: Apache-2.0

/// The loops that receive a track from the loop of its publisher, 0 to 63.
package struct TrackRelays: Sendable {
    /// How many loops there may be.
    package static let loopsMax = 64

    /// One bit for each loop that receives the track.
    package private(set) var loops: UInt64 = 0
    /// By loop, as far as any has been added: how many layers from the smallest are wanted there.
    private var wanted: [UInt8] = []

    /// Relayed nowhere.
    package init() {}

    /// Whether a loop receives the track.
    package func contains(_ loop: Int) -> Bool {
        (0..<Self.loopsMax).contains(loop) && loops & (1 << UInt64(loop)) != 0
    }

    /// Adds or removes a loop. Of one just added all layers count as wanted until it says which.
    /// - Returns: Whether that changed anything.
    package mutating func set(_ loop: Int, isRelayed: Bool) -> Bool {
        guard (0..<Self.loopsMax).contains(loop), contains(loop) != isRelayed else { return false }
        while wanted.count <= loop { wanted.append(0) }
        loops ^= 1 << UInt64(loop)
        wanted[loop] = isRelayed ? .max : 0
        return true
    }

    /// Takes how many layers from the smallest a loop wants.
    /// - Returns: Whether that is more or less than before.
    package mutating func note(wanted count: UInt8, by loop: Int) -> Bool {
        guard contains(loop), loop < wanted.count, wanted[loop] != count else { return false }
        wanted[loop] = count
        return true
    }

    /// How many layers from the smallest are wanted by any loop; 0: none. O(loops).
    package var layersWanted: UInt8 {
        var most: UInt8 = 0
        for index in wanted.indices { most = max(most, wanted[index]) }
        return most
    }
}
