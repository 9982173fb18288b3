// That the numbers of the last packets are remembered, and of no other.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Forwarding

@Suite struct SentNumbersTests {
    private func found(_ numbers: borrowing SentNumbers, _ number: UInt64) -> UInt16? {
        numbers.transportSequence(of: ExtendedSequenceNumber(number))
    }

    @Test func theLastPacketsAreRemembered() {
        var numbers = SentNumbers(isUsed: true)
        #expect(found(numbers, 0) == nil)
        for number in UInt64(0)..<200 {
            numbers.insert(ExtendedSequenceNumber(number), transportSequence: UInt16(number) + 7)
        }
        let remembered = (0..<300).filter { found(numbers, UInt64($0)) == UInt16($0) + 7 }
        #expect(remembered == Array(136..<200))
        // The same 16 bits a rollover later are another packet.
        #expect(found(numbers, 199 + 65_536) == nil)
        numbers.removeAll()
        #expect(found(numbers, 199) == nil)
    }

    @Test func whatIsNotUsedRemembersNothing() {
        var numbers = SentNumbers(isUsed: false)
        numbers.insert(ExtendedSequenceNumber(3), transportSequence: 1)
        #expect(found(numbers, 3) == nil)
        numbers.removeAll()
    }
}
