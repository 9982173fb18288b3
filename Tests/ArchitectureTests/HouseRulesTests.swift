// Rules of the house that a reader would otherwise have to check by eye.
// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct HouseRulesTests {
    @Test func everyFileSaysWhatItIsAndUnderWhichLicence() throws {
        for folder in ["Sources", "Tests", "Examples"] {
            for file in try SourceTree.files(below: folder) {
                let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.first?.hasPrefix("// ") == true, "\(file.path) has no first sentence")
                #expect(
                    lines.prefix(6).contains("// SPDX-License-Identifier: Apache-2.0"),
                    "\(file.path) names no licence")
            }
        }
    }

    @Test func sourcesStaySmall() throws {
        for file in try SourceTree.files(below: "Sources") {
            let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(count <= 500, "\(file.path) has \(count) lines: look for the second idea in it")
        }
    }

    @Test func nothingInSourcesCanStopTheProcessOnInput() throws {
        let files = try SourceTree.files(below: "Sources") + SourceTree.files(below: "Examples")
        for file in files {
            for (number, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                let code = line.prefix(while: { $0 != "/" })
                for word in ["try!", "as!", "fatalError("] {
                    #expect(!code.contains(word), "\(file.path):\(number + 1) has \(word)")
                }
            }
        }
    }
}
