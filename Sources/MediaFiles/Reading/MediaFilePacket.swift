// A packet as it came out of a file.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles

/// Encoded pictures or sound of one moment. A value: copies share the bytes, which never change.
package struct MediaFilePacket: Sendable {
    /// What is in it.
    package enum Kind: Sendable {
        /// A picture; H.264 as an access unit in Annex B, with parameter sets before each IDR picture.
        case picture
        /// Sound.
        case sound
    }

    /// What is in it.
    package let kind: Kind
    /// Whether a decoder can begin here: for H.264, an IDR picture.
    package let isKeyframe: Bool
    /// When it is to be shown, in nanoseconds from the source's start; both streams are on one timeline. The sound
    /// by which a codec gets going may come before 0. At most 2^62 either way.
    package let presentationNanoseconds: Int64
    /// When it is to be decoded: later than the packet before of its stream, whatever the source says, and not later than
    /// `presentationNanoseconds`, from which it differs only where pictures are reordered.
    package let decodingNanoseconds: Int64
    /// How long it lasts; 0 if that is unknown.
    package let durationNanoseconds: Int64
    private let storage: Storage

    /// Takes over what the reader made.
    init(owning handle: OpaquePointer) {
        let info = unsafe martlet_file_packet_look(handle)
        kind = unsafe info.is_picture != 0 ? .picture : .sound
        isKeyframe = unsafe info.is_keyframe != 0
        presentationNanoseconds = unsafe info.presentation
        decodingNanoseconds = unsafe info.decoding
        durationNanoseconds = unsafe info.duration
        let bytes = unsafe UnsafeBufferPointer(start: info.bytes, count: Int(info.count))
        storage = unsafe Storage(handle: handle, bytes: bytes)
    }

    /// The encoded bytes.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // The bytes live as long as the storage, which `self` holds.
            let bytes = unsafe storage.bytes
            return unsafe _overrideLifetime(bytes.span, borrowing: self)
        }
    }

    /// Lends the packet to C.
    func withHandle<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe body(storage.handle)
    }

    @safe  // The handle is freed in `deinit`; the bytes are its own.
    private final class Storage: @unchecked Sendable {  // nothing behind the handle changes
        let handle: OpaquePointer
        let bytes: UnsafeBufferPointer<UInt8>

        init(handle: OpaquePointer, bytes: UnsafeBufferPointer<UInt8>) {
            unsafe self.handle = handle
            unsafe self.bytes = bytes
        }

        deinit { unsafe martlet_file_packet_free(handle) }
    }
}
