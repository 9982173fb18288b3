// A session and the signalling connection it is spoken to over.
// SPDX-License-Identifier: Apache-2.0
package import Rooms

/// A signalling connection's handle, chosen by the caller and never used twice.
package struct ConnectionID: Hashable, Sendable {
    /// The number.
    package let rawValue: UInt64

    /// Wraps a number.
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// Where something came from. A session goes from connection to connection as its client resumes it; what an
/// earlier connection still brings is not the session's any more.
package struct SessionLink: Hashable, Sendable {
    /// The session.
    package var session: SessionKey
    /// The connection.
    package var connection: ConnectionID

    /// Names a session on a connection.
    package init(session: SessionKey, connection: ConnectionID) {
        self.session = session
        self.connection = connection
    }
}
