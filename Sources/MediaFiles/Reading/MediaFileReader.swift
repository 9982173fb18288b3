// Files and network sources into packets, over libavformat.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
import MediaCodecs

/// Reads the best pictures and the best sound of anything FFmpeg knows, in the order of the source.
///
/// Calls wait for the disk or the network: give a reader a thread of its own, which another can end by its ``MediaFileStop``.
/// Bytes may be anything: what cannot be read is an error.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct MediaFileReader: ~Copyable {
    /// What is read.
    package let source: MediaFileSource
    /// FFmpeg's name of the container, such as `matroska,webm`.
    package let formatName: String
    /// How long the source is in nanoseconds; nil if it is live or does not say.
    package let durationNanoseconds: Int64?
    /// Whether it comes as it happens: its packets are to be sent when they are read. The first of them come at once, since FFmpeg
    /// watches a source for a second or two before it says what is in it.
    package var isLive: Bool { !source.isLocal && durationNanoseconds == nil }
    /// The pictures, if there are any.
    package private(set) var pictures: MediaFilePictures?
    /// The sound, if there is any.
    package let sound: MediaFileSound?

    private let handle: OpaquePointer
    /// What is stopped by it must not outlive it.
    private let stop: MediaFileStop
    /// Packets that were read to see whether pictures are reordered, the next one last.
    private var waiting: [MediaFilePacket] = []
    /// Why no more packets came behind `waiting`.
    private var failure: MediaFileError?

    /// How many pictures of a file are looked at for their order, and in how many packets and bytes they must lie.
    private static let lookedAtPictures = 64
    private static let lookedAtPackets = 512
    private static let lookedAtBytes = 8 << 20

    /// Opens a source and finds out what is in it; of a live one that takes about as long as FFmpeg watches it, up to 5 s.
    /// - Parameters:
    ///   - source: A path, `file:PATH`, or an address of rtsp, rtsps, rtmp, rtmps, http or https, HLS included.
    ///   - stop: What ends it from another thread.
    /// - Throws: Any ``MediaFileError`` of opening.
    package init(
        _ source: String, options: MediaFileOptions = MediaFileOptions(), stop: MediaFileStop
    ) throws(MediaFileError) {
        let source = try MediaFileSource(source)
        let times: ClosedRange<Int64> = 1_000_000...3_600_000_000_000
        guard times ~= options.openTimeoutNanoseconds, times ~= options.readTimeoutNanoseconds,
            1...VideoFrame.pixelsMax ~= options.pixelsMax
        else {
            throw .refused("a timeout is 1 ms to an hour, and a picture has 1 to 67,108,864 pixels")
        }
        var status: Int32 = 0
        var text = ErrorText()
        // The pointers are those of strings and variables that live as long as the call.
        let made = unsafe source.url.withCString { url in
            unsafe source.protocols.withCString { protocols in
                unsafe text.lend { text in
                    unsafe martlet_file_reader_new(
                        martlet_file_source(
                            url: url, is_local: source.isLocal ? 1 : 0, protocols: protocols,
                            open_timeout: options.openTimeoutNanoseconds,
                            read_timeout: options.readTimeoutNanoseconds,
                            pixels_max: Int64(options.pixelsMax),
                            is_certificate_checked: options.isCertificateChecked ? 1 : 0),
                        stop.handle, &status, text)
                }
            }
        }
        guard let made = unsafe made else {
            throw MediaFileError(status: status, source: source.name, reason: text.text)
        }
        unsafe handle = made
        self.source = source
        self.stop = stop
        var name = ErrorText()
        unsafe name.lend { unsafe martlet_file_reader_format(made, $0) }
        formatName = name.text
        let duration = unsafe martlet_file_reader_duration(made)
        durationNanoseconds = duration > 0 ? duration : nil
        let pictures = unsafe Self.stream(made, isPicture: true)
        let sound = unsafe Self.stream(made, isPicture: false)
        self.pictures = pictures.map { MediaFilePictures($0.0, $0.1) }
        self.sound = sound.map { MediaFileSound($0.0, $0.1) }
        // A live source would be late by what is looked at; there FFmpeg has watched it for long enough.
        if source.isLocal { lookAtOrder() }
    }

    deinit { unsafe martlet_file_reader_free(handle) }

    /// The next packet, or nil at the end.
    /// - Throws: `.timedOut`, `.stopped`, `.notMedia`, `.failed`, `.outOfMemory`.
    package mutating func read() throws(MediaFileError) -> MediaFilePacket? {
        if !stop.isStopped, let packet = waiting.popLast() { return packet }
        if let failure, !stop.isStopped {
            self.failure = nil
            throw failure
        }
        return try readFromSource()
    }

    /// Reads from the start again. The timeline goes on where what was read so far ends.
    /// - Throws: `.notSeekable` for what is live, `.stopped`.
    package mutating func seekToStart() throws(MediaFileError) {
        guard !stop.isStopped else { throw .stopped }
        waiting.removeAll()
        failure = nil
        var text = ErrorText()
        let status = unsafe text.lend { text in
            unsafe martlet_file_reader_seek_to_start(handle, text)
        }
        guard status >= 0 else {
            throw MediaFileError(status: status, source: source.name, reason: text.text)
        }
    }

    private func readFromSource() throws(MediaFileError) -> MediaFilePacket? {
        var packet: OpaquePointer?
        var text = ErrorText()
        // The pointers are those of variables that live as long as the call.
        let status = unsafe text.lend { text in
            unsafe martlet_file_reader_read(handle, &packet, text)
        }
        guard status >= 0 else {
            throw MediaFileError(status: status, source: source.name, reason: text.text)
        }
        guard status == 1, let packet = unsafe packet else { return nil }
        return unsafe MediaFilePacket(owning: packet)
    }

    /// Reads the first packets to see whether pictures come in another order than they are shown, and keeps them.
    private mutating func lookAtOrder() {
        guard pictures?.route == .passThrough else { return }
        var (packets, byteCount, pictureCount): ([MediaFilePacket], Int, Int) = ([], 0, 0)
        var latest = Int64.min
        do throws(MediaFileError) {
            while pictureCount < Self.lookedAtPictures, packets.count < Self.lookedAtPackets,
                byteCount < Self.lookedAtBytes, let packet = try readFromSource()
            {
                packets.append(packet)
                byteCount += packet.bytes.count
                guard packet.kind == .picture else { continue }
                pictureCount += 1
                if packet.presentationNanoseconds < latest {
                    pictures?.route = .transcode(.reordered)
                    break
                }
                latest = packet.presentationNanoseconds
            }
        } catch {
            failure = error
        }
        waiting = packets.reversed()
    }

    private static func stream(
        _ handle: OpaquePointer, isPicture: Bool
    ) -> (martlet_file_stream_info, StreamParameters)? {
        var info = martlet_file_stream_info()
        var parameters: OpaquePointer?
        // The pointers are those of variables that live as long as the call.
        let status = unsafe martlet_file_reader_stream(
            handle, isPicture ? 1 : 0, &info, &parameters)
        guard status == 1, let parameters = unsafe parameters else { return nil }
        return (info, unsafe StreamParameters(owning: parameters))
    }
}

// The handle is owned by one value, and the library ties no reader to a thread.
extension MediaFileReader: @unchecked Sendable {}
