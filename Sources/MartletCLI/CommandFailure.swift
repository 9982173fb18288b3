// The one way a command fails: a clear line on standard error and a non-zero exit.
// SPDX-License-Identifier: Apache-2.0

/// A failure that a person can do something about.
struct CommandFailure: Error, CustomStringConvertible {
    /// What went wrong and what to do, in one line.
    let description: String
    /// The server's code of it, if it was a server that refused (docs/errors.md).
    let code: Int?

    init(_ description: String, code: Int? = nil) {
        self.description = description
        self.code = code
    }
}
