// The sizes that signalling messages may have.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what is parsed; configurable, with the defaults of docs/protocol.md.
package struct SignalingLimits: Sendable, Equatable {
    /// The largest message, in bytes, except those that carry an offer.
    package var messageBytesMax = 64 * 1024
    /// The largest `join` or `offer`, in bytes, and so the largest WebSocket message of all.
    package var offerMessageBytesMax = 512 * 1024
    /// How deeply JSON may nest.
    package var nestingMax = 32

    /// The default limits.
    package init() {}
}
