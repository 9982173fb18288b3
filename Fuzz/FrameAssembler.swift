// Fuzzes the assembly of frames from payloads of every codec.
// SPDX-License-Identifier: Apache-2.0

import Payloads
import RTP
import Wire

/// libFuzzer's entry: the input is a row of payloads, each behind a byte that says how long it is.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    for codec in [MediaCodec.vp8, .vp9, .h264, .av1] {
        guard var assembler = try? FrameAssembler(codec: codec) else {
            preconditionFailure("a codec is not assembled")
        }
        var offset = 0
        var taken = 0
        while offset < input.count {
            let end = min(offset + 1 + Int(input[offset]), input.count)
            let payload = Array(input[(offset + 1)..<end])
            offset = end
            do throws(FrameAssemblyError) {
                try assembler.append(payload.span)
                taken += payload.count
            } catch {
                assembler.removeAll()
                taken = 0
            }
            guard let frame = try? assembler.finished() else { continue }
            // A start code of four bytes before a unit of one; a delimiter before AV1.
            precondition(!frame.isEmpty && frame.count <= 5 * taken + 8)
        }
    }
    return 0
}
