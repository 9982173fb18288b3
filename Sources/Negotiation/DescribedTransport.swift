// What a description says of the transport, at one of its levels.
// SPDX-License-Identifier: Apache-2.0
import SDP

/// ICE words, certificates and setup, as they stand at one level of a description.
struct DescribedTransport {
    /// The ICE words if both stand here and have the form of RFC 8839 §5.4.
    private(set) var ice: ICEParameters?
    /// The certificates, as far as they are accepted.
    private(set) var fingerprints: [Fingerprint] = []
    /// The part in the handshake; `nil` where none stands.
    private(set) var setup: String?

    /// Reads the attributes of one level: of each the first counts.
    init(_ attributes: ArraySlice<SDPAttribute>, in text: Span<UInt8>) {
        var usernameFragment: Range<Int>?
        var password: Range<Int>?
        for attribute in attributes {
            guard let value = attribute.value else { continue }
            switch attribute.name {
            case .iceUsernameFragment: usernameFragment = usernameFragment ?? value
            case .icePassword: password = password ?? value
            case .setup: if setup == nil { setup = text.string(value) }
            case .fingerprint:
                guard fingerprints.count < SectionLimits.fingerprintsMax,
                    let line = FingerprintLine(text, value), line.bytes.count == line.digestBytes
                else { continue }
                fingerprints.append(Fingerprint(algorithm: line.algorithm, bytes: line.bytes))
            default: continue
            }
        }
        // RFC 8839 has `+` and `/` only; `-` and `_` are written by stacks with URL-safe alphabets.
        guard let usernameFragment, let password, (4...256).contains(usernameFragment.count),
            (22...256).contains(password.count), text.isAlphanumeric(usernameFragment, or: "+/-_"),
            text.isAlphanumeric(password, or: "+/-_")
        else { return }
        ice = ICEParameters(
            usernameFragment: text.string(usernameFragment), password: text.string(password))
    }
}

extension FingerprintLine {
    /// How many bytes a digest of this name has; `nil` for one that is not accepted (RFC 8122 §5:
    /// md5 and sha-1 are too weak).
    var digestBytes: Int? {
        switch algorithm {
        case "sha-256": 32
        case "sha-384": 48
        case "sha-512": 64
        default: nil
        }
    }
}
