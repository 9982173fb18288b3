// The SRTP profiles of a server as they are typed.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import SRTP

/// A list of profiles, most wished first.
struct SRTPProfileList: ExpressibleByArgument {
    private static let table: [(name: String, profile: SRTPProfile)] = [
        ("aes128-gcm", .aeadAES128GCM), ("aes256-gcm", .aeadAES256GCM),
        ("aes128-cm-sha1-80", .aes128CMHMACSHA1_80),
    ]

    /// The names that are known.
    static var names: [String] { table.map(\.name) }

    /// GCM first: it is faster, and browsers take it.
    static let standard = SRTPProfileList(profiles: table.map(\.profile))

    /// The profiles.
    let profiles: [SRTPProfile]

    private init(profiles: [SRTPProfile]) { self.profiles = profiles }

    init?(argument: String) {
        var profiles: [SRTPProfile] = []
        for word in argument.split(separator: ",") {
            guard let row = Self.table.first(where: { $0.name == word.lowercased() }),
                !profiles.contains(row.profile)
            else { return nil }
            profiles.append(row.profile)
        }
        guard !profiles.isEmpty else { return nil }
        self.profiles = profiles
    }

    /// The numbers of RFC 5764 §4.1.2 and RFC 7714 §14.2.
    var numbers: [UInt16] { profiles.map(\.rawValue) }

    var defaultValueDescription: String {
        profiles.map { profile in Self.table.first { $0.profile == profile }?.name ?? "" }
            .joined(separator: ",")
    }
}
