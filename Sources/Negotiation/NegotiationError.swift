// Why an offer (or an answer, in a client) was refused.
// SPDX-License-Identifier: Apache-2.0
import SDP

/// Why a description was refused. `name` is stable; `explanation` is for people.
package enum NegotiationError: Error, Equatable, Sendable {
    /// The description, or one of its lines, is longer than what is read.
    case tooLarge
    /// This line (from 1) is not what its type demands.
    case malformed(line: Int)
    /// The text ends before it says anything.
    case incomplete
    /// More m-lines than are read.
    case tooManySections
    /// A section names more streams, layers or fingerprints than are kept.
    case tooManyStreams(section: Int)
    /// No audio, video or data section at all.
    case noSections
    /// No usable certificate fingerprint (sha-256, sha-384 or sha-512).
    case noFingerprint
    /// No ICE username fragment and password, or not of the demanded form.
    case noICE
    /// Several sections and no BUNDLE group: one transport carries all.
    case noBundle
    /// A section without `a=rtcp-mux`: RTP and RTCP share the transport.
    case noRTCPMux(section: Int)
    /// A section without a usable `a=mid`, or one used twice.
    case badMID(section: Int)
    /// `a=setup` leaves the other side passive, or says something unknown.
    case badSetup
    /// One extension id means two things in one bundle.
    case conflictingExtension(id: UInt8)
    /// A later offer has fewer sections than the one before.
    case sectionsRemoved
    /// A later offer names another certificate: that is a new session.
    case fingerprintChanged
    /// The answer does not fit the offer it answers.
    case answerMismatch

    /// A stable word for logs, metrics and error bodies.
    package var name: String {
        switch self {
        case .tooLarge: "tooLarge"
        case .malformed: "malformed"
        case .incomplete: "incomplete"
        case .tooManySections: "tooManySections"
        case .tooManyStreams: "tooManyStreams"
        case .noSections: "noSections"
        case .noFingerprint: "noFingerprint"
        case .noICE: "noICE"
        case .noBundle: "noBundle"
        case .noRTCPMux: "noRTCPMux"
        case .badMID: "badMID"
        case .badSetup: "badSetup"
        case .conflictingExtension: "conflictingExtension"
        case .sectionsRemoved: "sectionsRemoved"
        case .fingerprintChanged: "fingerprintChanged"
        case .answerMismatch: "answerMismatch"
        }
    }

    /// One sentence for the person who reads the log or the response.
    package var explanation: String {
        switch self {
        case .tooLarge:
            """
            The description has over \(SDPLimits.descriptionBytesMax) bytes, or a line over \
            \(SDPLimits.lineBytesMax).
            """
        case .malformed(let line): "Line \(line) of the description is malformed."
        case .incomplete: "The description ends before its v= and o= lines."
        case .tooManySections: "The description has more than \(SDPLimits.sectionsMax) m-lines."
        case .tooManyStreams(let section):
            "Section \(section) declares more streams, layers or fingerprints than are accepted."
        case .noSections: "The offer has no section."
        case .noFingerprint: "The description has no sha-256, sha-384 or sha-512 fingerprint."
        case .noICE: "The description has no valid a=ice-ufrag and a=ice-pwd."
        case .noBundle: "The offer has several sections and no BUNDLE group."
        case .noRTCPMux(let section): "Section \(section) does not offer a=rtcp-mux."
        case .badMID(let section):
            "Section \(section) has no a=mid of 1 to 16 token characters, or one used before."
        case .badSetup: "a=setup does not allow this side's part in the DTLS handshake."
        case .conflictingExtension(let id): "Extension id \(id) has two meanings in one bundle."
        case .sectionsRemoved: "The offer has fewer sections than the one before."
        case .fingerprintChanged: "The offer names another certificate than the one before."
        case .answerMismatch: "The answer does not fit the offer."
        }
    }

    /// Wraps what the parser says.
    init(_ error: SDPError) {
        switch error {
        case .tooLarge, .lineTooLong: self = .tooLarge
        case .tooManySections: self = .tooManySections
        case .malformed(let line): self = .malformed(line: line)
        case .missing: self = .incomplete
        }
    }
}
