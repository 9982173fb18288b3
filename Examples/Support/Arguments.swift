// What all examples are told on their command line: where, as whom, and what else.
// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Martlet

/// The command line of an example: `--server URL --room NAME [--as ID] [--token TOKEN]`, options of its own, and files.
public struct Arguments: Sendable {
    /// What stands without an option before it.
    public let files: [String]
    private let options: [String: String]

    /// Reads the command line, or says how it has to be and ends the process.
    /// - Parameter usage: What stands behind the program's name, beside the options of all.
    public init(usage: String) {
        var files: [String] = []
        var options: [String: String] = [:]
        var words = CommandLine.arguments.dropFirst()
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                options[String(word.dropFirst(2))] = words.popFirst()
            } else {
                files.append(word)
            }
        }
        self.files = files
        self.options = options
        if options["room"] == nil {
            let name = CommandLine.arguments.first.map {
                URL(fileURLWithPath: $0).lastPathComponent
            }
            let common = "--room NAME [--server URL] [--as ID] [--token TOKEN]"
            Self.fail("Usage: \(name ?? "") \(common) \(usage)")
        }
    }

    /// An option of the example's own; `nil`: it was not given.
    public subscript(option: String) -> String? { options[option] }

    /// How to join: a server that was started with `--dev` asks for no token.
    public var join: JoinOptions {
        let token = options["token"] ?? ProcessInfo.processInfo.environment["MARTLET_TOKEN"]
        return JoinOptions(
            server: options["server"] ?? "http://127.0.0.1:7880", room: options["room"] ?? "",
            // A token says who one is.
            token: token, participant: token == nil ? options["as"] : nil)
    }

    /// Says what is wrong, and ends the process.
    public static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(64)
    }
}
