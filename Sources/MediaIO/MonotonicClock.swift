// The clocks of the drivers: what they tell the sans-IO floors, and what a thread has cost.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
package import Wire

/// The monotonic clock of this process.
package enum MonotonicClock {
    /// Now; steps of the wall clock do not show, a suspended machine does not count.
    package static func now() -> MediaInstant {
        MediaInstant(nanoseconds: mediaio_monotonic_nanoseconds())
    }

    /// CPU time the calling thread has used since it began.
    package static func threadCPUTime() -> MediaDuration {
        MediaDuration(nanoseconds: mediaio_thread_cpu_nanoseconds())
    }
}
