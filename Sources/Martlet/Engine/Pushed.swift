// What an application pushed, and when.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// A frame in a source's buffer.
struct Pushed<Frame: Sendable>: Sendable {
    var frame: Frame
    /// When `write` was called, on the monotonic clock, which is one for all processes of a machine: what waits in buffers, for an
    /// encoder or for an engine of its own is captured no later for that.
    var at = MediaDriver.now
}
