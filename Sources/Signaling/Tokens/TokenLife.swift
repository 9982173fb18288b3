// How long a session may go on with the token it showed.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The end of a token on both clocks: the one rooms run on and the one clients read.
package struct TokenLife: Hashable, Sendable {
    /// When the session ends unless the token is renewed.
    package var deadline: MediaInstant
    /// The same moment in whole seconds of Unix time.
    package var expiresAt: Int64

    /// Makes a life.
    package init(deadline: MediaInstant, expiresAt: Int64) {
        self.deadline = deadline
        self.expiresAt = expiresAt
    }
}

extension TokenVerifier {
    /// When a session with `token`, verified at `now`, has to end.
    ///
    /// That is the token's own end. One taken within the leeway after its end lasts as long as the
    /// leeway does, so that what was let in is not thrown out in the same moment.
    /// - Parameter unixNow: The time at `now`, in seconds of Unix time.
    package func life(of token: AccessToken, unixNow: Int64, at now: MediaInstant) -> TokenLife {
        var end = token.expiresAt
        if end <= unixNow {
            let (late, overflow) = end.addingReportingOverflow(leewaySeconds)
            end = overflow ? .max : late
        }
        let (left, overflow) = end.subtractingReportingOverflow(unixNow)
        let seconds: Int64 = overflow ? (end > 0 ? .max : 0) : max(left, 0)
        return TokenLife(deadline: now + .seconds(seconds), expiresAt: end)
    }
}
