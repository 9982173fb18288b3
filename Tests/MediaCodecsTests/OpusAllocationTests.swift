// That Opus takes nothing from the heap for a packet.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import MediaCodecs
import Testing

@Suite struct OpusAllocationTests {
    @Test func packetsTakeNothingFromTheHeap() throws {
        var encoder = try OpusEncoder(channels: 2)
        try encoder.setForwardErrorCorrection(true, expectedLossPercent: 20)
        var decoder = try OpusDecoder(channels: 2)
        let sound = tone(channels: 2, count: 960)
        var bytes = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
        var samples = [Int16](repeating: 0, count: 1_920)
        var packet = bytes.mutableSpan
        var heard = samples.mutableSpan
        // The first has what is made once.
        _ = try encoder.encode(sound.span, into: &packet)
        _ = try decoder.conceal(sampleCount: 960, into: &heard)
        allocation_counter_start()
        for _ in 0..<20 {
            let count = try encoder.encode(sound.span, into: &packet)
            let whole = packet.span.extracting(first: count)
            _ = try decoder.decodeLost(from: whole, sampleCount: 960, into: &heard)
            _ = try decoder.decode(whole, into: &heard)
            _ = try decoder.conceal(sampleCount: 960, into: &heard)
        }
        let counted = allocation_counter_stop()
        #expect(counted.allocations == 0)
    }
}
