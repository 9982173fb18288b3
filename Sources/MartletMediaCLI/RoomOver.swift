// The end of a room that whoever runs the tool did not ask for.
// SPDX-License-Identifier: Apache-2.0
import Martlet

/// Why a room is over: its server was gone for too long, it was closed, one was sent away.
struct RoomOver: Error, CustomStringConvertible {
    let description: String

    /// Waits until a room is over; `nil` where it was left, or the task is cancelled. A process that carried it may end: that is
    /// told, and another may take its place.
    /// - Parameter events: All that happens in it.
    static func wait(_ events: AsyncStream<RoomEvent>) async -> RoomOver? {
        for await event in events {
            guard case .connectionChanged(let change) = event,
                case .disconnected(let reason) = change.to
            else { continue }
            guard reason != .engineCrashed else { continue }
            guard reason != .left else { return nil }
            return RoomOver(
                description: change.error?.description ?? "The room is over: \(reason.rawValue).")
        }
        return nil
    }

    /// Waits until so many seconds have passed (0: until the process is told to end) or a room is over.
    static func wait(seconds: Double, _ events: AsyncStream<RoomEvent>) async -> RoomOver? {
        await withTaskGroup(of: RoomOver?.self) { group in
            group.addTask {
                if seconds > 0 {
                    try? await Task.sleep(for: .seconds(seconds))
                } else {
                    await Interruption.wait()
                }
                return nil
            }
            group.addTask { await wait(events) }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
