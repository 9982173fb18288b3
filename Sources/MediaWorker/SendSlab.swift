// Where one turn's outgoing datagrams are gathered.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Wire

/// A block of bytes that fills during a turn, and the list of what to send from it.
///
/// Datagrams of equal size to one path that are written one behind another become one transmission,
/// which the kernel cuts up again (UDP_SEGMENT).
struct SendSlab: ~Copyable {
    /// Room for any one datagram.
    static let datagramMax = 2_048
    /// How many datagrams one transmission may hold (the kernel's UDP_MAX_SEGMENTS of older
    /// kernels).
    static let segmentsMax = 64
    /// How many bytes one transmission may hold: less than a UDP payload's 65,507.
    static let runBytesMax = 64_000

    var bytes: UniqueArray<UInt8>
    private(set) var used = 0
    private(set) var transmissions = UniqueArray<Transmission>()
    private(set) var datagramCount = 0
    private var segmentsOfLast = 0
    private var segmentSizeOfLast = 0
    private var isLastClosed = true

    init(capacity: Int) {
        bytes = UniqueArray(repeating: 0, count: capacity)
        transmissions.reserveCapacity(512)
    }

    /// Whether another datagram of any size fits.
    var hasRoom: Bool { used + Self.datagramMax <= bytes.count }

    /// Whether there is nothing to send.
    var isEmpty: Bool { transmissions.isEmpty }

    /// Takes the `count` bytes just written at `used` as one datagram.
    mutating func commit(count: Int, path: TransportPath) {
        guard count > 0 else { return }
        datagramCount += 1
        let last = transmissions.count - 1
        if !isLastClosed, last >= 0, count <= segmentSizeOfLast, segmentsOfLast < Self.segmentsMax,
            transmissions[last].lengthen(by: count, to: path, most: Self.runBytesMax)
        {
            segmentsOfLast += 1
            // A shorter one can only be the last of its run.
            isLastClosed = count < segmentSizeOfLast
        } else {
            transmissions.append(
                Transmission(path: path, offset: used, count: count, segmentSize: count))
            segmentsOfLast = 1
            segmentSizeOfLast = count
            isLastClosed = false
        }
        used += count
    }

    /// Hands everything to the door and starts over.
    mutating func flush<Door: DatagramDoor & ~Copyable>(through door: inout Door) {
        if !transmissions.isEmpty { door.send(bytes.span, transmissions.span) }
        transmissions.removeAll(keepingCapacity: true)
        used = 0
        datagramCount = 0
        isLastClosed = true
    }
}

extension Transmission {
    /// Takes another datagram behind its last, if it goes the same way and there is room for it.
    fileprivate mutating func lengthen(by more: Int, to path: TransportPath, most: Int) -> Bool {
        guard count + more <= most, self.path == path else { return false }
        count += more
        return true
    }
}
