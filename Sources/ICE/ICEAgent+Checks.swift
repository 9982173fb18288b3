// The checks a full agent sends: pairs, transactions, nomination and consent.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// A candidate of our own and the socket that it sends from.
struct ICELocalCandidate {
    let candidate: ICECandidate
    let socket: UInt8
}

extension ICEAgent {
    mutating func receiveResponse(
        _ message: STUNMessage, _ datagram: Span<UInt8>, on path: TransportPath
    ) throws(ICEDropReason) { throw .unknownTransaction }
    mutating func advanceChecks() {}
    mutating func pollCheck(into output: inout OutputSpan<UInt8>) -> TransportPath? { nil }
    var nextCheckDeadline: MediaInstant? { nil }
    func localPriority(ofSocket socket: UInt8) -> UInt32 { Self.assumedLocalPriority }
    mutating func change(role: ICERole) { self.role = role }
    mutating func trigger(_ index: Int) {}
}
