// The wish to end a load early: Ctrl-C or SIGTERM.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import UnixSignals
import Wire

/// Remembers that the process was told to end; told again, it ends at once.
final class Interruption: Sendable {
    /// The status with which shells know a process that Ctrl-C has ended.
    private static let status: Int32 = 130
    private let isSet = Atomic(false)

    /// Whether it was told.
    var isWished: Bool { isSet.load(ordering: .relaxed) }

    /// Listens while `work` goes on.
    func watching<Result: Sendable>(_ work: () async throws -> Result) async throws -> Result {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let listening = Task {
            for await _ in signals {
                if isSet.exchange(true, ordering: .relaxed) { exit(Self.status) }
            }
        }
        defer { listening.cancel() }
        return try await work()
    }
}
