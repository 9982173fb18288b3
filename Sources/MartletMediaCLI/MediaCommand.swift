// The tool for media: what a person does with rooms, files and streams without writing code.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `martlet-media`.
@main
struct MediaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-media",
        abstract: "Publishes into rooms of a Martlet server and receives from them.",
        subcommands: [
            PublishCommand.self, RecordCommand.self, PlayCommand.self, BeepCommand.self,
            EngineCommand.self,
        ])
}
