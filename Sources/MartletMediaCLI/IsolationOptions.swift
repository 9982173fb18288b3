// Whether a command's room is carried by a process of its own.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Martlet

/// The options of a room's engine.
struct IsolationOptions: ParsableArguments {
    @Flag(help: "Carries the room in a process of its own, and says on stderr which that is.")
    var isolated = false

    @Flag(help: "Goes on with a new process where the first one ends by itself; with --isolated.")
    var restarts = false

    @Option(help: "A folder for what the process has to say; with --isolated.")
    var logDirectory: String?

    /// A room as the options say.
    func room() -> Room {
        guard isolated else { return Room() }
        var options = EngineOptions()
        options.restarts = restarts
        options.logDirectory = logDirectory
        return Room(isolation: .process(options))
    }

    /// Says on stderr which process carries the room, and what becomes of it, until it is cancelled.
    func telling(of room: Room) -> Task<Void, Never> {
        // Begun before anything happens.
        let events = room.events
        guard isolated else { return Task {} }
        return Task {
            for await event in events {
                guard case .connectionChanged(let change) = event else { continue }
                switch change.to {
                case .connected:
                    let process = await room.engineProcess
                    Self.say("engine \(process.map { "\($0)" } ?? "?")")
                case .disconnected(let reason):
                    Self.say("disconnected \(reason.rawValue): \(change.error?.description ?? "-")")
                default: break
                }
            }
        }
    }

    private static func say(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}
