// A data stream of an isolated room: packets wait in the application until the server has them, so that they outlive an engine.
// SPDX-License-Identifier: Apache-2.0

/// One stream. It belongs to one event loop.
final class IsolatedStream {
    /// The most packets that wait, as in a room of this process.
    static let packetsMax = 64

    struct Packet {
        var bytes: [UInt8]
        var userTimestamp: Int64?
    }

    /// What the application calls it.
    let number: Int
    /// What the engine calls it; `nil`: there is none that knows it.
    private(set) var carried: Int?
    /// Why it is closed; `nil`: it is not.
    private(set) var failure: MartletError?
    private var waiting: [Packet] = []
    private var isUnderWay = false
    /// Counts engines: what one of before answers is of no interest.
    private(set) var carrier = 0
    private var writers: [CheckedContinuation<Void, Never>] = []

    init(number: Int, carried: Int) {
        self.number = number
        self.carried = carried
    }

    /// Whether one more packet may wait.
    var hasSpace: Bool { waiting.count < Self.packetsMax }

    /// How many packets wait, the one under way included.
    var waitingCount: Int { waiting.count }

    func append(_ packet: Packet) { waiting.append(packet) }

    /// Waits for space, the end, or ``wake()``.
    func wait(_ continuation: CheckedContinuation<Void, Never>) { writers.append(continuation) }

    /// Lets everybody who waits look again.
    func wake() {
        let woken = writers
        writers = []
        for writer in woken { writer.resume() }
    }

    /// The packet that is to go to the engine now; `nil`: there is none, or one is under way.
    func next() -> Packet? {
        guard carried != nil, !isUnderWay, let packet = waiting.first else { return nil }
        isUnderWay = true
        return packet
    }

    /// The packet under way has arrived, or was refused.
    func settle() {
        isUnderWay = false
        if !waiting.isEmpty { waiting.removeFirst() }
        wake()
    }

    /// Its engine is gone.
    /// - Returns: Whether a packet was under way: it may have arrived, so it is not sent again.
    func lose() -> Bool {
        carried = nil
        carrier += 1
        guard isUnderWay else { return false }
        settle()
        return true
    }

    /// Another engine has it now.
    func resume(as carried: Int) { self.carried = carried }

    /// It is over.
    func close(_ error: MartletError) {
        if failure == nil { failure = error }
        wake()
    }

    deinit { for writer in writers { writer.resume() } }
}
