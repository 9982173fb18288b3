// An input of libFuzzer's, read as instructions: choices, numbers, bytes, and edits of samples that are whole.
// SPDX-License-Identifier: Apache-2.0

/// What is read comes off the front; behind the end all is zero.
struct FuzzScript {
    private let input: [UInt8]
    private var position = 0

    init(_ data: UnsafePointer<UInt8>, _ count: Int) {
        input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    }

    /// Whether all was read.
    var isOver: Bool { position >= input.count }

    mutating func byte() -> UInt8 {
        guard position < input.count else { return 0 }
        position += 1
        return input[position - 1]
    }

    /// 0 to 65,535.
    mutating func short() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// 0 to `bound` - 1.
    mutating func below(_ bound: Int) -> Int {
        bound <= 256 ? Int(byte()) % bound : short() % bound
    }

    /// As many bytes as there are, up to `count`.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let end = min(position + count, input.count)
        defer { position = end }
        return Array(input[position..<end])
    }

    /// Mostly 0 to `usual` - 1; else what makes sums and products overflow, or comes near to it.
    mutating func number(usual: Int) -> Int {
        let choice = byte()
        switch choice {
        case 0..<224: return usual <= 224 ? Int(choice) % usual : short() % usual
        case 224..<232: return -short()
        case 232..<240: return 1 << Int(choice & 0x3F)
        case 240..<244: return Int(Int32.max) - short()
        case 244..<248: return Int.max - Int(choice & 3)
        case 248..<252: return Int.min + Int(choice & 3)
        default: return short() << 4
        }
    }

    /// A sample with up to seven edits, or bytes that are none.
    mutating func edited(_ samples: [[UInt8]]) -> [UInt8] {
        guard !samples.isEmpty else { return bytes(short() & 0xFFF) }
        let choice = byte()
        guard choice < 240 else { return bytes(short() & 0xFFF) }
        var sample = samples[Int(choice) % samples.count]
        for _ in 0..<Int(byte() & 7) where !sample.isEmpty { edit(&sample) }
        return sample
    }

    private mutating func edit(_ sample: inout [UInt8]) {
        let kind = byte()
        // Mostly at the front, where heads are.
        let place = (kind & 0x80 == 0 ? short() & 63 : short()) % sample.count
        switch kind & 7 {
        case 0, 1, 2: sample[place] = byte()
        case 3: sample[place] ^= 1 << (kind >> 3 & 7)
        case 4: sample.removeSubrange(place...)
        case 5: sample.removeSubrange(place..<min(place + Int(byte()), sample.count))
        case 6: sample.insert(contentsOf: bytes(Int(byte())), at: place)
        default:
            // A field of four bytes that says much.
            for offset in place..<min(place + 4, sample.count) { sample[offset] = 0xFF }
        }
    }
}
