// The bounds of everything a DTLS peer can make grow.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// What one endpoint accepts, keeps and repeats at most.
package enum DTLSLimits {
    /// The longest datagram taken, in bytes; a longer one is dropped.
    package static let datagramBytesMax = 2048
    /// The longest datagram sent, in bytes of UDP payload: fits every path WebRTC is used on.
    package static let pathBytesMax = 1200
    /// The longest ClientHello taken, in bytes; Chromium's with a post-quantum key share has 1,450.
    package static let helloBytesMax = 8192
    /// The longest Certificate message taken, in bytes.
    package static let certificateBytesMax = 16_384
    /// The longest of the other handshake messages taken, in bytes.
    package static let messageBytesMax = 4096
    /// How many pieces of a ClientHello are kept for comparison.
    package static let helloFragmentsMax = 32
    /// How many handshake bytes one attempt takes in all.
    package static let attemptBytesMax = 128 * 1024
    /// How many encrypted records one attempt takes before its handshake is complete: OpenSSL keeps
    /// each that comes early in a buffer of 17 KB.
    package static let earlyRecordsMax = 24
    /// How many handshakes of one server endpoint may stand beside each other, each begun by
    /// another ClientHello.
    package static let attemptsAtOnceMax = 3
    /// How many handshakes an endpoint begins in all.
    package static let attemptsMax = 16
    /// How many handshakes may break before the endpoint gives up, once none is left.
    package static let failuresMax = 8
    /// How many outgoing datagrams wait to be polled; further ones are dropped.
    package static let outgoingMax = 96
    /// How many events wait to be polled; further application data is dropped.
    package static let eventsMax = 64
    /// How often a server repeats its last flight to a client that has not seen it.
    package static let lastFlightRepeatsMax = 24

    /// How long the first repetition of a flight waits.
    package static let backoffMin = MediaDuration.milliseconds(50)
    /// How long a repetition waits at most.
    package static let backoffMax = MediaDuration.seconds(1)
    /// How long the whole handshake may take.
    package static let handshakeTimeMax = MediaDuration.seconds(30)
    /// How long a client's last flight stays unanswered before it begins anew.
    package static let patience = MediaDuration.seconds(5)
    /// How long a handshake is waited for after the peer has said, unprotected, that it gave up.
    package static let alertGrace = MediaDuration.seconds(2)
}
