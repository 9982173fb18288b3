// Why a token or a key is refused.
// SPDX-License-Identifier: Apache-2.0

/// One case per cause, so that a test and a log can tell them apart.
package enum TokenError: Error, Hashable, Sendable {
    /// Larger than `TokenVerifier.bytesMax`.
    case tooLarge
    /// Not three parts of base64url with the JSON of a token in them.
    case malformed
    /// Signed with something else than HS256, or not at all.
    case algorithmRefused
    /// The server has no key of the name in `iss`.
    case unknownKey
    /// The signature is not that of the named key.
    case signatureInvalid
    /// `exp` has passed.
    case expired
    /// `nbf` has not come.
    case notYetValid
    /// For another room than the one asked for.
    case wrongRoom
    /// For another participant than the one asked for.
    case wrongIdentity
    /// A key's secret is shorter than `TokenKeys.secretBytesMin`.
    case weakSecret
    /// A key's name is not 1 to 64 characters of `NameCharacters`, or is taken.
    case invalidKeyName
    /// There are `TokenKeys.keysMax` keys already.
    case tooManyKeys

    /// The code of the shared table that a client is answered with.
    package var code: ErrorCode {
        switch self {
        case .tooLarge, .malformed: .tokenMalformed
        case .algorithmRefused: .tokenAlgorithmRefused
        case .unknownKey: .tokenUnknownKey
        case .signatureInvalid: .tokenSignatureInvalid
        case .expired: .tokenExpired
        case .notYetValid: .tokenNotYetValid
        case .wrongRoom: .tokenWrongRoom
        case .wrongIdentity: .tokenWrongIdentity
        case .weakSecret, .invalidKeyName, .tooManyKeys: .invalidArgument
        }
    }
}
