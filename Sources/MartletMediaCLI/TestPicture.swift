// A picture that says which it is: to machines by blocks, to people by digits, and by what moves.
// SPDX-License-Identifier: Apache-2.0
import Martlet
import MediaCodecs

/// Draws numbered pictures, and reads their numbers.
///
/// The number stands in sixteen blocks in the upper tenth, the highest bit left, between a white block before and a black one
/// behind. The lower third is white while the beep of the same second is heard.
struct TestPicture {
    private static let bits = 16
    private static let cells = bits + 2
    private static let dark: UInt8 = 20
    private static let light: UInt8 = 230

    let width: Int
    let height: Int
    private var luma: [UInt8]
    private let blue: [UInt8]
    private let red: [UInt8]

    /// Pictures of a size; even, 64 x 64 at least.
    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        luma = [UInt8](repeating: 100, count: width * height)
        let count = (width / 2) * (height / 2)
        blue = (0..<count).map { UInt8(96 + ($0 % (width / 2)) * 64 / (width / 2)) }
        red = (0..<count).map { UInt8(160 - ($0 / (width / 2)) * 64 / (height / 2)) }
    }

    /// Draws one.
    mutating func draw(
        number: Int, isFlash: Bool, microseconds: Int64
    ) throws -> VideoFrame {
        fill(0..<height, 0..<width, 100)
        let cell = width / Self.cells
        let top = 0..<(height / 10)
        for index in 0..<Self.cells {
            let isLight =
                switch index {
                case 0: true
                case Self.cells - 1: false
                default: number >> (Self.bits - index) & 1 == 1
                }
            fill(top, index * cell..<(index + 1) * cell, isLight ? Self.light : Self.dark)
        }
        drawDigits(number)
        let bar = number * 4 % width
        fill(height / 10..<height * 2 / 3, bar..<min(bar + 6, width), 200)
        fill(height * 2 / 3..<height, 0..<width, isFlash ? Self.light : Self.dark)
        return try VideoFrame(
            width: width, height: height, y: luma.span, u: blue.span, v: red.span,
            timestampMicroseconds: microseconds)
    }

    /// The number of a picture, in any size; `nil` if it is none of these.
    static func number(of frame: VideoFrame) -> Int? {
        let cell = frame.width / cells
        let row = frame.height / 20
        guard cell >= 2, row >= 1 else { return nil }
        let y = frame.y
        func isLight(_ index: Int) -> Bool {
            y[row * frame.yStride + index * cell + cell / 2] > 125
        }
        guard isLight(0), !isLight(cells - 1) else { return nil }
        return (1...bits).reduce(0) { $0 << 1 | (isLight($1) ? 1 : 0) }
    }

    /// Whether a picture is one in which the beep is heard.
    static func isFlash(_ frame: VideoFrame) -> Bool {
        let row = frame.height * 5 / 6
        let y = frame.y
        return y[row * frame.yStride + frame.width / 2] > 125
    }

    private mutating func fill(_ rows: Range<Int>, _ columns: Range<Int>, _ value: UInt8) {
        for row in rows {
            for column in columns { luma[row * width + column] = value }
        }
    }

    /// The segments of each digit: top, upper left, upper right, middle, lower left, lower right, bottom.
    private static let segments: [[Bool]] = [
        [true, true, true, false, true, true, true],
        [false, false, true, false, false, true, false],
        [true, false, true, true, true, false, true],
        [true, false, true, true, false, true, true],
        [false, true, true, true, false, true, false],
        [true, true, false, true, false, true, true],
        [true, true, false, true, true, true, true],
        [true, false, true, false, false, true, false],
        [true, true, true, true, true, true, true],
        [true, true, true, true, false, true, true],
    ]

    private mutating func drawDigits(_ number: Int) {
        let (tall, wide, thick) = (height / 3, height / 6, max(2, height / 40))
        var left = width / 2 + wide * 2
        var rest = number
        for _ in 0..<5 {
            let parts = Self.segments[rest % 10]
            rest /= 10
            let top = height / 5
            let middle = top + tall / 2
            let bottom = top + tall
            let rows = [top, top, top, middle - thick / 2, middle, middle, bottom - thick]
            for (index, isLit) in parts.enumerated() where isLit {
                let isFlat = index == 0 || index == 3 || index == 6
                let isRight = index == 2 || index == 5
                let start = isRight ? left + wide - thick : left
                fill(
                    rows[index]..<(isFlat ? rows[index] + thick : rows[index] + tall / 2),
                    max(0, start)..<min(width, isFlat ? left + wide : start + thick), 235)
            }
            left -= wide * 3 / 2
        }
    }
}
