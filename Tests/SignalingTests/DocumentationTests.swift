// The pages docs/protocol.md and docs/errors.md tell the truth.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Testing

@testable import Signaling

@Suite struct DocumentationTests {
    private func page(_ name: String, from file: String = #filePath) throws -> [String] {
        let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "docs/\(name)"))
        return String(decoding: data, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Every fenced example as (label, text).
    private func examples() throws -> [(label: String, text: String)] {
        var found: [(label: String, text: String)] = []
        var open: (label: String, text: String)?
        for line in try page("protocol.md") {
            if line.hasPrefix("```") {
                if let example = open {
                    found.append(example)
                    open = nil
                } else {
                    open = (String(line.dropFirst(3)), "")
                }
            } else {
                open?.text += line
            }
        }
        #expect(open == nil)
        return found
    }

    private func type(of encoded: [UInt8]) throws -> String {
        struct Typed: Decodable { let type: String }
        return try JSONDecoder().decode(Typed.self, from: Data(encoded)).type
    }

    @Test func everyExampleOfTheProtocolPageDecodesAndNoMessageLacksOne() throws {
        var clientTypes: [String] = []
        var serverTypes: [String] = []
        for example in try examples() {
            let bytes = Array(example.text.utf8)
            switch example.label {
            case "json client":
                let message = try ClientMessage.decode(bytes)
                #expect(try ClientMessage.decode(message.encoded()) == message)
                clientTypes.append(try type(of: bytes))
            case "json server":
                let message = try ServerMessage.decode(bytes)
                #expect(try ServerMessage.decode(message.encoded()) == message)
                serverTypes.append(try type(of: bytes))
            case "json token":
                let payload = try JSONDecoder().decode(TokenPayload.self, from: Data(bytes))
                #expect(payload.token.grants.publish.sources == [.microphone, .camera])
            default:
                Issue.record("an example says neither who sends it nor what it is")
            }
        }
        for message in Samples.client {
            #expect(clientTypes.contains(try type(of: message.encoded())))
        }
        for message in Samples.server {
            #expect(serverTypes.contains(try type(of: message.encoded())))
        }
        #expect(Set(clientTypes).count == 22)
        #expect(Set(serverTypes).count == 30)
    }

    @Test func theErrorPageIsTheTable() throws {
        let rows = try page("errors.md").filter { $0.first == "|" && $0.contains("`") }
        let expected = ErrorCode.allCases.map {
            "| \($0.rawValue) | `\($0)` | \($0.httpStatus) | \($0.defaultMessage) |"
        }
        #expect(rows == expected)
    }

    @Test func everyCodeSaysWhatToDoUnderAnErrorStatus() {
        for code in ErrorCode.allCases {
            #expect((400...599).contains(code.httpStatus))
            #expect(code.defaultMessage.hasSuffix("."))
        }
    }
}
