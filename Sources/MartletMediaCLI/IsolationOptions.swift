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

    /// Says on stderr which process carries the room, and what becomes of it; returns with the task.
    func tell(of room: Room) async {
        guard isolated else { return }
        for await event in room.events {
            guard case .connectionChanged(let change) = event else { continue }
            switch change.to {
            case .connected: await Self.say("engine \(room.engineProcess.map { "\($0)" } ?? "?")")
            case .disconnected(let reason):
                Self.say("disconnected \(reason.rawValue): \(change.error?.description ?? "-")")
            default: break
            }
        }
    }

    private static func say(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}
