// Where the page may lie if nobody says where.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The folders in which the page is looked for.
enum WebRoot {
    /// In a working copy, beside the installed program, and where SwiftPM builds: `.build/<triple>/<mode>/`.
    static func candidates() -> [String] {
        var folders = ["web/dist"]
        var path = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { return folders }
        let program = String(
            decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = program.lastIndex(of: "/") else { return folders }
        let folder = program[..<slash]
        folders.append("\(folder)/../share/martlet/web")
        folders.append("\(folder)/../../../web/dist")
        return folders
    }
}
