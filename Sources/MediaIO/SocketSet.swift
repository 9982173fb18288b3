// The sockets of one media loop: UDP on each local address, and TCP for those who have no UDP.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
package import MediaWorker
package import Wire

/// How a loop's sockets are opened.
package struct SocketConfiguration: Sendable, Equatable {
    /// The receive buffer asked of the kernel, in bytes; 0 keeps the system's.
    package var receiveBufferBytes = 4 << 20
    /// The send buffer asked of the kernel, in bytes; 0 keeps the system's.
    package var sendBufferBytes = 4 << 20
    /// Whether peers may come over TCP, on the same addresses and port (RFC 6544).
    package var acceptsStreams = false
    /// Whether runs leave as one message where the kernel can segment them (`UDP_SEGMENT`).
    package var usesSegmentation = true

    /// The values for a server.
    package init() {}
}

/// UDP sockets of one loop; a path's `socket` is the index into `addresses`.
///
/// There is a socket for each address because a wildcard socket answers from whatever address the route
/// prefers, and a peer drops answers that do not come from where it sent to.
package struct SocketSet: ~Copyable {
    /// The most sockets of one set; a path would name 65,536, of which connections over TCP need some.
    package static let countMax = 16_384
    /// Sockets up to which each keeps room for a whole batch from the beginning on.
    private static let reservingMax = 64
    /// How often an ephemeral port is drawn anew because one of the addresses has it taken.
    package static let portAttemptsMax = 16

    /// Where each socket is bound, with its real port.
    package let addresses: [NetworkAddress]
    /// What was sent and dropped so far.
    package private(set) var counters = SendCounters()
    let descriptors: [Int32]
    private var queues: [SendQueue]
    /// The sockets that have something to send at the end of a batch, some of them perhaps twice.
    private var touched: [Int] = []
    /// The TCP side; without listeners where it is not wanted.
    var streams: StreamSet

    /// Opens a socket for each address, all on one port.
    /// - Parameters:
    ///   - addresses: The local addresses; their own ports are not looked at.
    ///   - port: The port; 0 for one that is free on all of them.
    package init(
        addresses: [NetworkAddress], port: UInt16,
        configuration: SocketConfiguration = SocketConfiguration()
    ) throws(SocketError) {
        var attempt = 1
        while true {
            do throws(SocketError) {
                try self.init(
                    opening: addresses.map { $0.with(port: port) }, sharesPort: true,
                    configuration: configuration)
                return
            } catch .addressInUse(let address) {
                guard port == 0, attempt < Self.portAttemptsMax else {
                    throw .addressInUse(address)
                }
                attempt += 1
            }
        }
    }

    /// Opens a socket for each binding, each on its own port (0: a free one).
    package init(
        bindings: [NetworkAddress], configuration: SocketConfiguration = SocketConfiguration()
    ) throws(SocketError) {
        try self.init(opening: bindings, sharesPort: false, configuration: configuration)
    }

    private init(
        opening bindings: [NetworkAddress], sharesPort: Bool, configuration: SocketConfiguration
    ) throws(SocketError) {
        guard (1...Self.countMax).contains(bindings.count) else {
            throw .addressCount(bindings.count, max: Self.countMax)
        }
        var opened: [Int32] = []
        var bound: [NetworkAddress] = []
        do throws(SocketError) {
            for binding in bindings {
                let wanted =
                    sharesPort ? binding.with(port: bound.first?.port ?? binding.port) : binding
                let descriptor = try Self.open(wanted, configuration)
                opened.append(descriptor)
                bound.append(try Self.localAddress(of: descriptor))
            }
            streams = try StreamSet(
                addresses: configuration.acceptsStreams ? bound : [], firstSocket: bound.count)
        } catch {
            for descriptor in opened { mediaio_close(descriptor) }
            throw error
        }
        descriptors = opened
        addresses = bound
        queues = opened.map {
            SendQueue(
                segments: configuration.usesSegmentation && mediaio_has_segmentation($0) != 0,
                reserves: opened.count <= Self.reservingMax)
        }
        touched.reserveCapacity(Self.reservingMax)
    }

    deinit {
        for descriptor in descriptors { mediaio_close(descriptor) }
    }

    /// How many datagrams the kernel dropped because receive buffers were full, since the sockets opened.
    package var kernelDrops: UInt64 {
        descriptors.reduce(0) { $0 &+ UInt64(mediaio_kernel_drops($1)) }
    }

    private static func open(
        _ binding: NetworkAddress, _ configuration: SocketConfiguration
    ) throws(SocketError) -> Int32 {
        var local = mediaio_address(binding)
        let result = unsafe mediaio_udp_open(
            &local, Int32(clamping: configuration.receiveBufferBytes),
            Int32(clamping: configuration.sendBufferBytes))
        guard result >= 0 else { throw SocketError(opening: binding, call: "bind", code: -result) }
        return result
    }

    private static func localAddress(of descriptor: Int32) throws(SocketError) -> NetworkAddress {
        var address = mediaio_address()
        let result = unsafe mediaio_local_address(descriptor, &address)
        guard result == 0 else { throw .system(call: "getsockname", code: -result) }
        return NetworkAddress(address)
    }
}

extension SocketSet: DatagramDoor {
    /// Hands the transmissions to the kernel in batches per socket. At most one wait of a millisecond for
    /// room in a full send buffer; what does not fit then is dropped and counted.
    package mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        var patience = 1
        unsafe slab.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            for index in transmissions.indices {
                let transmission = transmissions[index]
                let socket = Int(transmission.path.socket)
                guard transmission.offset >= 0, transmission.count > 0,
                    transmission.offset <= bytes.count - transmission.count,
                    socket < queues.count || streams.owns(transmission.path)
                else {
                    counters.malformed &+= 1
                    continue
                }
                if socket >= queues.count {
                    unsafe streams.send(
                        base + transmission.offset, count: transmission.count,
                        segmentSize: transmission.segmentSize, on: transmission.path)
                    continue
                }
                var rest = OutgoingRun(transmission)
                while let message = rest.next(segments: queues[socket].segments) {
                    if queues[socket].isFull {
                        unsafe flush(socket, base, &patience)
                    }
                    if queues[socket].isEmpty { touched.append(socket) }
                    queues[socket].append(message)
                }
                if rest.isTooLong { counters.malformed &+= 1 }
            }
            for place in touched.indices where !queues[touched[place]].isEmpty {
                unsafe flush(touched[place], base, &patience)
            }
            touched.removeAll(keepingCapacity: true)
        }
    }

    private mutating func flush(
        _ socket: Int, _ slab: UnsafePointer<UInt8>, _ patience: inout Int
    ) {
        // The slab is alive for the whole of `send`, and every queue is empty when that returns.
        var kernel = unsafe SocketKernel(descriptor: descriptors[socket], slab: slab)
        queues[socket].flush(through: &kernel, patience: &patience, counters: &counters)
    }
}
