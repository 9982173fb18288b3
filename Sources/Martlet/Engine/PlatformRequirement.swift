// What the SDK needs of the system that it runs on.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The version of a kernel, as far as it counts.
struct KernelVersion: Comparable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(_ major: Int, _ minor: Int) { (self.major, self.minor) = (major, minor) }

    /// Reads what `uname` says: `6.1.0-18-amd64`, `3.10.0-1160.el7.x86_64`, `5.15-rc1`; `nil` for what begins with no two numbers.
    init?(release: String) {
        let parts = release.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Self.number(parts[0]),
            let minor = Self.number(parts[1].prefix { ("0"..."9").contains($0) })
        else { return nil }
        self.init(major, minor)
    }

    private static func number(_ text: Substring) -> Int? {
        guard 1...6 ~= text.utf8.count, text.allSatisfy({ ("0"..."9").contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    var description: String { "\(major).\(minor)" }
}

/// What has to be there (row G11).
enum PlatformRequirement {
    /// The first kernel with all that is used: `memfd_create` with seals and `getrandom` are of 3.17, the rest (epoll, eventfd,
    /// `accept4`, `recvmmsg`, `sendmmsg`) is older.
    static let kernelMin = KernelVersion(3, 17)

    /// Refuses a kernel that is too old. One whose version cannot be read is taken.
    static func check(release: String) throws(MartletError) {
        guard let version = KernelVersion(release: release), version < kernelMin else { return }
        throw MartletError(
            .engineFailed,
            "The kernel is Linux \(version), and \(kernelMin) or a later one is needed: update the system."
        )
    }

    /// What this system's kernel came to; looked at once.
    static let checked = Result<Void, MartletError> { () throws(MartletError) in
        try check(release: release)
    }

    private static var release: String {
        var names = utsname()
        // The structure is that of a variable that lives as long as the call.
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &names.release) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
