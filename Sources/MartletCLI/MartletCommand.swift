// The `martlet` executable: one command for each thing a person runs.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The root of the command line.
@main
struct MartletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "A media server with signalling and rooms: real-time audio and video.",
        discussion: """
            martlet serve --dev        a server to try out: open the printed address in two tabs
            martlet token --key …      a token that lets one person into one room
            martlet room list --key …  the rooms of a running server
            martlet load               a publisher and its receivers, to see what a server bears
            """,
        version: "martlet \(MartletVersion.text)",
        subcommands: [ServeCommand.self, TokenCommand.self, RoomCommand.self, LoadCommand.self])
}

/// The version of this build.
enum MartletVersion {
    static let text = "0.1.0"
}
