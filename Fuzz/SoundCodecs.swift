// Fuzzes the decoders of Opus and AAC and the conversion of sound, with hostile packets and formats.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// What honest senders send: each packet or frame of a tone.
private let packets = (try? opusPackets()) ?? []
private let frames = (try? aacFrames()) ?? []

/// libFuzzer's entry: the first byte chooses the codec, the rest are packets and what is done with them.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    precondition(packets.count == 12 && frames.count == 6, "there are no samples")
    var script = unsafe FuzzScript(data, count)
    switch script.byte() % 3 {
    case 0: decodeOpus(&script)
    case 1: decodeAAC(&script)
    default: convert(&script)
    }
    return 0
}

private func tone(_ count: Int, channels: Int) -> [Int16] {
    (0..<count * channels).map { Int16(($0 / channels * 997) % 20_000 - 10_000) }
}

private func opusPackets() throws(MediaCodecError) -> [[UInt8]] {
    var packets: [[UInt8]] = []
    for (use, bits) in [(OpusEncoder.Use.voice, 16_000), (.music, 96_000)] {
        for samples in [120, 960, 2_880] {
            var encoder = try OpusEncoder(channels: 2, use: use, bitsPerSecond: bits)
            try encoder.setForwardErrorCorrection(true, expectedLossPercent: 30)
            for _ in 0..<2 {
                var packet = [UInt8](repeating: 0, count: 4 * OpusEncoder.packetBytesMax)
                var room = packet.mutableSpan
                let count = try encoder.encode(tone(samples, channels: 2).span, into: &room)
                packets.append(Array(packet[..<count]))
            }
        }
    }
    return packets
}

private func aacFrames() throws(MediaCodecError) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for format in [
        SoundFormat(sampleRate: 48_000, channels: 2), SoundFormat(sampleRate: 16_000, channels: 1),
    ] {
        var encoder = try AACEncoder(format: format, bitsPerSecond: 32_000)
        for _ in 0..<4 {
            var frame = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
            var room = frame.mutableSpan
            let sound = tone(AACEncoder.frameSamples, channels: format.channels)
            let count = try encoder.encode(sound.span, into: &room)
            if count > 0 { frames.append(Array(frame[..<count])) }
        }
    }
    return frames
}

private func decodeOpus(_ script: inout FuzzScript) {
    let channels = Int(script.byte() & 1) + 1
    guard var decoder = try? OpusDecoder(channels: channels) else { return }
    let most = OpusDecoder.packetSamplesMax
    var samples = [Int16](repeating: 0, count: most * channels)
    while !script.isOver {
        let action = script.byte()
        // Now and then there is too little room.
        let room = action & 0x10 == 0 ? samples.count : script.short() % samples.count
        var full = samples.mutableSpan
        var span = full.extracting(first: room)
        do throws(MediaCodecError) {
            let count: Int
            switch action & 3 {
            case 0, 1:
                count = try decoder.decode(script.edited(packets).span, into: &span)
            case 2:
                let lost = script.number(usual: 49) &* 120
                count = try decoder.decodeLost(
                    from: script.edited(packets).span, sampleCount: lost, into: &span)
                precondition(count == lost)
            default:
                let lost = script.number(usual: 49) &* 120
                count = try decoder.conceal(sampleCount: lost, into: &span)
                precondition(count == lost)
            }
            precondition(1...most ~= count && count * channels <= room)
        } catch {}
    }
}

private func decodeAAC(_ script: inout FuzzScript) {
    guard var decoder = try? AACDecoder() else { return }
    var samples = [Int16](repeating: 0, count: AACDecoder.frameSamplesMax)
    while !script.isOver {
        let action = script.byte()
        var piece: [UInt8] = []
        // Several frames in a piece, as they may be pushed.
        for _ in 0...Int(action & 3) { piece += script.edited(frames) }
        if action & 4 == 0, piece.count > 9 {
            // A header that says what there is, so that the damage gets through to the decoder.
            let count = min(piece.count, ADTSHeader.frameBytesMax)
            (piece[0], piece[1]) = (0xFF, piece[1] & 1 | 0xF0)
            piece[3] = piece[3] & 0xFC | UInt8(count >> 11)
            piece[4] = UInt8(truncatingIfNeeded: count >> 3)
            piece[5] = UInt8(count & 7) << 5 | 0x1F
        }
        var offset = 0
        while offset < piece.count {
            var span = samples.mutableSpan
            do throws(MediaCodecError) {
                let rest = piece.span.extracting(offset..<piece.count)
                let decoded = try decoder.decode(rest, into: &span)
                precondition(1...rest.count ~= decoded.frameByteCount)
                offset += decoded.frameByteCount
                guard decoded.sampleCount > 0 else { continue }
                let format = decoded.format
                precondition(1...2 ~= format.channels)
                precondition(format.sampleRate > 0, "time would be divided by it")
                precondition(decoded.sampleCount * format.channels <= samples.count)
            } catch { break }
        }
    }
}

private func convert(_ script: inout FuzzScript) {
    func format(_ script: inout FuzzScript) -> SoundFormat {
        let rates = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000]
        let rate = script.byte() & 1 == 0 ? rates[script.below(7)] : script.number(usual: 200_000)
        return SoundFormat(sampleRate: rate, channels: script.number(usual: 3))
    }
    let (input, output) = (format(&script), format(&script))
    guard var converter = try? SoundConverter(from: input, to: output) else { return }
    while !script.isOver {
        let action = script.byte()
        do throws(MediaCodecError) {
            let asked = script.number(usual: 2_000)
            let capacity = try converter.capacity(forSamples: asked)
            precondition(0...1_000_000 ~= asked && capacity >= 0)
            guard asked <= 4_000 else { continue }
            let short = action & 1 == 0 ? 0 : 1
            let count = max(0, capacity * output.channels - short)
            var made = [Int16](repeating: 0, count: count)
            var room = made.mutableSpan
            let written: Int
            if action & 0x30 == 0x30 {
                written = try converter.finish(into: &room)
            } else {
                let odd = action & 0x40 == 0 ? 0 : 1
                let samples = tone(asked, channels: input.channels) + tone(odd, channels: 1)
                written = try converter.convert(samples.span, into: &room)
            }
            precondition(written * output.channels <= count && converter.delaySamples >= 0)
        } catch {}
    }
}
