// How many descriptors this process may have: raised as far as it may be.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The limit of open files and sockets of this process.
package enum DescriptorLimit {
    /// Raises the soft limit to `wanted`, or as far as the hard one allows.
    /// - Returns: The limit as it is now; `wanted` where the system does not tell.
    package static func raise(to wanted: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return wanted }
        if limit.rlim_cur < rlim_t(clamping: wanted) {
            limit.rlim_cur = min(limit.rlim_max, rlim_t(clamping: wanted))
            _ = unsafe setrlimit(resource, &limit)
            guard unsafe getrlimit(resource, &limit) == 0 else { return wanted }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
