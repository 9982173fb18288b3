// A second media loop beside the first, and what they hand each other.
// SPDX-License-Identifier: Apache-2.0
package import MediaWorker
import Wire

extension VirtualCall {
    /// The loops' numbers towards each other: the first is 0, its neighbour 1.
    private static let loops = (near: 0, far: 1)

    /// Opens the second loop, empty.
    package func openNeighbour() {
        var configuration = configuration
        configuration.seed &+= 1
        neighbour = MediaWorker(configuration: configuration)
    }

    /// Does what the control plane does before a section of a client is shown to clients of the other loop.
    package func relay(_ publisher: VirtualClient, _ mids: [String]) {
        let isFar = isFar(publisher.id)
        guard let media = publisher.serverMedia else { return }
        let home = isFar ? Self.loops.far : Self.loops.near
        apply(.addStandIn(publisher.id, media, loop: home), far: !isFar)
        for mid in mids { setRelayed(publisher, mid, true) }
    }

    /// Begins or ends the relay of one section.
    package func setRelayed(_ publisher: VirtualClient, _ mid: String, _ isRelayed: Bool) {
        let isFar = isFar(publisher.id)
        let other = isFar ? Self.loops.near : Self.loops.far
        let accept = WorkerCommand.acceptTrack(publisher: publisher.id, mid: mid, isRelayed)
        if isRelayed { apply(accept, far: !isFar) }
        apply(.relayTrack(publisher: publisher.id, mid: mid, to: other, isRelayed), far: isFar)
        if !isRelayed { apply(accept, far: !isFar) }
    }

    /// Hands over what both loops have for each other, at once and in both directions.
    func exchangeRelayed() {
        var door = VirtualRelay(packetsMax: relayedPerTurnMax)
        door.exchange(&worker, &neighbour, at: now)
    }
}

/// Takes what one loop hands to another.
package struct VirtualRelay: RelayDoor {
    private var messages: [(RelayMessage, [UInt8])] = []
    private var packets = 0
    private let packetsMax: Int

    /// - Parameter packetsMax: How many packets find room in one turn.
    package init(packetsMax: Int = .max) { self.packetsMax = packetsMax }

    /// Hands over what two loops have for each other, the first loop's before the second's, and lets both act on it.
    mutating func exchange(
        _ near: inout MediaWorker, _ far: inout MediaWorker?, at now: MediaInstant
    ) {
        near.sendRelayed(at: now, through: &self)
        for (message, payload) in take() {
            far?.receiveRelayed(message, payload: payload.span, from: 0, at: now)
        }
        far?.advance(to: now)
        far?.sendRelayed(at: now, through: &self)
        for (message, payload) in take() {
            near.receiveRelayed(message, payload: payload.span, from: 1, at: now)
        }
        near.advance(to: now)
    }

    package mutating func relay(
        _ message: RelayMessage, payload: Span<UInt8>, to loop: Int
    ) -> Bool {
        if case .packet = message {
            guard packets < packetsMax else { return false }
            packets += 1
        }
        messages.append((message, payload.copied()))
        return true
    }

    /// What was handed over since this was last asked.
    package mutating func take() -> [(RelayMessage, [UInt8])] {
        defer {
            messages.removeAll(keepingCapacity: true)
            packets = 0
        }
        return messages
    }
}
