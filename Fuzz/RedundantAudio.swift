// Fuzzes the reader and writer of redundant audio.
// SPDX-License-Identifier: Apache-2.0

import Payloads
import Wire

/// libFuzzer's entry: reads one input as a redundant payload and writes it with every number of blocks.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let payload = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    guard let audio = RedundantAudio.parse(payload.span) else { return 0 }
    precondition(audio.primaryOffset < payload.count)
    precondition(audio.blocks(within: .max, in: payload.span) == audio.blockCount)
    for kept in 0...audio.blockCount {
        var target = [UInt8](repeating: 0, count: payload.count)
        var span = target.mutableSpan
        let written = audio.write(
            payload.span, keeping: kept, payloadType: 96, to: &span, at: 0)
        guard let written, let again = RedundantAudio.parse(target.span.extracting(0..<written))
        else { preconditionFailure("a part of a payload cannot be written or read") }
        precondition(again.blockCount == kept && again.payloadType == 96)
        precondition(
            Array(target[again.primaryOffset..<written])
                == Array(payload[audio.primaryOffset...]))
        for age in 0..<kept {
            guard let block = audio.block(age: age, in: payload.span),
                let copy = again.block(age: age, in: target.span.extracting(0..<written))
            else { preconditionFailure("a block is missing") }
            precondition(block.ticks == copy.ticks)
            precondition(Array(payload[block.range]) == Array(target[copy.range]))
        }
    }
    return 0
}
