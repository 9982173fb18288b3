// One TLS connection in safe Swift: ciphertext in, plaintext out, and the other way round.
// SPDX-License-Identifier: Apache-2.0
import CClientTLS
import NIOCore

/// A client's TLS as OpenSSL does it, without a socket. Belongs to one event loop.
///
/// The handle is made in `init`, freed in `deinit` and never leaves: no call can meet a freed session.
@safe
final class TLSSession {
    /// What a step of the handshake came to.
    enum Progress { case finished, needsMore, failed }
    /// What reading came to.
    enum Reading { case data, nothing, closed, failed }

    /// As long as the longest plaintext of one record (RFC 8446 §5.1).
    private static let recordBytesMax = 16 * 1024

    private let handle: OpaquePointer
    let host: String
    // The session refers to what the context owns.
    private let context: TLSContext

    /// - Throws: `.tlsUnusable` without memory.
    init(context: TLSContext, host: String, isIPAddress: Bool) throws(WebSocketError) {
        guard let made = unsafe cclienttls_session_new(context.handle, host, isIPAddress) else {
            throw .tlsUnusable("OpenSSL takes no host of the name \(host)")
        }
        unsafe handle = made
        self.host = host
        self.context = context
    }

    deinit { unsafe cclienttls_session_free(handle) }

    /// Says before the handshake that it is with a TURN server (RFC 7443), not over HTTP.
    func offerRelaying() -> Bool { unsafe cclienttls_session_for_relay(handle) }

    /// Takes ciphertext that arrived. What is not yet a whole record stays in the session, so that each give is to be
    /// followed by reading until there is nothing more.
    func give(_ ciphertext: ByteBuffer) -> Bool {
        unsafe ciphertext.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            return unsafe cclienttls_give(
                handle, start.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
    }

    /// Carries the handshake on.
    func handshake() -> Progress {
        switch Int(unsafe cclienttls_handshake(handle)) {
        case CCLIENTTLS_FINISHED: .finished
        case CCLIENTTLS_NEEDS_MORE: .needsMore
        default: .failed
        }
    }

    /// Appends the plaintext of the next record.
    func read(into plaintext: inout ByteBuffer) -> Reading {
        var result: Int32 = 0
        unsafe plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.recordBytesMax) {
            output in
            guard let start = output.baseAddress else { return 0 }
            unsafe result = cclienttls_read(
                handle, start.assumingMemoryBound(to: UInt8.self), output.count)
            return max(0, min(Int(result), output.count))
        }
        if result > 0 { return .data }
        switch Int(result) {
        case CCLIENTTLS_NEEDS_MORE: return .nothing
        case CCLIENTTLS_CLOSED: return .closed
        default: return .failed
        }
    }

    /// Encrypts all of a buffer.
    func write(_ plaintext: ByteBuffer) -> Bool {
        unsafe plaintext.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
            return unsafe cclienttls_write(
                handle, start.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
    }

    /// Writes a close_notify alert.
    func shutdown() { unsafe cclienttls_shutdown(handle) }

    /// Takes the ciphertext that is to be sent; `nil`: there is none.
    func takeOutgoing(_ allocator: ByteBufferAllocator) -> ByteBuffer? {
        let count = unsafe cclienttls_outgoing_count(handle)
        guard count > 0 else { return nil }
        var ciphertext = allocator.buffer(capacity: count)
        unsafe ciphertext.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { output in
            guard let start = output.baseAddress else { return 0 }
            return unsafe cclienttls_take(
                handle, start.assumingMemoryBound(to: UInt8.self), output.count)
        }
        return ciphertext
    }

    /// Why the last call failed.
    var error: WebSocketError {
        let reason = unsafe String(cString: cclienttls_error(handle))
        switch Int(unsafe cclienttls_certificate_fault(handle)) {
        case CCLIENTTLS_CERTIFICATE_FINE: return .tlsFailed(host: host, reason: reason)
        case CCLIENTTLS_CERTIFICATE_OTHER_HOST: return .certificateForAnotherHost(host: host)
        case CCLIENTTLS_CERTIFICATE_EXPIRED: return .certificateExpired(host: host)
        default: return .certificateNotTrusted(host: host, reason: reason)
        }
    }
}
