// The process that carries somebody's room; started by the SDK, never by hand.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Martlet

struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "Carries a room for the program that started it.",
        shouldDisplay: false)

    func run() async throws { try await MediaEngine.run() }
}
