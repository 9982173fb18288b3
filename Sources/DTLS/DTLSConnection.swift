// The time after keys: application data, the peer's late repetitions, and the end.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// A connected session.
struct DTLSConnection {
    /// What a record brought.
    struct Findings {
        var data: [[UInt8]] = []
        var isOver = false
        /// The peer repeats its last flight, so it has not seen ours.
        var missesLastFlight = false
    }

    private let role: DTLSRole
    private let session: DTLSSession
    private let lastFlight: [[UInt8]]
    private var repeatsLeft = DTLSLimits.lastFlightRepeatsMax
    private let recordBytesMin: Int
    private let dataBytesMax: Int

    init(role: DTLSRole, session: DTLSSession, lastFlight: [[UInt8]]) {
        self.role = role
        self.session = session
        self.lastFlight = role == .server ? lastFlight : []
        recordBytesMin = session.recordBytesMin
        dataBytesMax = session.dataBytesMax
    }

    /// Takes one record. Only what is encrypted reaches OpenSSL, so nobody but the peer can end the
    /// session.
    func take(
        _ record: DTLSRecord, of datagram: Span<UInt8>, counters: inout DTLSCounters
    ) -> Findings {
        var findings = Findings()
        switch record.epoch {
        case 0:
            counters.unexpectedRecords += 1
            findings.missesLastFlight = isOfLastFlight(record, in: datagram)
            return findings
        case 1:
            break
        default:
            counters.unexpectedRecords += 1
            return findings
        }
        guard record.body.count >= recordBytesMin else {
            counters.malformedRecords += 1
            return findings
        }
        return read(datagram.extracting(record.range))
    }

    /// Reads what OpenSSL had taken before the handshake was complete.
    func readPending() -> Findings { read(Span()) }

    private func read(_ record: Span<UInt8>) -> Findings {
        var findings = Findings()
        var reading = session.read(record)
        while case .data(let data) = reading {
            findings.data.append(data)
            reading = session.read(Span())
        }
        switch reading {
        case .data, .nothing: break
        case .closed, .fatal: findings.isOver = true
        }
        return findings
    }

    private func isOfLastFlight(_ record: DTLSRecord, in datagram: Span<UInt8>) -> Bool {
        switch record.kind {
        case .changeCipherSpec:
            return true
        case .handshake:
            let first = DTLSHandshakeFragment.first(of: record, in: datagram, from: .client)
            return first.map { $0.kind != .clientHello } ?? false
        case .alert, .applicationData:
            return false
        }
    }

    /// Takes what OpenSSL wrote.
    func takeDatagrams() -> [[UInt8]] { session.takeDatagrams() }

    /// The last flight once more; empty for a client, which never sends the last one, and past the
    /// limit.
    mutating func lastFlightAgain() -> [[UInt8]] {
        guard repeatsLeft > 0 else { return [] }
        repeatsLeft -= 1
        return lastFlight
    }

    /// Encrypts application data; false if it does not fit one datagram.
    func write(_ data: Span<UInt8>) -> Bool {
        data.count > 0 && data.count <= dataBytesMax && session.write(data)
    }

    /// Writes a close_notify alert.
    func shutdown() { session.shutdown() }
}
