// That a dependency descriptor can be given one reference more, and says all else as before.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Payloads

@Suite struct AmendedDescriptorTests {
    private static func bits(_ text: String) -> [UInt8] {
        let digits = text.filter { $0 != " " }.map { $0 == "1" ? UInt8(1) : 0 }
        return stride(from: 0, to: digits.count, by: 8).map { start in
            (start..<(start + 8)).reduce(UInt8(0)) {
                $0 << 1 | ($1 < digits.count ? digits[$1] : 0)
            }
        }
    }

    /// Templates of one place, which refer to nothing, to 12 frames back, to 3 and 16, and to 1; two targets, no chain.
    private var structure: DependencyStructure {
        var structure = DependencyStructure()
        let data = Self.bits(
            "10 000000 0000000000000000 10000 000000 00001 00 00 00 11 1010 1010 1010 1010"
                + " 0  1 1011 0  1 0010 1 1111 0  1 0000 0  00 0")
        _ = DependencyDescriptor.parse(data.span, structure: &structure)
        return structure
    }

    private func amended(_ text: String) -> [UInt8]? {
        amended(Self.bits(text))
    }

    private func amended(_ data: [UInt8]) -> [UInt8]? {
        AmendedDescriptor(data.span, by: structure)?.span.copied()
    }

    @Test func aTemplatesReferencesBecomeItsOwn() {
        let one = "01 0000 00"
        #expect(
            amended("10 000001 0000000000000111")
                == Self.bits("10 000001 0000000000000111 00010 01 1011" + one))
        #expect(
            amended("11 000010 0000000000000111")
                == Self.bits("11 000010 0000000000000111 00010 01 0010 01 1111" + one))
        #expect(
            amended("11 000000 0000000000000111")
                == Self.bits("11 000000 0000000000000111 00010" + one))
    }

    @Test func whatStandsBesideReferencesIsKept() {
        // Active targets, indications, a reference of twelve bits, a chain's difference.
        #expect(
            amended("10 000001 0000000000000111 01111 10 1001 11 000100101011 00 11110001")
                == Self.bits(
                    "10 000001 0000000000000111 01111 10 1001 11 000100101011 01 0000 00 11110001"))
        #expect(
            amended("10 000001 0000000000000111 01001 01 11110001")
                == Self.bits("10 000001 0000000000000111 01011 01 01 1011 01 0000 00 11110001"))
    }

    @Test func whoeverRefersToTheLastIsLeftAlone() {
        #expect(amended("10 000011 0000000000000111") == nil)
        #expect(amended("10 000001 0000000000000111 00010 01 0000 00") == nil)
        // Amended once.
        let once = amended("10 000001 0000000000000111")
        #expect(once.flatMap { amended($0) } == nil && once != nil)
    }

    @Test func whatCannotBeReadIsLeftAlone() {
        // No such template, too many references, an end within, a structure, too long.
        #expect(amended("10 000100 0000000000000111") == nil)
        let many = String(repeating: "01 0010", count: 5)
        #expect(amended("10 000001 0000000000000111 00010" + many + "00") == nil)
        #expect(amended("10 000001 0000000000000111 00010 11") == nil)
        #expect(amended("10 000001 0000000000000111 01000") != nil)
        #expect(amended("10 000001 0000000000000111 10000") == nil)
        #expect(amended([0x81, 0, 7, 0] + [UInt8](repeating: 0, count: 45)) == nil)
        #expect(amended([0x81, 0]) == nil)
        #expect(amended([UInt8]()) == nil)
        // As much as fits.
        let long = [0x81, 0, 7, 0x08] + [UInt8](repeating: 0xFF, count: 44)
        #expect((amended(long)?.count ?? 0) <= 64)
    }
}
