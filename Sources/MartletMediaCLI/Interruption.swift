// The wish to end: Ctrl-C or SIGTERM.
// SPDX-License-Identifier: Apache-2.0
import UnixSignals

/// Waits for whoever runs the tool.
enum Interruption {
    /// Returns when the process is told to end, or the task is cancelled.
    static func wait() async {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        for await _ in signals { return }
    }
}
