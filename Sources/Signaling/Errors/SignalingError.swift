// The error that signalling and rooms answer with.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Why a request was refused: a code of the shared table and, where known, the request.
package struct SignalingError: Error, Hashable, Sendable {
    /// What went wrong.
    package var code: ErrorCode
    /// The request it answers; `nil` when its id could not be read.
    package var requestID: RequestID?
    /// What to tell the user; the code's own message unless more is known. Never holds input.
    package var message: String
    /// How long until the same may succeed, where waiting helps and the time is known.
    package var retryAfter: MediaDuration?

    /// Makes an error; `detail` replaces the code's own message.
    package init(_ code: ErrorCode, requestID: RequestID? = nil, detail: String? = nil) {
        self.code = code
        self.requestID = requestID
        message = detail ?? code.defaultMessage
    }

    /// `retryAfter` as it is told: whole milliseconds, rounded up so that it is never too early.
    package var retryAfterMilliseconds: Int64? {
        retryAfter.map { ($0 + MediaDuration(nanoseconds: 999_999)).milliseconds }
    }

    /// The same error as answer to `id`, unless it answers one already.
    package func answering(_ id: RequestID?) -> SignalingError {
        var copy = self
        if copy.requestID == nil { copy.requestID = id }
        return copy
    }
}

/// The JSON body of an HTTP answer that refuses a request.
package struct ErrorBody: Codable, Equatable, Sendable {
    /// The number of the table.
    package var code: ErrorCode
    /// What happened and what to do.
    package var message: String
    /// Milliseconds until the same may succeed, rounded up.
    package var retryAfterMilliseconds: Int64?

    /// The body that tells `error`.
    package init(_ error: SignalingError) {
        code = error.code
        message = error.message
        retryAfterMilliseconds = error.retryAfterMilliseconds
    }
}
