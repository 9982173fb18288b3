// What every kind of request over HTTP is asked: its token, its type, its parameters.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird

extension Request {
    /// The token of `Authorization: Bearer …` (RFC 6750 §2.1).
    var bearerToken: String? {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// The type of the body in lower case, without parameters.
    var mediaType: String? {
        headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
    }
}
