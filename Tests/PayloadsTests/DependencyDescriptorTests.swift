// What dependency descriptors say, on bits written after the specification and on damaged ones.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Payloads

/// Bytes from bits as text; spaces are left out, and the last byte filled up with zeros.
private func bits(_ text: String) -> [UInt8] {
    let digits = text.filter { $0 == "0" || $0 == "1" }.map { $0 == "1" ? UInt8(1) : 0 }
    return stride(from: 0, to: digits.count, by: 8).map { start in
        (start..<(start + 8)).reduce(UInt8(0)) { $0 << 1 | ($1 < digits.count ? digits[$1] : 0) }
    }
}

private func parse(
    _ data: [UInt8], _ structure: inout DependencyStructure
) -> DependencyDescriptor? {
    DependencyDescriptor.parse(data.span, structure: &structure)
}

@Suite struct DependencyDescriptorTests {
    /// Two temporal layers: a keyframe (template 62), the base (63) and the layer above (0), two decode targets, one
    /// chain, 320x180.
    static let structure =
        "10 111110 0000000000000111  10000  111110 00001  00 01 11"
        + "1010 1010 0001  0 100010 100000  10 0000 0010 0001  1 0000000100111111 0000000010110011"

    @Test func aStructureIsReadAndKept() throws {
        var structure = DependencyStructure()
        let data = bits(Self.structure)
        let key = try #require(parse(data, &structure))
        #expect(key.isStartOfFrame && !key.isEndOfFrame && key.hasTemplateStructure)
        #expect(key.frameNumber == 7 && key.templateID == 62)
        #expect(key.spatial == 0 && key.temporal == 0 && key.reach == 0 && key.isSwitchPoint)
        #expect(structure.targetCount == 2)
        #expect(structure.sizes.count == 1)
        #expect(structure.sizes.largest == PictureSize(width: 320, height: 180))
        // Three bytes say the rest by their template, whose numbers wrap.
        let base = try #require(parse(bytes("FF 00 08"), &structure))
        #expect(base.isStartOfFrame && base.isEndOfFrame && !base.hasTemplateStructure)
        #expect(base.temporal == 0 && base.reach == 2 && base.isSwitchPoint)
        let upper = try #require(parse(bytes("40 FF FF"), &structure))
        #expect(!upper.isStartOfFrame && upper.frameNumber == 65_535)
        #expect(upper.temporal == 1 && upper.reach == 1)
        // There is no fourth template.
        #expect(parse(bytes("41 FF FF"), &structure) == nil)
    }

    @Test func whatAFrameHasOfItsOwnGoesBeforeItsTemplate() throws {
        var structure = DependencyStructure()
        _ = parse(bits(Self.structure), &structure)
        // The base with active targets, indications "switch" and "required", differences 3 and 300, and a chain's.
        let data = bits(
            "11 111111 0000000000001000  01111  11  1011  01 0010 11 000100101011 00  00000011")
        let frame = try #require(parse(data, &structure))
        #expect(frame.temporal == 0 && frame.reach == 300 && !frame.isSwitchPoint)
    }

    @Test func layersOfBothKindsAreFoundInTheirOrder() throws {
        // Three templates: (0,0), (0,1), (1,0); two decode targets, no chain, no sizes.
        var structure = DependencyStructure()
        let head = "10 000000 0000000000000000  10000  000000 00001  01 10 11"
        let data = bits(head + "1011 1000 0010  0 0 0  0 0")
        _ = try #require(parse(data, &structure))
        for (template, place) in [(0, (0, 0)), (1, (0, 1)), (2, (1, 0))] {
            let frame = try #require(parse([UInt8(template), 0, 0], &structure))
            #expect(Int(frame.spatial) == place.0 && Int(frame.temporal) == place.1)
        }
        #expect(structure.sizes.count == 0)
    }

    @Test func withoutAStructureNothingIsKnown() {
        var structure = DependencyStructure()
        #expect(structure.isEmpty)
        #expect(parse(bytes("C0 00 01"), &structure) == nil)
        #expect(parse(bytes("C0 00"), &structure) == nil)
        #expect(parse([], &structure) == nil)
    }

    @Test func whatContradictsItselfIsRefusedAndChangesNothing() {
        var structure = DependencyStructure()
        _ = parse(bits(Self.structure), &structure)
        let head = "10 000000 0000000000000000  10000  000000 00000 "
        let long = String(repeating: "11", count: 400)
        for text in [
            // A fifth spatial layer, a ninth temporal one, templates without end.
            head + "10 10 10 10 11" + long, head + String(repeating: "01", count: 8) + long,
            head + String(repeating: "00", count: 64) + long,
            // A template of its own that the structure does not have.
            "10 000101 0000000000000000  10000  000000 00000  11 10 0 0 0",
        ] {
            #expect(parse(Array(bits(text).prefix(200)), &structure) == nil, "\(text)")
            #expect(structure.targetCount == 2)
        }
        #expect(parse([UInt8](repeating: 0, count: 201), &structure) == nil)
    }

    @Test func everyTruncationIsRefused() {
        let data = bits(Self.structure)
        for count in 0..<data.count {
            var structure = DependencyStructure()
            #expect(parse(Array(data.prefix(count)), &structure) == nil)
            #expect(structure.isEmpty)
        }
    }

    @Test func noBytesStopIt() {
        var random = SeededRandom(seed: 11)
        var structure = DependencyStructure()
        for _ in 0..<4_000 {
            var data = bits(Self.structure)
            for _ in 0..<(1 + random.next() % 4) {
                data[Int(random.next() % UInt64(data.count))] = UInt8(random.next() & 0xFF)
            }
            if let frame = parse(data, &structure) {
                #expect(frame.spatial <= 3 && frame.temporal <= 7)
            }
        }
    }

    @Test func numbersBelowALimitAreReadAsTheyAreWritten() {
        // A.8.1: for n = 5 the values 0 to 4 are 00, 01, 10, 110, 111.
        for (value, text) in ["00", "01", "10", "110", "111"].enumerated() {
            let data = bits(text)
            var cursor = BitCursor(offset: 0)
            #expect(cursor.number(below: 5, in: data.span) == value)
        }
        let nothing: [UInt8] = []
        var cursor = BitCursor(offset: 0)
        #expect(cursor.number(below: 1, in: nothing.span) == 0)
        #expect(cursor.number(below: 2, in: nothing.span) == nil)
    }
}
