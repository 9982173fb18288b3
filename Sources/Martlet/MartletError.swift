// What went wrong, as a number that never changes its meaning and a text that says what to do.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import MediaCodecs
import Signaling
import Wire

/// An error of the SDK; the codes stand in `docs/errors.md` and are those of the server and the browser SDK.
public struct MartletError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    /// Codes that the SDK itself gives.
    enum Own: Int {
        case invalidArgument = 1004
        case invalidState = 1005
        case tooManyTracks = 4006
        case sourceClosed = 6010
        case engineFailed = 6011
        case codecFailed = 6012
        case unknownParameter = 6013
    }

    /// What went wrong: 1xxx the request, 2xxx token and rights, 3xxx rooms and people, 4xxx media, 5xxx the server, 6xxx this
    /// side, 7xxx data.
    public let code: Int
    /// What happened and what to do, for people.
    public let message: String
    /// After what time the same may succeed; `nil`: waiting alone does not help.
    public let retryAfter: Duration?

    init(code: Int, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    init(_ own: Own, _ message: String) { self.init(code: own.rawValue, message) }

    /// The message with its code.
    public var description: String { "\(message) (\(code))" }
}

extension MartletError {
    init(_ failure: SessionFailure) {
        var retryAfter: Duration?
        if case .refused(let error) = failure {
            retryAfter = error.retryAfter.map { .nanoseconds($0.nanoseconds) }
        }
        self.init(code: failure.code, failure.description, retryAfter: retryAfter)
    }

    init(_ error: SignalingError) {
        self.init(
            code: error.code.rawValue, error.message,
            retryAfter: error.retryAfter.map { .nanoseconds($0.nanoseconds) })
    }

    init(_ error: MediaCodecError) { self.init(.codecFailed, error.description) }
}
