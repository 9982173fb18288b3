// The number by which a client recognises the answer to a request.
// SPDX-License-Identifier: Apache-2.0

/// A request's number, chosen by the client: 1 to 2^53 - 1, what a JavaScript number holds exactly.
package struct RequestID: Hashable, Sendable {
    /// The largest number taken.
    package static let max: Int64 = 9_007_199_254_740_991

    /// The number.
    package let number: Int64

    /// Checks a number; `nil` outside 1 to `max`.
    package init?(_ number: Int64) {
        guard number >= 1, number <= Self.max else { return nil }
        self.number = number
    }
}

extension RequestID: Codable {
    /// Reads and checks a number.
    package init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(Int64.self)
        guard let id = RequestID(number) else {
            throw SignalingError(.invalidArgument, detail: "`id` must be 1 to 2^53 - 1.")
        }
        self = id
    }

    /// Writes the number.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}
