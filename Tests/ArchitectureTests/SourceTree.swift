// The project's own files, as the architecture tests read them.
// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One Swift file and the lines in it that matter here.
struct SourceFile {
    let target: String
    let path: String
    let text: String

    /// The modules it imports, without attributes and access levels.
    var imports: [String] {
        text.split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            while let first = words.first,
                first.hasPrefix("@")
                    || ["package", "public", "internal", "private", "fileprivate"]
                        .contains(first)
            {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let module = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return module.split(separator: ".").first.map(String.init)
        }
    }
}

/// The checkout that the tests were built from.
enum SourceTree {
    static var root: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// All Swift files below a folder of the root; the folder's children name the targets.
    static func files(below folder: String) throws -> [SourceFile] {
        let base = root.appendingPathComponent(folder)
        let manager = FileManager.default
        var files: [SourceFile] = []
        for target in try manager.contentsOfDirectory(atPath: base.path).sorted() {
            let directory = base.appendingPathComponent(target)
            guard let names = manager.enumerator(atPath: directory.path) else { continue }
            for case let name as String in names where name.hasSuffix(".swift") {
                let path = directory.appendingPathComponent(name)
                files.append(
                    SourceFile(
                        target: target, path: "\(folder)/\(target)/\(name)",
                        text: try String(contentsOf: path, encoding: .utf8)))
            }
        }
        return files
    }
}
