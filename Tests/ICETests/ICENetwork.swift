// Two agents and the lossy network between them, in virtual time from one seed.
// SPDX-License-Identifier: Apache-2.0

import Wire

@testable import ICE

/// A world of two agents. Side 0 may sit behind a NAT: `visible` is what the other side sees of its sockets.
final class ICENetwork {
    struct Datagram {
        let due: MediaInstant
        let order: Int
        let side: Int
        let path: TransportPath
        let bytes: [UInt8]
    }

    struct Entry: Equatable, CustomStringConvertible {
        let time: MediaInstant
        let side: Int
        let event: ICEEvent
        var description: String { "\(time.nanoseconds / 1_000) side \(side): \(event)" }
    }

    let sides: [BoxedAgent]
    /// The addresses of the sockets of each side, as the other side sees them.
    var visible: [[NetworkAddress]]
    /// Sockets of side 0 whose datagrams are lost both ways.
    var cutSockets: [UInt16] = []
    var isCut = false
    /// Sockets of side 0 that stand for TCP: nothing is lost or doubled, and the first datagram waits for a round trip.
    var streamSockets: Set<UInt16> = []
    /// What side 0 has sent by each socket.
    private(set) var sentBySocket: [UInt16: Int] = [:]
    /// A NAT that lets nothing in from where nothing went out, if set: the addresses side 0 has sent to.
    var openedByNAT: [NetworkAddress]?
    var lossPercent = 0
    var delayMilliseconds: ClosedRange<Int64> = 5...30
    var duplicatePercent = 0

    private(set) var now = MediaInstant.zero
    private(set) var log: [Entry] = []
    private(set) var sentCounts = [0, 0]
    private var random: SeededRandom
    private var queue: [Datagram] = []
    private var order = 0

    init(_ first: BoxedAgent, _ second: BoxedAgent, visible: [[String]], seed: UInt64) {
        sides = [first, second]
        self.visible = visible.map { $0.compactMap { NetworkAddress($0) } }
        random = SeededRandom(seed: seed)
    }

    /// Runs until `end`, or until both sides have selected a path if `untilSelected`.
    func run(until end: MediaInstant, untilSelected: Bool = false) {
        drain()
        var steps = 0
        while !(untilSelected && sides.allSatisfy { $0.selectedPath != nil }) {
            let times =
                sides.compactMap(\.nextDeadline) + queue.map(\.due)
            guard let next = times.min(), next <= end else { break }
            steps += 1
            precondition(steps < 200_000, "the agents spin at \(now)")
            now = max(now, next)
            queue.sort { ($0.due, $0.order) < ($1.due, $1.order) }
            while let first = queue.first, first.due <= now {
                queue.removeFirst()
                _ = sides[first.side].take(first.bytes, on: first.path, at: now)
                drain()
            }
            for side in sides { side.advance(to: now) }
            drain()
        }
        if !untilSelected {
            now = max(now, end)
            for side in sides { side.advance(to: now) }
            drain()
        }
    }

    /// The events of one side.
    func events(of side: Int) -> [ICEEvent] { log.filter { $0.side == side }.map(\.event) }

    /// When the last event of one side came.
    func lastTime(of side: Int, where isWanted: (ICEEvent) -> Bool) -> MediaInstant? {
        log.last { $0.side == side && isWanted($0.event) }?.time
    }

    private func drain() {
        for side in sides.indices {
            while let (path, bytes) = sides[side].transmitted() {
                sentCounts[side] += 1
                send(bytes, from: side, on: path)
            }
            for event in sides[side].allEvents() {
                log.append(Entry(time: now, side: side, event: event))
            }
        }
    }

    private func send(_ bytes: [UInt8], from side: Int, on path: TransportPath) {
        if side == 0 { sentBySocket[path.socket, default: 0] += 1 }
        let source = visible[side][Int(path.socket)]
        let other = 1 - side
        guard let socket = visible[other].firstIndex(of: path.remote), !isCut else { return }
        let firstSideSocket = side == 0 ? path.socket : UInt16(socket)
        guard !cutSockets.contains(firstSideSocket) else { return }
        if side == 0 {
            openedByNAT?.append(path.remote)
        } else if let openedByNAT, !openedByNAT.contains(source) {
            return
        }
        if streamSockets.contains(firstSideSocket) {
            // The longest way there is, so that nothing overtakes.
            let opening: Int64 = sentBySocket[firstSideSocket] == 1 && side == 0 ? 3 : 1
            order += 1
            queue.append(
                Datagram(
                    due: now + .milliseconds(delayMilliseconds.upperBound * opening), order: order,
                    side: other, path: TransportPath(socket: UInt16(socket), remote: source),
                    bytes: bytes))
            return
        }
        let copies = Int.random(in: 0..<100, using: &random) < duplicatePercent ? 2 : 1
        for _ in 0..<copies where Int.random(in: 0..<100, using: &random) >= lossPercent {
            order += 1
            let delay = Int64.random(in: delayMilliseconds, using: &random)
            queue.append(
                Datagram(
                    due: now + .milliseconds(delay), order: order, side: other,
                    path: TransportPath(socket: UInt16(socket), remote: source), bytes: bytes))
        }
    }
}
