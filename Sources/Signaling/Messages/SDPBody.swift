// An offer or answer as a message carries it: plain or deflated.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials

/// A session description inside a message: `{"sdp": text}` or `{"deflated": base64}`.
package enum SDPBody: Hashable, Sendable {
    /// The text itself.
    case plain(String)
    /// The text as a raw deflate stream (RFC 1951); base64 in JSON. Cap its size while inflating.
    case deflated([UInt8])
}

extension SDPBody: Codable {
    private enum Key: String, CodingKey { case sdp, deflated }

    /// Reads exactly one of the two forms.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let plain = try fields.decodeIfPresent(String.self, forKey: .sdp)
        let deflated = try fields.decodeIfPresent(String.self, forKey: .deflated)
        switch (plain, deflated) {
        case (let text?, nil):
            self = .plain(text)
        case (nil, let text?):
            guard let bytes = Data(base64Encoded: text) else {
                throw SignalingError(.invalidOffer, detail: "`deflated` is no base64.")
            }
            self = .deflated([UInt8](bytes))
        default:
            throw SignalingError(
                .invalidOffer, detail: "A description has either `sdp` or `deflated`.")
        }
    }

    /// Writes the form it has.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        switch self {
        case .plain(let text): try fields.encode(text, forKey: .sdp)
        case .deflated(let bytes):
            try fields.encode(Data(bytes).base64EncodedString(), forKey: .deflated)
        }
    }
}
