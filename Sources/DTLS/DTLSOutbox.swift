// The datagrams an endpoint wants sent, with record numbers of its own for what is not encrypted.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// A bounded queue of outgoing datagrams.
///
/// Unprotected records (epoch 0) get their sequence number here and not from OpenSSL: a flight can
/// be repeated, and a handshake begun anew, and still no number is used twice (RFC 6347 §4.1).
struct DTLSOutbox {
    private var datagrams: [[UInt8]] = []
    private var head = 0
    private var sequence: UInt64 = 0
    private(set) var dropped: UInt64 = 0

    /// Queues datagrams as OpenSSL wrote them; they stay unchanged and may be queued again.
    mutating func append(_ flight: [[UInt8]]) {
        for datagram in flight {
            guard datagrams.count - head < DTLSLimits.outgoingMax else {
                dropped += 1
                continue
            }
            datagrams.append(numbered(datagram))
        }
    }

    /// Queues an unprotected fatal alert (RFC 5246 §7.2).
    mutating func append(fatalAlert description: UInt8) {
        append([[21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, description]])
    }

    /// Writes the next datagram; false if there is none. One that does not fit is dropped.
    mutating func next(into output: inout OutputSpan<UInt8>) -> Bool {
        while head < datagrams.count {
            let datagram = datagrams[head]
            datagrams[head] = []
            head += 1
            if head == datagrams.count {
                datagrams.removeAll()
                head = 0
            }
            if datagram.count <= output.freeCapacity {
                output.append(bytes: datagram.span)
                return true
            }
            dropped += 1
        }
        return false
    }

    private mutating func numbered(_ datagram: [UInt8]) -> [UInt8] {
        var result = datagram
        var offset = 0
        while let record = DTLSRecord.parse(in: datagram.span, at: offset) {
            if record.epoch == 0 {
                DTLSRecord.setSequence(sequence, ofRecordAt: offset, in: &result)
                sequence += 1
            }
            offset = record.range.upperBound
        }
        return result
    }
}
