// The TCP side of a media port: peers whose network lets no UDP through (RFC 6544).
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
package import Wire

/// What the TCP side of a loop has done.
package struct StreamCounters: Sendable, Equatable {
    /// Connections taken.
    package var accepted: UInt64 = 0
    /// Connections closed at once because there were too many, of one address or of all.
    package var refused: UInt64 = 0
    /// Connections closed because what they sent belongs to no peer's media, or nothing came.
    package var dropped: UInt64 = 0
    /// Datagrams that came in.
    package var received: UInt64 = 0
    /// Datagrams handed to the kernel, or waiting for room.
    package var sent: UInt64 = 0
    /// Datagrams dropped because too much waited already, or the connection was gone.
    package var unsent: UInt64 = 0

    /// Nothing done yet.
    package init() {}
}

/// Passive TCP on the addresses and port of the UDP sockets. To the handler a connection is a path like any
/// other: its `socket` is the listener's number behind those of the UDP sockets.
package struct StreamSet: ~Copyable {
    /// The most connections at a time.
    package static let connectionsMax = 4_096
    /// The most connections from one address (a company behind one address fits in).
    package static let connectionsPerHostMax = 256
    /// How long a connection may take to say who it is.
    package static let proofTime = MediaDuration.seconds(5)
    /// How long a connection may be silent; peers are heard at least each 6 s.
    package static let silenceMax = MediaDuration.seconds(30)

    /// What was done so far.
    package private(set) var counters = StreamCounters()
    private let firstSocket: Int
    private let listeners: [Int32]
    private var connections: [StreamConnection?] = []
    private var free: [Int] = []
    /// Places that become free at the next turn: the poller may still name them in this one.
    private var closing: [Int] = []
    private var slotOfPath: [TransportPath: Int] = [:]
    private var countOfHost: [NetworkAddress: Int] = [:]
    private var nextSurvey = MediaInstant.zero
    /// Connections that may have begun to wait for room since the last turn.
    private var waiting: [Int] = []
    /// Given up for a moment when the process has no descriptor left: a connection that cannot be taken would wake
    /// the loop again and again. Below 0: there is none.
    private var spare: Int32

    /// Listens on addresses that the UDP sockets are bound to, numbered from `firstSocket` on.
    package init(addresses: [NetworkAddress], firstSocket: Int) throws(SocketError) {
        var opened: [Int32] = []
        for address in addresses {
            var local = mediaio_address(address)
            let result = unsafe mediaio_tcp_listen(&local)
            guard result >= 0 else {
                for descriptor in opened { mediaio_close(descriptor) }
                throw SocketError(opening: address, call: "listen", code: -result)
            }
            opened.append(result)
        }
        listeners = opened
        self.firstSocket = firstSocket
        spare = opened.isEmpty ? -1 : mediaio_wake_open()
    }

    deinit {
        if spare >= 0 { mediaio_close(spare) }
        for descriptor in listeners { mediaio_close(descriptor) }
        for connection in connections {
            if let connection { mediaio_close(connection.descriptor) }
        }
    }

    /// How many connections there are.
    package var count: Int { slotOfPath.count }

    /// Watches the listeners.
    func watch(with poller: inout Poller) throws(SocketError) {
        for (index, descriptor) in listeners.enumerated() {
            try poller.watch(descriptor, token: Poller.listenerToken(index))
        }
    }

    // MARK: Connections

    /// Takes the connections that wait at a listener.
    mutating func accept(at listener: Int, with poller: inout Poller, at now: MediaInstant) {
        guard listeners.indices.contains(listener) else { return }
        // The rest wait for the next turn.
        for _ in 0..<64 {
            var remote = mediaio_address()
            let descriptor = unsafe mediaio_tcp_accept(listeners[listener], &remote)
            guard descriptor >= 0 else {
                guard descriptor == -EMFILE || descriptor == -ENFILE, refuseNext(at: listener)
                else { return }
                continue
            }
            let address = NetworkAddress(remote)
            let host = address.with(port: 0)
            let path = TransportPath(
                socket: UInt16(clamping: firstSocket + listener), remote: address)
            guard count < Self.connectionsMax,
                countOfHost[host, default: 0] < Self.connectionsPerHostMax,
                slotOfPath[path] == nil
            else {
                counters.refused &+= 1
                mediaio_close(descriptor)
                continue
            }
            let slot = free.popLast() ?? connections.count
            do throws(SocketError) {
                try poller.watch(descriptor, token: Poller.connectionToken(slot))
            } catch {
                counters.refused &+= 1
                mediaio_close(descriptor)
                if slot < connections.count { free.append(slot) }
                continue
            }
            let connection = StreamConnection(descriptor: descriptor, path: path, at: now)
            if slot == connections.count {
                connections.append(connection)
            } else {
                connections[slot] = connection
            }
            slotOfPath[path] = slot
            countOfHost[host, default: 0] += 1
            counters.accepted &+= 1
        }
    }

    /// Takes and closes the next connection in the place of the spare descriptor; whether there was one.
    private mutating func refuseNext(at listener: Int) -> Bool {
        if spare >= 0 { mediaio_close(spare) }
        var remote = mediaio_address()
        let descriptor = unsafe mediaio_tcp_accept(listeners[listener], &remote)
        if descriptor >= 0 {
            counters.refused &+= 1
            mediaio_close(descriptor)
        }
        spare = mediaio_wake_open()
        return descriptor >= 0
    }

    private mutating func close(_ slot: Int) {
        guard let connection = connections[slot] else { return }
        mediaio_close(connection.descriptor)
        slotOfPath[connection.path] = nil
        let host = connection.path.remote.with(port: 0)
        if let left = countOfHost[host] { countOfHost[host] = left > 1 ? left - 1 : nil }
        connections[slot] = nil
        closing.append(slot)
    }

    /// Closes connections that say nothing, and frees the places of those that are closed.
    mutating func advance(to now: MediaInstant) {
        free.append(contentsOf: closing)
        closing.removeAll(keepingCapacity: true)
        guard now >= nextSurvey else { return }
        nextSurvey = now + .seconds(1)
        for slot in connections.indices {
            guard let connection = connections[slot] else { continue }
            let patience = connection.isProven ? Self.silenceMax : Self.proofTime
            guard now - connection.heardAt >= patience else { continue }
            counters.dropped &+= 1
            close(slot)
        }
    }

    /// When ``advance(to:)`` should be called at the latest; `nil` while there is no connection.
    var nextDeadline: MediaInstant? { slotOfPath.isEmpty && closing.isEmpty ? nil : nextSurvey }

    // MARK: Datagrams

    /// Reads what has come over a connection and hands on its datagrams; sends what waited for room.
    mutating func serve(
        _ slot: Int, with poller: inout Poller, at now: MediaInstant,
        _ body: (inout MutableSpan<UInt8>, TransportPath) -> Void
    ) {
        guard connections.indices.contains(slot), connections[slot] != nil else { return }
        if connections[slot]?.hasBacklog == true {
            guard connections[slot]?.sendBacklog() != .broken else { return close(slot) }
            watchForRoom(slot, with: &poller)
        }
        // Some reads a turn: others want their turn as well.
        for _ in 0..<4 {
            guard let room = connections[slot]?.frames.room(), !room.isEmpty else { return }
            let result = read(slot, room)
            switch result {
            case 1...: connections[slot]?.frames.fill(Int(result))
            case -EAGAIN, -EINTR: return
            default: return close(slot)
            }
            guard deliver(slot, at: now, body) else {
                counters.dropped &+= 1
                return close(slot)
            }
            guard Int(result) == room.count else { return }
        }
    }

    private mutating func read(_ slot: Int, _ room: Range<Int>) -> Int32 {
        guard let descriptor = connections[slot]?.descriptor else { return -EBADF }
        // The bytes belong to the connection and the kernel writes within `room`.
        return unsafe connections[slot]?.frames.bytes.withUnsafeMutableBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return -EBADF }
            return unsafe mediaio_tcp_receive(
                descriptor, base + room.lowerBound, UInt32(room.count))
        } ?? -EBADF
    }

    /// Whether what came was all right.
    private mutating func deliver(
        _ slot: Int, at now: MediaInstant,
        _ body: (inout MutableSpan<UInt8>, TransportPath) -> Void
    ) -> Bool {
        guard let path = connections[slot]?.path else { return true }
        while let next = connections[slot]?.frames.next() {
            switch next {
            case .incomplete: return true
            case .malformed: return false
            case .datagram(let range):
                if connections[slot]?.isProven == false {
                    // Media over TCP begins with a connectivity check (RFC 6544 §7.1).
                    guard (connections[slot]?.frames.bytes[range.lowerBound] ?? 255) < 4 else {
                        return false
                    }
                    connections[slot]?.isProven = true
                }
                connections[slot]?.heardAt = now
                counters.received &+= 1
                Self.withBytes(of: &connections[slot], in: range) { body(&$0, path) }
            }
        }
        return true
    }

    private static func withBytes(
        of connection: inout StreamConnection?, in range: Range<Int>,
        _ body: (inout MutableSpan<UInt8>) -> Void
    ) {
        unsafe connection?.frames.bytes.withUnsafeMutableBufferPointer { bytes in
            // The range was checked when the datagram was found; the span does not leave this closure.
            let part = unsafe UnsafeMutableBufferPointer(rebasing: bytes[range])
            var datagram = unsafe MutableSpan(_unsafeElements: part)
            body(&datagram)
        }
    }

    /// Whether a path is one of a connection.
    func owns(_ path: TransportPath) -> Bool {
        (firstSocket..<firstSocket + listeners.count).contains(Int(path.socket))
    }

    /// Sends the datagrams of a run over the path's connection.
    mutating func send(
        _ bytes: UnsafePointer<UInt8>, count: Int, segmentSize: Int, on path: TransportPath
    ) {
        var start = 0
        let size = segmentSize > 0 ? segmentSize : count
        while start < count {
            let part = min(size, count - start)
            defer { start += part }
            guard part <= Int(UInt16.max), let slot = slotOfPath[path],
                let result = unsafe connections[slot]?.send(bytes + start, count: part)
            else {
                counters.unsent &+= 1
                continue
            }
            switch result {
            case .sent:
                counters.sent &+= 1
                if connections[slot]?.hasBacklog == true { waiting.append(slot) }
            case .dropped: counters.unsent &+= 1
            case .broken:
                counters.unsent &+= 1
                close(slot)
            }
        }
    }

    /// Lets the poller tell of room where something waits. Called at the end of a turn.
    mutating func watchForRoom(with poller: inout Poller) {
        for slot in waiting { watchForRoom(slot, with: &poller) }
        waiting.removeAll(keepingCapacity: true)
    }

    private mutating func watchForRoom(_ slot: Int, with poller: inout Poller) {
        guard let connection = connections[slot],
            connection.hasBacklog != connection.isWatchedForRoom
        else { return }
        poller.change(
            connection.descriptor, token: Poller.connectionToken(slot),
            wantsRoom: connection.hasBacklog)
        connections[slot]?.isWatchedForRoom = connection.hasBacklog
    }
}
