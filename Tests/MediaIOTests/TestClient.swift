// A plain UDP client and a gate between threads, for tests over loopback.
// SPDX-License-Identifier: Apache-2.0
import MediaIO
import MediaWorker
import Synchronization
import Wire

let loopback = NetworkAddress(ipv4: 0x7F00_0001, port: 0)

/// Sends and receives on one socket of 127.0.0.1, waiting at most five seconds for anything.
struct TestClient: ~Copyable {
    private var sockets: SocketSet
    private var inbox: DatagramInbox
    private var poller: Poller

    init(address: NetworkAddress = loopback) throws {
        let sockets = try SocketSet(bindings: [address])
        let inbox = try DatagramInbox(capacity: 256)
        var poller = try Poller()
        try poller.watch(sockets)
        self.sockets = sockets
        self.inbox = inbox
        self.poller = poller
    }

    var address: NetworkAddress { sockets.addresses[0] }

    /// Sends datagrams, all at once.
    mutating func send(_ datagrams: [[UInt8]], to remote: NetworkAddress) {
        var slab: [UInt8] = []
        var transmissions: [Transmission] = []
        for datagram in datagrams {
            transmissions.append(
                Transmission(
                    path: TransportPath(socket: 0, remote: remote), offset: slab.count,
                    count: datagram.count, segmentSize: datagram.count))
            slab += datagram
        }
        sockets.send(slab.span, transmissions.span)
    }

    /// The next datagrams until there are `count` of them or five seconds have gone.
    mutating func receive(
        _ count: Int, for patience: MediaDuration = .seconds(5)
    ) -> [(bytes: [UInt8], from: NetworkAddress)] {
        var received: [(bytes: [UInt8], from: NetworkAddress)] = []
        let end = MonotonicClock.now() + patience
        while received.count < count {
            let left = end - MonotonicClock.now()
            guard left > .zero else { break }
            guard poller.wait(timeout: left) > 0 else { continue }
            inbox.beginTurn()
            for slot in inbox.fill(from: 0, of: sockets).slots {
                inbox.withDatagram(in: slot) { datagram, remote in
                    received.append((datagram.span.copied(), remote))
                }
            }
        }
        return received
    }
}

/// Lets one thread wait for another.
final class Gate: Sendable, Equatable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    /// Waits, at most ten seconds.
    func wait() {
        let end = MonotonicClock.now() + .seconds(10)
        while !isOpen.withLock({ $0 }), MonotonicClock.now() < end {}
    }

    static func == (left: Gate, right: Gate) -> Bool { left === right }
}

/// The first `count` events of a loop.
func firstEvents<Handler: MediaLoopHandler & ~Copyable>(
    _ count: Int, of loop: MediaLoop<Handler>
) async -> [Handler.Event] {
    var events: [Handler.Event] = []
    for await event in loop.events {
        events.append(event)
        if events.count == count { break }
    }
    return events
}
