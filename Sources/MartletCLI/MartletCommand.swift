// The `martlet` executable: one command for each thing a person runs.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The root of the command line.
@main
struct MartletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Real-time audio and video: a media server with signalling and rooms in one program.",
        discussion: """
            martlet serve --dev        a server to try out: open the printed address in two tabs
            martlet token --key …      a token that lets one person into one room
            """,
        version: "martlet \(MartletVersion.text)",
        subcommands: [ServeCommand.self, TokenCommand.self])
}

/// The version of this build.
enum MartletVersion {
    static let text = "0.1.0"
}
