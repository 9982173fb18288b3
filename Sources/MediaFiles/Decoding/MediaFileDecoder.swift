// What decoders of pictures and of sound share: packets go in, and what comes out is fetched.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
import MediaCodecs

/// Any decoder of FFmpeg's, opened by what a file says of its stream.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
struct MediaFileDecoder: ~Copyable {
    private let handle: OpaquePointer
    private let codecName: String

    init(
        _ parameters: StreamParameters, codecName: String, pixelsMax: Int, threads: Int
    ) throws(MediaFileError) {
        guard 1...VideoFrame.pixelsMax ~= pixelsMax, 1...16 ~= threads else {
            throw .refused("a decoder takes 1 to 16 threads and up to 67,108,864 pixels")
        }
        var status: Int32 = 0
        // The pointer is that of a variable that lives as long as the call.
        let made = unsafe martlet_file_decoder_new(
            parameters.handle, Int64(pixelsMax), Int32(threads), &status)
        guard let made = unsafe made else {
            throw .codec(
                Int(status) == MARTLET_FILE_NO_MEMORY
                    ? .outOfMemory
                    : Int(status) == MARTLET_FILE_NOT_IN_BUILD
                        ? .notInBuild(codec: codecName) : .failed("the decoder of \(codecName)"))
        }
        unsafe handle = made
        self.codecName = codecName
    }

    deinit { unsafe martlet_file_decoder_free(handle) }

    /// Gives a packet, or nil at the end.
    mutating func send(_ packet: MediaFilePacket?) throws(MediaFileError) {
        let status: Int32
        if let packet {
            // The packet lives as long as the call.
            status = unsafe packet.withHandle { unsafe martlet_file_decoder_send(handle, $0) }
        } else {
            status = unsafe martlet_file_decoder_send(handle, nil)
        }
        try check(status)
    }

    /// The next picture, which is copied out; nil if there is none.
    mutating func picture() throws(MediaFileError) -> VideoFrame? {
        var picture = unsafe martlet_file_picture()
        let status = unsafe martlet_file_decoder_picture(handle, &picture)
        try check(status)
        guard status == 1 else { return nil }
        let (width, height) = unsafe (Int(picture.width), Int(picture.height))
        let (yStride, cStride) = unsafe (Int(picture.y_stride), Int(picture.c_stride))
        // C promises rows of these strides, the last of them as far as it is shown, until the next call.
        let (chromaWidth, chromaHeight) = ((width + 1) / 2, (height + 1) / 2)
        let chromaCount = cStride * (chromaHeight - 1) + chromaWidth
        let y = unsafe UnsafeBufferPointer(start: picture.y, count: yStride * (height - 1) + width)
        let u = unsafe UnsafeBufferPointer(start: picture.u, count: chromaCount)
        let v = unsafe UnsafeBufferPointer(start: picture.v, count: chromaCount)
        do throws(MediaCodecError) {
            return try VideoFrame(
                width: width, height: height, y: unsafe y.span, u: unsafe u.span,
                v: unsafe v.span, yStride: yStride, chromaStride: cStride,
                timestampMicroseconds: unsafe picture.time / 1_000)
        } catch {
            throw .codec(.damaged)
        }
    }

    /// The next piece of sound, which is copied out; nil if there is none.
    mutating func sound(channels: Int) throws(MediaFileError) -> DecodedSound? {
        var sound = unsafe martlet_file_sound()
        let status = unsafe martlet_file_decoder_sound(handle, Int32(channels), &sound)
        try check(status)
        guard status == 1 else { return nil }
        // C promises as many samples as it says, until the next call.
        let samples = unsafe Array(
            UnsafeBufferPointer(start: sound.samples, count: Int(sound.sample_count) * channels))
        return DecodedSound(
            samples: samples, channels: channels, presentationNanoseconds: unsafe sound.time)
    }

    /// Forgets everything before.
    mutating func reset() { unsafe martlet_file_decoder_flush(handle) }

    private func check(_ status: Int32) throws(MediaFileError) {
        guard status < 0 else { return }
        throw Int(status) == MARTLET_FILE_NO_MEMORY ? .outOfMemory : .codec(.damaged)
    }
}

// The handle is owned by one value, and the library ties no decoder to a thread.
extension MediaFileDecoder: @unchecked Sendable {}
