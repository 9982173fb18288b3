// Calls of the parser on arrays, for the macros of the tests, which take no spans.
// SPDX-License-Identifier: Apache-2.0

@testable import STUN

extension [UInt8] {
    /// The bytes as a message.
    func parsed() throws(STUNError) -> STUNMessage { try STUNMessage.parse(span) }

    /// The bytes of USERNAME.
    func username(of message: STUNMessage) -> [UInt8]? {
        message.username(in: span).map { Array(self[$0]) }
    }

    /// What the cheap look finds.
    var peekedFragment: [UInt8]? {
        STUNMessage.localUsernameFragment(in: span).map { Array(self[$0]) }
    }

    /// Whether the bytes look like STUN.
    var isSTUN: Bool { STUNMessage.isSTUN(span) }

    /// Whether `message`, parsed from these bytes, has the right MESSAGE-INTEGRITY.
    func isAuthentic(_ message: STUNMessage, key: [UInt8]) -> Bool {
        message.verifyIntegrity(in: span, key: key.span)
    }
}

extension STUNTransactionID {
    /// The twelve bytes as an array.
    var wireBytes: [UInt8] {
        let bytes = bytes
        return bytes.indices.map { bytes[$0] }
    }
}
