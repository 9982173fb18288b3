// The codecs' calls with arrays in place of spans.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

extension OpusEncoder {
    /// The packet of these samples.
    mutating func packet(of samples: [Int16]) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.packetBytesMax)
        var span = bytes.mutableSpan
        let count = try encode(samples.span, into: &span)
        return Array(bytes[..<count])
    }
}

extension OpusDecoder {
    /// The samples of this packet.
    mutating func samples(of packet: [UInt8]) throws -> [Int16] {
        var samples = [Int16](repeating: 0, count: Self.packetSamplesMax * channels)
        var span = samples.mutableSpan
        let count = try decode(packet.span, into: &span)
        return Array(samples[..<(count * channels)])
    }

    /// The samples of the packet before this one.
    mutating func lostSamples(before packet: [UInt8], count: Int) throws -> [Int16] {
        var samples = [Int16](repeating: 0, count: count * channels)
        var span = samples.mutableSpan
        let count = try decodeLost(from: packet.span, sampleCount: count, into: &span)
        return Array(samples[..<(count * channels)])
    }

    /// Samples in place of a packet.
    mutating func concealed(count: Int) throws -> [Int16] {
        var samples = [Int16](repeating: 0, count: count * channels)
        var span = samples.mutableSpan
        let count = try conceal(sampleCount: count, into: &span)
        return Array(samples[..<(count * channels)])
    }
}

extension SoundConverter {
    /// These samples in the other format, as far as they come out.
    mutating func converted(_ samples: [Int16]) throws -> [Int16] {
        let capacity = try capacity(forSamples: samples.count / input.channels) * output.channels
        var result = [Int16](repeating: 0, count: capacity)
        var span = result.mutableSpan
        let count = try convert(samples.span, into: &span)
        return Array(result[..<(count * output.channels)])
    }

    /// What waits inside.
    mutating func rest() throws -> [Int16] {
        var result = [Int16](repeating: 0, count: try capacity(forSamples: 0) * output.channels)
        var span = result.mutableSpan
        let count = try finish(into: &span)
        return Array(result[..<(count * output.channels)])
    }
}

extension AACDecoder {
    /// What the frame at the start of these bytes holds.
    mutating func decoded(_ bytes: [UInt8]) throws -> (Decoded, [Int16]) {
        var samples = [Int16](repeating: 0, count: Self.frameSamplesMax)
        var span = samples.mutableSpan
        let decoded = try decode(bytes.span, into: &span)
        return (decoded, Array(samples[..<(decoded.sampleCount * decoded.format.channels)]))
    }
}

extension VideoDecoder {
    /// The picture in these bytes.
    mutating func picture(in bytes: [UInt8], timestampMicroseconds: Int64 = 0) throws -> VideoFrame?
    {
        try decode(bytes.span, timestampMicroseconds: timestampMicroseconds)
    }
}

extension ADTSHeader {
    /// The header at the start of these bytes.
    init(reading bytes: [UInt8]) throws { try self.init(parsing: bytes.span) }
}
