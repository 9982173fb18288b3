// The TCP connections of a client, without sockets: frames in and out, bounds, and when one is opened and closed.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// What a client's driver is to do about TCP connections; each has a number of its own.
package enum StreamOrder: Sendable, Equatable {
    /// Connect, and say `opened` or `closed`.
    case connect(UInt64, TransportPath)
    /// Close it; it is not heard of again.
    case close(UInt64)
    /// Not for a socket: the connection behind this path is gone, which ICE has to know.
    case lost(TransportPath)
}

/// TCP to the server's passive candidates, where datagrams travel in frames (RFC 6544 §4.1, RFC 4571), and to relays, where
/// they stand one after the other (RFC 8656 §3.1).
///
/// A connection is opened by the first datagram for its path and closed when nothing was sent for a while, so ICE alone
/// decides which there are. What a slow connection does not carry is dropped, media before checks and handshakes: old media
/// is of no use, and memory stays bounded.
package struct ClientStreams: Sendable {
    /// The most connections at a time.
    package static let connectionsMax = 8
    /// Media that waits for room, in bytes; what is beyond is dropped.
    package static let mediaBytesMax = 64 * 1_024
    /// Checks, handshakes and media that wait, in bytes.
    package static let bytesMax = 80 * 1_024
    /// So long media may wait without a moment in which nothing does; then it is dropped until there is one.
    package static let mediaWaitMax = MediaDuration.milliseconds(500)
    /// How long connecting may take.
    package static let connectTime = MediaDuration.seconds(10)
    /// A connection over which nothing is sent for so long is closed; one in use is asked for consent each 6 s.
    package static let idleTime = MediaDuration.seconds(15)
    /// The same for one to a relay, which is given back half a minute after it was used last.
    package static let relayIdleTime = MediaDuration.seconds(60)

    private struct Stream {
        let number: UInt64
        let path: TransportPath
        let isRelay: Bool
        var isOpen = false
        /// When something was last sent; connecting, when that began.
        var usedAt: MediaInstant
        var frames: StreamFrames
        var out: [UInt8] = []
        var outStart = 0
        /// Since when something has waited without a break.
        var waitsSince: MediaInstant?

        var waiting: Int { out.count - outStart }

        var deadline: MediaInstant {
            let idle = isRelay ? ClientStreams.relayIdleTime : ClientStreams.idleTime
            return usedAt + (isOpen ? idle : ClientStreams.connectTime)
        }

        init(number: UInt64, path: TransportPath, isRelay: Bool, at now: MediaInstant) {
            self.number = number
            self.path = path
            self.isRelay = isRelay
            usedAt = now
            frames = StreamFrames(isRelay ? .relayed : .lengths)
        }
    }

    private var streams: [Stream] = []
    private var orders: [StreamOrder] = []
    private var lastNumber: UInt64 = 0
    /// Datagrams dropped because too much waited.
    package private(set) var droppedDatagrams: UInt64 = 0

    private let relaySockets: [UInt16]

    /// Without connections.
    /// - Parameter relaySockets: The numbers of the sockets whose paths lead to relays.
    package init(relaySockets: [UInt16] = []) { self.relaySockets = relaySockets }

    /// How many connections there are, or are being opened.
    package var count: Int { streams.count }

    /// The connections that bytes may be asked of, in the order of opening.
    package var open: [UInt64] { streams.lazy.filter(\.isOpen).map(\.number) }

    // MARK: Datagrams

    /// Sends a datagram, or lets it wait; opens the path's connection if there is none.
    package mutating func send(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard (1...StreamFrames.datagramMax).contains(datagram.count),
            let index = index(of: path, at: now)
        else {
            droppedDatagrams &+= 1
            return
        }
        let isRelay = streams[index].isRelay
        let padding = isRelay ? -datagram.count & 3 : 0
        let whole = (isRelay ? padding : StreamFrames.headCount) + datagram.count
        // RFC 7983 §7: what begins with 128 to 191 is media; in a channel four bytes stand before it.
        let isMedia =
            datagram[0] >= 128 || isRelay && datagram[0] >= 64 && datagram.uint8(at: 4) ?? 0 >= 128
        let isLate = streams[index].waitsSince.map { now - $0 >= Self.mediaWaitMax } ?? false
        guard
            streams[index].waiting + whole <= (isMedia ? Self.mediaBytesMax : Self.bytesMax),
            !isMedia || !isLate
        else {
            droppedDatagrams &+= 1
            return
        }
        if streams[index].isOpen { streams[index].usedAt = now }
        if streams[index].waitsSince == nil { streams[index].waitsSince = now }
        if !isRelay {
            streams[index].out.append(UInt8(truncatingIfNeeded: datagram.count >> 8))
            streams[index].out.append(UInt8(truncatingIfNeeded: datagram.count))
        }
        for position in datagram.indices { streams[index].out.append(datagram[position]) }
        for _ in 0..<padding { streams[index].out.append(0) }
    }

    private mutating func index(of path: TransportPath, at now: MediaInstant) -> Int? {
        if let index = streams.firstIndex(where: { $0.path == path }) { return index }
        guard streams.count < Self.connectionsMax else { return nil }
        lastNumber &+= 1
        let isRelay = relaySockets.contains(path.socket)
        streams.append(Stream(number: lastNumber, path: path, isRelay: isRelay, at: now))
        orders.append(.connect(lastNumber, path))
        return streams.count - 1
    }

    /// Takes what is to be written next to an open connection.
    /// - Parameter bytesMax: The most bytes.
    /// - Returns: `nil`: there is nothing.
    package mutating func takeBytes(of number: UInt64, bytesMax: Int) -> [UInt8]? {
        guard let index = index(of: number), streams[index].isOpen, streams[index].waiting > 0,
            bytesMax > 0
        else { return nil }
        let start = streams[index].outStart
        let end = min(start + bytesMax, streams[index].out.count)
        let bytes = Array(streams[index].out[start..<end])
        if end == streams[index].out.count {
            streams[index].out.removeAll(
                keepingCapacity: streams[index].out.capacity <= Self.bytesMax)
            streams[index].outStart = 0
            streams[index].waitsSince = nil
        } else if end >= Self.mediaBytesMax {
            streams[index].out.removeFirst(end)
            streams[index].outStart = 0
        } else {
            streams[index].outStart = end
        }
        return bytes
    }

    /// Takes bytes that came over a connection, and hands on the datagrams in them, which may be changed in place. What is
    /// no stream of datagrams is closed.
    package mutating func receive(
        _ bytes: Span<UInt8>, of number: UInt64,
        _ body: (inout MutableSpan<UInt8>, TransportPath) -> Void
    ) {
        guard let index = index(of: number) else { return }
        let path = streams[index].path
        var position = 0
        while position < bytes.count {
            let room = streams[index].frames.room()
            let count = min(room.count, bytes.count - position)
            for offset in 0..<count {
                streams[index].frames.bytes[room.lowerBound + offset] = bytes[position + offset]
            }
            streams[index].frames.fill(count)
            position += count
            while true {
                switch streams[index].frames.next() {
                case .datagram(let range):
                    var all = streams[index].frames.bytes.mutableSpan
                    var datagram = all.extracting(range)
                    body(&datagram, path)
                    continue
                case .incomplete: break
                case .malformed: return drop(index)
                }
                break
            }
        }
    }

    // MARK: Connections

    /// The connection asked for is there.
    package mutating func opened(_ number: UInt64, at now: MediaInstant) {
        guard let index = index(of: number) else { return }
        streams[index].isOpen = true
        streams[index].usedAt = now
    }

    /// The connection broke, or could not be opened.
    package mutating func closed(_ number: UInt64) {
        guard let index = index(of: number) else { return }
        orders.append(.lost(streams[index].path))
        streams.remove(at: index)
    }

    /// Closes them all, without telling ICE.
    package mutating func closeAll() {
        for stream in streams { orders.append(.close(stream.number)) }
        streams = []
    }

    /// Closes what is of no use, or cannot be opened.
    package mutating func advance(to now: MediaInstant) {
        for index in streams.indices.reversed() where streams[index].deadline <= now {
            drop(index)
        }
    }

    /// When ``advance(to:)`` has something to do; `nil` without connections.
    package var nextDeadline: MediaInstant? { streams.lazy.map(\.deadline).min() }

    /// The next thing to do; `nil`: nothing more for now.
    package mutating func pollOrder() -> StreamOrder? {
        orders.isEmpty ? nil : orders.removeFirst()
    }

    private mutating func drop(_ index: Int) {
        orders.append(.close(streams[index].number))
        orders.append(.lost(streams[index].path))
        streams.remove(at: index)
    }

    /// Whether a connection is wanted, open or not.
    package func contains(_ number: UInt64) -> Bool { index(of: number) != nil }

    private func index(of number: UInt64) -> Int? {
        streams.firstIndex { $0.number == number }
    }
}
