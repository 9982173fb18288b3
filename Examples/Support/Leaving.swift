// How an example ends: Ctrl-C leaves the room, and all that was received ends with that.
// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
public import Martlet

/// Leaves a room when the process is told to end (Ctrl-C, SIGTERM). Everything that is received then ends by itself, so that
/// whoever reads it comes to its end and can tidy up.
public func leaveOnSignals(_ room: Room) {
    for number in [SIGINT, SIGTERM] {
        _ = signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            // The source holds itself by this: it listens for as long as the process runs.
            withExtendedLifetime(source) {
                _ = Task { await room.leave() }
            }
        }
        source.resume()
    }
}

/// Prints a line at once, whoever reads it; `print` keeps lines back where that is no terminal.
public func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
