// Packets of any codec into frames that can be encoded anew.
// SPDX-License-Identifier: Apache-2.0
package import MediaCodecs

/// A decoder of a source's pictures, whatever their codec, order and layout. They come out in the order they are shown, upright, with
/// their time on the reader's timeline. Halves of pictures are not joined, wide colours (BT.2020) and BT.709 are taken as they
/// are, and pixels are taken as square.
package struct MediaFilePictureDecoder: ~Copyable {
    private var decoder: MediaFileDecoder
    private var converter: PictureConverter
    private let rotation: PictureRotation

    /// - Parameters:
    ///   - pictures: What the reader says of them.
    ///   - pixelsMax: Larger pictures are refused before memory is taken for them; up to `VideoFrame.pixelsMax`.
    ///   - threads: 1 to 16; with more than one, pictures may come out by as many later.
    /// - Throws: `.codec(.notInBuild)`, `.refused`, `.outOfMemory`.
    package init(
        _ pictures: MediaFilePictures, pixelsMax: Int = 4_096 * 2_304, threads: Int = 1
    ) throws(MediaFileError) {
        let decoder = try MediaFileDecoder(
            pictures.parameters, codecName: pictures.codecName, pixelsMax: pixelsMax,
            threads: threads)
        let converter = try Self.makeConverter()
        self.decoder = decoder
        self.converter = converter
        rotation = pictures.rotation
    }

    /// Decodes a packet of pictures, or with nil what waits at the end.
    /// - Returns: The pictures that are ready: mostly one, none or several where they are reordered. `timestampMicroseconds` is
    ///   their time on the reader's timeline.
    /// - Throws: `.codec(.damaged)`, after which the next packet can be given; `.outOfMemory`.
    package mutating func decode(
        _ packet: MediaFilePacket?
    ) throws(MediaFileError) -> [VideoFrame] {
        if let packet, packet.kind != .picture { return [] }
        try decoder.send(packet)
        var frames: [VideoFrame] = []
        while let frame = try decoder.picture() { frames.append(try upright(frame)) }
        return frames
    }

    /// Begins anew, as after `seekToStart` or the end.
    package mutating func reset() { decoder.reset() }

    private static func makeConverter() throws(MediaFileError) -> PictureConverter {
        do throws(MediaCodecError) { return try PictureConverter() } catch { throw .codec(error) }
    }

    private mutating func upright(_ frame: VideoFrame) throws(MediaFileError) -> VideoFrame {
        guard rotation != .none else { return frame }
        do throws(MediaCodecError) {
            return try converter.convert(frame, rotation: rotation)
        } catch {
            throw .codec(error)
        }
    }
}
