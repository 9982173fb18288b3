// The templates of a stream's frames, as a keyframe's dependency descriptor brings them.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A template dependency structure (AOM: RTP Payload Format For AV1, appendix A.8.2), as far as forwarding needs it. Of
/// fixed size; an empty one has no template.
package struct DependencyStructure: Sendable {
    /// How many templates there can be.
    package static let templatesMax = 64
    /// How many decode targets there can be.
    package static let targetsMax = 32
    /// The highest spatial and temporal layers there can be (A.8.3.1).
    private static let spatialMax: UInt8 = 3
    private static let temporalMax: UInt8 = 7

    /// A spatial and a temporal layer.
    struct Place: Sendable {
        var spatial: UInt8 = 0
        var temporal: UInt8 = 0
    }

    /// What frames of one kind have in common.
    struct Template: Sendable {
        var place = Place()
        /// How many frames back it refers: bit 0 is set for one, bit 15 for sixteen.
        var references: UInt16 = 0
        var isSwitchPoint = false

        /// How many frames back it refers at most, 0 to 16.
        var reach: Int { UInt16.bitWidth - references.leadingZeroBitCount }
    }

    private var templates = InlineArray<64, Template>(repeating: Template())
    /// The highest layers that each decode target has.
    private var targets = InlineArray<32, Place>(repeating: Place())
    private var templateCount = 0
    private var firstID = 0
    /// How many decode targets there are, 0 for an empty structure.
    private(set) var targetCount = 0
    /// How large the pictures of the spatial layers are; empty where that is not said.
    package private(set) var sizes = LayerSizes()

    /// No structure.
    package init() {}

    /// Whether a structure was read.
    package var isEmpty: Bool { templateCount == 0 }

    /// The template of a frame; `nil` if there is none by this number.
    func template(_ id: UInt8) -> Template? {
        let place = (Int(id) + Self.templatesMax - firstID) % Self.templatesMax
        return place < templateCount ? templates[place] : nil
    }

    /// Reads a structure from its first bit on; `nil` if it is cut off or contradicts itself.
    static func read(_ cursor: inout BitCursor, in data: Span<UInt8>) -> DependencyStructure? {
        var structure = DependencyStructure()
        guard let first = cursor.bits(6, in: data), let targets = cursor.bits(5, in: data),
            structure.readPlaces(&cursor, in: data)
        else { return nil }
        structure.firstID = Int(first)
        structure.targetCount = Int(targets) + 1
        guard structure.readIndications(&cursor, in: data),
            structure.readDifferences(&cursor, in: data),
            structure.skipChains(&cursor, in: data),
            structure.readSizes(&cursor, in: data)
        else { return nil }
        return structure
    }

    /// `template_layers`: two bits behind each template say where the next one is.
    private mutating func readPlaces(_ cursor: inout BitCursor, in data: Span<UInt8>) -> Bool {
        var place = Place()
        while templateCount < Self.templatesMax {
            templates[templateCount].place = place
            templateCount += 1
            switch cursor.bits(2, in: data) {
            case 0: break
            case 1: place.temporal += 1
            case 2: place = Place(spatial: place.spatial + 1)
            case 3: return true
            default: return false
            }
            guard place.spatial <= Self.spatialMax, place.temporal <= Self.temporalMax else {
                return false
            }
        }
        return false
    }

    /// `template_dtis`: read twice, since which layers a decode target has is known only after all of them.
    private mutating func readIndications(_ cursor: inout BitCursor, in data: Span<UInt8>) -> Bool {
        var again = cursor
        for number in 0..<templateCount {
            let place = templates[number].place
            for target in 0..<targetCount {
                guard let indication = cursor.bits(2, in: data) else { return false }
                guard indication != 0 else { continue }
                targets[target].spatial = max(targets[target].spatial, place.spatial)
                targets[target].temporal = max(targets[target].temporal, place.temporal)
            }
        }
        for number in 0..<templateCount {
            let place = templates[number].place
            guard let isSwitch = readIndications(&again, of: place, in: data) else { return false }
            templates[number].isSwitchPoint = isSwitch
        }
        return true
    }

    /// Reads one frame's indications.
    /// - Returns: Whether it is a "switch" (2) for all decode targets of its spatial and of higher temporal layers;
    ///   `nil` if they are cut off.
    func readIndications(
        _ cursor: inout BitCursor, of place: Place, in data: Span<UInt8>
    ) -> Bool? {
        var isSwitch = true
        for target in 0..<targetCount {
            guard let indication = cursor.bits(2, in: data) else { return nil }
            let isHigher =
                targets[target].spatial == place.spatial
                && targets[target].temporal > place.temporal
            if isHigher, indication != 2 { isSwitch = false }
        }
        return isSwitch
    }

    /// `template_fdiffs`: a bit for each that follows, then four bits of it less one.
    private mutating func readDifferences(_ cursor: inout BitCursor, in data: Span<UInt8>) -> Bool {
        for number in 0..<templateCount {
            while true {
                guard let follows = cursor.bits(1, in: data) else { return false }
                if follows == 0 { break }
                guard let lessOne = cursor.bits(4, in: data) else { return false }
                templates[number].references |= 1 << UInt16(lessOne)
            }
        }
        return true
    }

    /// `template_chains`: forwarding whole layers keeps every chain, so they are passed over.
    private mutating func skipChains(_ cursor: inout BitCursor, in data: Span<UInt8>) -> Bool {
        guard let chains = cursor.number(below: targetCount + 1, in: data) else { return false }
        guard chains > 0 else { return true }
        for _ in 0..<targetCount {
            guard cursor.number(below: chains, in: data) != nil else { return false }
        }
        for _ in 0..<templateCount * chains {
            guard cursor.bits(4, in: data) != nil else { return false }
        }
        return true
    }

    /// `render_resolutions`: for each spatial layer its extent less one.
    private mutating func readSizes(_ cursor: inout BitCursor, in data: Span<UInt8>) -> Bool {
        guard let areThere = cursor.bits(1, in: data) else { return false }
        guard areThere == 1 else { return true }
        for _ in 0...Int(templates[templateCount - 1].place.spatial) {
            guard let width = cursor.bits(16, in: data), let height = cursor.bits(16, in: data)
            else { return false }
            sizes.append(
                PictureSize(
                    width: UInt16(min(width + 1, 65_535)), height: UInt16(min(height + 1, 65_535))))
        }
        return true
    }
}
