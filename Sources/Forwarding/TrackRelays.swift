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
    /// By loop, as far as any has been added: what can be borne there of the smallest size.
    private var needs: [RateNeed?] = []

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
        while wanted.count <= loop {
            wanted.append(0)
            needs.append(nil)
        }
        loops ^= 1 << UInt64(loop)
        wanted[loop] = isRelayed ? .max : 0
        needs[loop] = nil
        return true
    }

    /// Takes how many layers from the smallest a loop wants, and what can be borne there of the smallest (`nil`:
    /// nobody is held to it).
    /// - Returns: Whether more or fewer layers are wanted than before, or somebody begins to do without.
    package mutating func note(wanted count: UInt8, need: RateNeed?, by loop: Int) -> Bool {
        guard contains(loop), loop < wanted.count else { return false }
        let isNews =
            wanted[loop] != count || (need?.isMissed == true && needs[loop]?.isMissed != true)
        wanted[loop] = count
        needs[loop] = need
        return isNews
    }

    /// What can be borne of the smallest size on all loops together; `nil`: nobody is held to it. O(loops).
    package func need(by rule: RateNeed.Rule) -> RateNeed? {
        var need: RateNeed?
        for index in needs.indices { need = RateNeed.joined(need, needs[index], by: rule) }
        return need
    }

    /// How many layers from the smallest are wanted by any loop; 0: none. O(loops).
    package var layersWanted: UInt8 {
        var most: UInt8 = 0
        for index in wanted.indices { most = max(most, wanted[index]) }
        return most
    }
}
