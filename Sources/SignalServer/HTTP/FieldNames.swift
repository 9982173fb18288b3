// Header fields that the HTTP library has no names for.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes

extension HTTPField.Name {
    /// Which types a session's address takes by `PATCH` (RFC 5789 §3.1).
    static let acceptPatch = known("Accept-Patch")
    /// Which types an address takes by `POST` (RFC 9725 §4.2).
    static let acceptPost = known("Accept-Post")
    /// Relays for the session just made (RFC 9725 §4.6; RFC 8288).
    static let link = known("Link")
    /// How much of a page's address others are told.
    static let referrerPolicy = known("Referrer-Policy")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("no field name: \(name)") }
        return name
    }
}
