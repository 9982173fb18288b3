// Making a waiting reader return.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles

/// Stops a reader from any thread: what waits for the network returns within about 100 ms, and what is called later fails with
/// `.stopped`. (The name of a host is looked up by the system, whose patience for that cannot be cut short.)
@safe  // The handle is made in `init`, freed in `deinit`, and what C does with it is atomic.
package final class MediaFileStop: @unchecked Sendable {  // the flag behind the handle is atomic
    let handle: OpaquePointer

    /// Nothing is stopped yet.
    /// - Throws: `.outOfMemory`.
    package init() throws(MediaFileError) {
        guard let made = unsafe martlet_file_stop_new() else { throw .outOfMemory }
        unsafe handle = made
    }

    deinit { unsafe martlet_file_stop_free(handle) }

    /// Stops whatever was opened with this, for good.
    package func stop() { unsafe martlet_file_stop_now(handle) }

    /// Whether it was stopped.
    package var isStopped: Bool { unsafe martlet_file_stop_is_set(handle) != 0 }
}
