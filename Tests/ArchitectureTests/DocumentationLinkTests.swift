// That every symbol that the SDK's documentation links to is there. (`make documentation` asks the compiler as well.)
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a module declares, by the type that it belongs to, as links name it: `tryWrite(_:rotation:)`, `bufferState`.
struct DeclaredNames {
    private(set) var members: [String: Set<String>] = [:]

    /// Reads a source of the house's format: types at the margin, members four blanks from it.
    mutating func read(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var outer = ""
        for (number, line) in lines.enumerated() {
            if let type = line.firstMatch(
                of: /^(?:public |final )*(?:extension|struct|actor|enum|class|typealias) (\w+)/)
            {
                outer = String(type.output.1)
                members["", default: []].insert(outer)
            } else if let member = line.firstMatch(
                of: /^    (?:public |nonisolated |static )*(var|let|func|case) (\w+)(\(?)/)
            {
                let name = String(member.output.2)
                let hasLabels = member.output.3 == "("
                let rest = lines[number...].joined(separator: " ")
                members[outer, default: []].insert(hasLabels ? name + Self.labels(rest) : name)
            }
        }
    }

    /// `(_:rotation:)` of what follows a name, up to the parenthesis that closes.
    private static func labels(_ text: String) -> String {
        var parameters = [""]
        var depth = 0
        for character in text.drop(while: { $0 != "(" }) {
            if "([<".contains(character) { depth += 1 }
            if ")]".contains(character) || (character == ">" && parameters.last?.last != "-") {
                depth -= 1
            }
            if depth == 0 { break }
            if character == ",", depth == 1 {
                parameters.append("")
            } else if depth > 0 {
                parameters[parameters.count - 1].append(character)
            }
        }
        let labels = parameters.map { parameter in
            guard let colon = parameter.firstIndex(of: ":") else {
                // The value of a case that has no label.
                return parameter == "(" ? "" : "_:"
            }
            let words = parameter[..<colon].split { " (".contains($0) }
            return "\(words.first ?? "_"):"
        }
        return "(\(labels.joined()))"
    }
}

@Suite struct DocumentationLinkTests {
    @Test func everyLinkLeadsSomewhere() throws {
        var declared = DeclaredNames()
        for file in try SourceTree.files(below: "Sources") where file.target == "Martlet" {
            declared.read(file.text)
        }
        let folder = SourceTree.root.appendingPathComponent("Sources/Martlet/Martlet.docc")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".md") }
        #expect(names.count == 7)
        var count = 0
        for name in names {
            let text = try String(
                contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            for match in text.matches(of: /``([^`\n]+)``/) {
                count += 1
                // What stands behind a dash tells two of one name apart.
                let link = match.output.1.replacing(/-\([^)]*\)$/, with: "")
                let parts = link.split(separator: "/").map(String.init)
                guard parts != ["Martlet"] else { continue }
                let found = declared.members[parts.count == 1 ? "" : parts[0]]
                #expect(found?.contains(parts.last ?? "") == true, "\(name): \(link)")
            }
            for match in text.matches(of: /<doc:(\w+)>/) {
                #expect(names.contains("\(match.output.1).md"), "\(name): \(match.output.1)")
            }
        }
        #expect(count > 100, "\(count)")
    }

    @Test func namesAreReadAsLinksNameThem() {
        var declared = DeclaredNames()
        declared.read(
            """
            public final class Source: Sendable {
                public func write(
                    _ bytes: [UInt8], layout: (Int) -> Layout<Int, Int> = { ($0, 1) }, at time: Int64
                ) async throws {}
                public nonisolated func leave() async {}
                public static let most = 3
            }
            extension Room {
                case failed(Source, MartletError)
                case left(String, reason: String)
            }
            """)
        #expect(declared.members[""] == ["Source", "Room"])
        #expect(declared.members["Source"] == ["write(_:layout:at:)", "leave()", "most"])
        #expect(declared.members["Room"] == ["failed(_:_:)", "left(_:reason:)"])
    }
}
