// Fuzzes the decoders of pictures with damaged pictures, and their conversion with layouts that lie.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// Pictures of each codec as honest senders send them, in two sizes.
private let samples: [VideoCodec: [[UInt8]]] = {
    var samples: [VideoCodec: [[UInt8]]] = [.av1: SampleUnits.av1]
    for codec in [VideoCodec.h264, .vp8, .vp9] { samples[codec] = try? pictures(codec) }
    return samples
}()

private let pixelsMax = 160 * 160

/// libFuzzer's entry: the first byte chooses the codec or the conversion, the rest are pictures.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    precondition(samples.count == 4, "there are no samples")
    var script = unsafe FuzzScript(data, count)
    let choice = Int(script.byte()) % 6
    if choice < VideoCodec.allCases.count {
        decode(VideoCodec.allCases[choice], &script)
    } else {
        convert(&script)
    }
    return 0
}

private func pictures(_ codec: VideoCodec) throws(MediaCodecError) -> [[UInt8]] {
    var encoder = try SoftwareVideoEncoder(codec: codec, bitsPerSecond: 200_000)
    var units: [[UInt8]] = []
    for number in 0..<6 {
        let side = number < 4 ? 48 : 80
        let light = (0..<side * 32).map { UInt8(($0 * 7 + number * 30) & 0x7F + 40) }
        let grey = [UInt8](repeating: 128, count: side / 2 * 16)
        let frame = try VideoFrame(
            width: side, height: 32, y: light.span, u: grey.span, v: grey.span,
            timestampMicroseconds: Int64(number) * 40_000)
        if let unit = try encoder.encode(frame, isKeyframeWanted: number == 3) {
            units.append(unit.bytes)
        }
    }
    return units
}

private func decode(_ codec: VideoCodec, _ script: inout FuzzScript) {
    guard let units = samples[codec],
        var decoder = try? VideoDecoder(codec: codec, pixelsMax: pixelsMax)
    else { return }
    var time: Int64 = 0
    while !script.isOver {
        if script.byte() > 250 { decoder.reset() }
        time &+= Int64(truncatingIfNeeded: script.number(usual: 50_000))
        do throws(MediaCodecError) {
            let unit = script.edited(units)
            guard
                let frame = try decoder.decode(unit.span, timestampMicroseconds: time)
            else { continue }
            precondition(frame.width > 0 && frame.height > 0)
            precondition(frame.width * frame.height <= pixelsMax, "a bound was not kept")
        } catch {}
    }
    // It goes on with keyframes whatever came before, and at once where it is told to forget that.
    if script.byte() & 1 == 0 { decoder.reset() } else { begin(&decoder, units[0], within: 20) }
    decoder.reset()
    begin(&decoder, units[0], within: 1)
}

private func begin(_ decoder: inout VideoDecoder, _ keyframe: [UInt8], within count: Int) {
    for _ in 0..<count {
        let frame = try? decoder.decode(keyframe.span, timestampMicroseconds: 0)
        if frame != nil { return }
    }
    preconditionFailure("the decoder does not go on with a keyframe")
}

private func convert(_ script: inout FuzzScript) {
    guard var converter = try? PictureConverter() else { return }
    while !script.isOver {
        let format = PixelFormat.allCases[script.below(PixelFormat.allCases.count)]
        let (width, height) = (script.number(usual: 72), script.number(usual: 72))
        var planes: [PictureLayout.Plane] = []
        for _ in 0..<script.below(5) {
            planes.append(
                PictureLayout.Plane(
                    offset: script.number(usual: 8_000), stride: script.number(usual: 320)))
        }
        let packed = try? PictureLayout(format: format, width: width, height: height)
        let given = try? PictureLayout(
            format: format, width: width, height: height, planes: planes)
        let rotation = PictureRotation.allCases[script.below(4)]
        let fit: PictureFit = [.contain, .cover, .fill][script.below(3)]
        var size: (width: Int, height: Int)?
        if script.byte() & 1 == 0 {
            size = (width: script.number(usual: 72), height: script.number(usual: 72))
        }
        // Large pictures are as right as small ones, and slow.
        if let size, 1...VideoFrame.sideMax ~= size.width, 1...VideoFrame.sideMax ~= size.height,
            size.width * size.height > 1 << 16
        {
            continue
        }
        for layout in [packed, given] {
            guard let layout else { continue }
            precondition(layout.width == width && layout.byteCount > 0)
            let isLarge = layout.byteCount > 1 << 18
            let missing = isLarge ? layout.byteCount : Int(script.byte() & 1)
            // No byte behind the last: AddressSanitizer sees whoever reads there.
            let count = layout.byteCount - missing
            let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: max(count, 1))
            unsafe bytes.initialize(repeating: 77, count: max(count, 1))
            defer { unsafe bytes.deallocate() }
            let span = unsafe UnsafeBufferPointer(start: bytes, count: count).span
            do throws(MediaCodecError) {
                let frame = try converter.convert(
                    span, layout: layout, rotation: rotation, size: size, fit: fit,
                    timestampMicroseconds: 1)
                precondition(missing == 0)
                let turned = rotation.isSideways ? (height, width) : (width, height)
                let wanted: (Int, Int) = size.map { ($0.width, $0.height) } ?? turned
                precondition(frame.width == wanted.0 && frame.height == wanted.1)
                let again = try converter.convert(frame, rotation: rotation, fit: fit)
                precondition(again.width * again.height == frame.width * frame.height)
            } catch {}
        }
        givePlanes(width, height, &script)
    }
}

/// Three planes of which nobody knows whether they hold what is said of them.
private func givePlanes(_ width: Int, _ height: Int, _ script: inout FuzzScript) {
    let plane = [UInt8](repeating: 50, count: script.short() & 0x1FFF)
    let half = [UInt8](repeating: 50, count: script.short() & 0x7FF)
    let (y, c) = (script.number(usual: 100), script.number(usual: 50))
    let frame = try? VideoFrame(
        width: width, height: height, y: plane.span, u: half.span, v: half.span,
        yStride: script.byte() & 1 == 0 ? nil : y, chromaStride: script.byte() & 1 == 0 ? nil : c)
    if let frame { precondition(frame.y.count >= width * height) }
}
