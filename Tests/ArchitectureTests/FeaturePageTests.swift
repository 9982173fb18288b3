// docs/features.md tells the truth: each test it names exists and names the row.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct FeaturePageTests {
    private struct Row {
        var id: String
        var tests: [String]
        var isLater: Bool
    }

    /// The rows of the page's tables.
    private func rows() throws -> [Row] {
        let page = try String(
            contentsOf: SourceTree.root.appendingPathComponent("docs/features.md"), encoding: .utf8)
        return page.split(separator: "\n").compactMap { line in
            guard let id = line.firstMatch(of: /^\| ([A-Z]\d\d) \|/)?.output.1 else { return nil }
            let cell = line.split(separator: "|").last ?? ""
            let files = cell.matches(of: /`([A-Za-z0-9_.\/+]+)`/).map { String($0.output.1) }
            return Row(id: String(id), tests: files, isLater: cell.contains("not yet:"))
        }
    }

    @Test func all246RowsAreThereOnce() throws {
        let ids = try rows().map(\.id)
        #expect(ids.count == 246)
        #expect(Set(ids).count == 246)
    }

    @Test func aRowHasTestsOrSaysWhatItWaitsFor() throws {
        for row in try rows() { #expect(row.tests.isEmpty == row.isLater, "\(row.id)") }
    }

    @Test func theTestsNameTheirRows() throws {
        var texts: [String: String] = [:]
        for row in try rows() {
            for file in row.tests {
                let text =
                    try texts[file]
                    ?? String(
                        contentsOf: SourceTree.root.appendingPathComponent(file), encoding: .utf8)
                texts[file] = text
                #expect(text.contains(row.id), "\(file) does not name \(row.id)")
            }
        }
    }

    @Test func theCountAtTheTopIsRight() throws {
        let done = try rows().filter { !$0.isLater }.count
        let page = try String(
            contentsOf: SourceTree.root.appendingPathComponent("docs/features.md"), encoding: .utf8)
        #expect(page.contains("\(done) of the 246 rows have a test today."))
    }
}
