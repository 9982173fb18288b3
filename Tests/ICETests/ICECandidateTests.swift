// Candidates and pairs: their priorities.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

@Test func prioritiesAreThoseOfTheFormula() {
    // RFC 8445 §5.1.2.1: 2^24 * type + 2^8 * local + (256 - component).
    #expect(ICECandidate.priority(kind: .host, localPreference: 65_535) == 2_130_706_431)
    #expect(ICECandidate.priority(kind: .relay, localPreference: 0, component: 256) == 0)
    #expect(ICECandidate.priority(kind: .relay, localPreference: 0, component: 999) == 0)
    #expect(ICEPath.pairPriority(controlling: 2, controlled: 1) == 1 << 32 | 5)
    #expect(ICEPath.pairPriority(controlling: 1, controlled: 2) == 1 << 32 | 4)
    #expect(ICEPath.pairPriority(controlling: .max, controlled: .max) > 0)
}
