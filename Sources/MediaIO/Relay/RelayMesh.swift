// The rings between all loops of a process, and who is woken when.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Synchronization

/// What the loops of a process hand packets to each other through.
package final class RelayMesh: Sendable {
    let ports: [RelayPort]

    /// Makes the ways between `count` loops, 1 to 64.
    package init(count: Int) throws(SocketError) {
        // Of many loops each pair carries less; and there are as many rings as pairs.
        let capacity = count <= 8 ? 1_024 : 256
        var ports: [RelayPort] = []
        for index in 0..<count {
            ports.append(
                RelayPort(
                    index: index, sources: count, capacity: capacity, wake: try WakeSignal()))
        }
        self.ports = ports
    }
}

/// Where one loop takes what others hand it.
final class RelayPort: Sendable {
    let index: Int
    let wake: WakeSignal
    /// By the loop that writes; that of the loop itself stays empty.
    let rings: [RelayRing]
    /// One bit for each loop that has published something since the last look.
    private let pending = Atomic<UInt64>(0)
    private let isAsleep = Atomic<Bool>(false)

    init(index: Int, sources: Int, capacity: Int, wake: WakeSignal) {
        self.index = index
        self.wake = wake
        rings = (0..<sources).map { RelayRing(capacity: $0 == index ? 0 : capacity) }
    }

    /// Tells the loop that another has published something; it is woken only where it sleeps.
    ///
    /// Both sides write one flag and then read the other's, all in one order that both agree on: either the loop sees
    /// the bit before it sleeps, or the writer sees that it sleeps.
    func announce(from source: Int) {
        pending.bitwiseOr(1 << UInt64(source), ordering: .sequentiallyConsistent)
        guard isAsleep.load(ordering: .sequentiallyConsistent),
            isAsleep.exchange(false, ordering: .sequentiallyConsistent)
        else { return }
        wake.signal()
    }

    /// Before the loop waits.
    /// - Returns: `false` if something is pending: then it must not.
    func fallAsleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        guard pending.load(ordering: .sequentiallyConsistent) != 0 else { return true }
        wakeUp()
        return false
    }

    /// After the loop has waited.
    func wakeUp() { isAsleep.store(false, ordering: .relaxed) }

    /// The loops that have published something since this was last asked, one bit for each.
    func takePending() -> UInt64 {
        guard pending.load(ordering: .relaxed) != 0 else { return 0 }
        return pending.exchange(0, ordering: .sequentiallyConsistent)
    }
}

/// One loop's end of the mesh, on its own thread.
struct RelayExchange: ~Copyable, RelayDoor {
    /// How many messages of one other loop are taken in one turn.
    static let messagesPerTurnMax = 256

    private let mesh: RelayMesh
    private let port: RelayPort
    /// One bit for each loop that was handed something in this turn.
    private var touched: UInt64 = 0
    /// One bit for each loop whose ring may hold more.
    private var left: UInt64 = 0

    init(_ mesh: RelayMesh, index: Int) {
        self.mesh = mesh
        port = mesh.ports[index]
    }

    /// Whether the loop may wait for something to happen; if so, others wake it from now on.
    mutating func mayWait() -> Bool { left == 0 && port.fallAsleep() }

    /// After the wait.
    func awake() { port.wakeUp() }

    mutating func relay(_ message: RelayMessage, payload: Span<UInt8>, to loop: Int) -> Bool {
        guard loop >= 0, loop < mesh.ports.count, loop != port.index,
            mesh.ports[loop].rings[port.index].push(message, payload: payload)
        else { return false }
        touched |= 1 << UInt64(loop)
        return true
    }

    /// Shows the other loops what they were handed.
    mutating func flush() {
        while touched != 0 {
            let loop = touched.trailingZeroBitCount
            touched &= touched - 1
            mesh.ports[loop].rings[port.index].publish()
            mesh.ports[loop].announce(from: port.index)
        }
    }

    /// Takes what others have handed over, from each loop a turn's worth at most.
    mutating func take(_ body: (RelayMessage, Span<UInt8>, Int) -> Void) {
        var sources = left | port.takePending()
        left = 0
        while sources != 0 {
            let source = sources.trailingZeroBitCount
            sources &= sources - 1
            guard source < port.rings.count else { continue }
            let ring = port.rings[source]
            var count = 0
            while count < Self.messagesPerTurnMax,
                ring.take({ message, payload in body(message, payload, source) })
            {
                count += 1
            }
            ring.release()
            if count == Self.messagesPerTurnMax { left |= 1 << UInt64(source) }
        }
    }
}
