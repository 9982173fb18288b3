// One OpenSSL session in safe Swift: records in, datagrams out.
// SPDX-License-Identifier: Apache-2.0
import CDTLS
import Wire

/// A handshake and what follows it, as OpenSSL does it. Belongs to one endpoint.
///
/// The handle is made in `init`, freed in `deinit` and never leaves: no call can meet a freed
/// session.
@safe
final class DTLSSession {
    /// What a step of the handshake came to.
    enum Progress { case finished, needsMore, fatal }
    /// What a record of a connected session held.
    enum Reading { case data([UInt8]), nothing, closed, fatal }

    private let handle: OpaquePointer
    // The session's BIO uses a table that the context owns.
    private let context: DTLSContext

    /// `nil` without memory.
    init?(context: DTLSContext, role: DTLSRole, pathBytesMax: Int) {
        let size = UInt16(clamping: max(256, min(pathBytesMax, DTLSLimits.datagramBytesMax)))
        guard let made = unsafe cdtls_session_new(context.handle, role == .server, size) else {
            return nil
        }
        unsafe handle = made
        self.context = context
    }

    deinit { unsafe cdtls_session_free(handle) }

    /// Lets a client write its ClientHello.
    func begin() -> Progress { progress(unsafe cdtls_session_handshake(handle, nil, 0)) }

    /// Takes one record and carries the handshake on.
    func handshake(_ record: Span<UInt8>) -> Progress {
        unsafe record.withUnsafeBufferPointer { bytes in
            progress(unsafe cdtls_session_handshake(handle, bytes.baseAddress, bytes.count))
        }
    }

    private func progress(_ result: Int32) -> Progress {
        switch Int(result) {
        case CDTLS_FINISHED: .finished
        case CDTLS_NEEDS_MORE: .needsMore
        default: .fatal
        }
    }

    /// Takes one record of a connected session, or an empty span to read on in what it already
    /// took.
    func read(_ record: Span<UInt8>) -> Reading {
        var result: Int32 = 0
        // As long as the longest datagram, and so longer than any plaintext of one.
        let data = unsafe [UInt8](unsafeUninitializedCapacity: DTLSLimits.datagramBytesMax) {
            output, count in
            guard let start = output.baseAddress else { return }
            unsafe record.withUnsafeBufferPointer { bytes in
                unsafe result = cdtls_session_read(
                    handle, bytes.baseAddress, bytes.count, start, output.count)
            }
            count = max(0, min(Int(result), output.count))
        }
        if result > 0 { return .data(data) }
        switch Int(result) {
        case CDTLS_NEEDS_MORE: return .nothing
        case CDTLS_CLOSED: return .closed
        default: return .fatal
        }
    }

    /// Encrypts application data into one outgoing datagram.
    func write(_ data: Span<UInt8>) -> Bool {
        unsafe data.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return false }
            return unsafe cdtls_session_write(handle, start, bytes.count)
        }
    }

    /// Writes a close_notify alert.
    func shutdown() { unsafe cdtls_session_shutdown(handle) }

    /// Lets a client's OpenSSL write its flight anew if its own slow timer ran out.
    func retransmitIfDue() { unsafe cdtls_session_retransmit_if_due(handle) }

    /// Takes all outgoing datagrams.
    func takeDatagrams() -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        while true {
            let needed = unsafe cdtls_session_next_count(handle)
            guard needed > 0 else { return datagrams }
            datagrams.append(
                unsafe [UInt8](unsafeUninitializedCapacity: needed) { output, count in
                    guard let start = output.baseAddress else { return }
                    unsafe count = cdtls_session_next_datagram(handle, start, output.count)
                })
        }
    }

    /// Forgets all outgoing datagrams.
    func discardDatagrams() { unsafe cdtls_session_discard_datagrams(handle) }

    /// Why the last step was fatal.
    var failureReason: String { unsafe String(cString: cdtls_session_error(handle)) }

    /// The certificate the peer presented, in DER; empty if there is none.
    var peerCertificate: [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: DTLSLimits.certificateBytesMax) {
            output, count in
            guard let start = output.baseAddress else { return }
            unsafe count = cdtls_session_peer_certificate(handle, start, output.count)
        }
    }

    /// How many bytes of application data fit in one datagram.
    var dataBytesMax: Int { Int(clamping: unsafe cdtls_session_data_max(handle)) }

    /// The fewest bytes an encrypted record of the negotiated cipher has after its header. OpenSSL
    /// ends the session over a shorter one (CBC ciphers), though anybody can send it.
    var recordBytesMin: Int { Int(clamping: unsafe cdtls_session_record_min(handle)) }

    /// The SRTP keys of a complete handshake; `nil` if no profile was agreed on.
    func exportKeys(role: DTLSRole) -> DTLSKeyingMaterial? {
        let profile = unsafe cdtls_session_srtp_profile(handle)
        guard let layout = SRTPKeyLayout(profile: profile) else { return nil }
        let (keyCount, saltCount) = (layout.keyCount, layout.saltCount)
        var isDone = false
        let total = 2 * (keyCount + saltCount)
        let material = unsafe [UInt8](unsafeUninitializedCapacity: total) { output, count in
            guard let start = output.baseAddress else { return }
            unsafe isDone = cdtls_session_export_keys(handle, start, total)
            count = isDone ? total : 0
        }
        guard isDone else { return nil }
        // RFC 5764 §4.2: client key, server key, client salt, server salt.
        let clientKey = Array(material[0..<keyCount])
        let serverKey = Array(material[keyCount..<2 * keyCount])
        let clientSalt = Array(material[2 * keyCount..<2 * keyCount + saltCount])
        let serverSalt = Array(material[(2 * keyCount + saltCount)...])
        return switch role {
        case .client:
            DTLSKeyingMaterial(
                profile: profile, localKey: clientKey, localSalt: clientSalt, remoteKey: serverKey,
                remoteSalt: serverSalt)
        case .server:
            DTLSKeyingMaterial(
                profile: profile, localKey: serverKey, localSalt: serverSalt, remoteKey: clientKey,
                remoteSalt: clientSalt)
        }
    }
}
