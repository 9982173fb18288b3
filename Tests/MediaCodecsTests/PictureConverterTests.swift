// That converted pictures have the colours, size and orientation they should, pixel by pixel.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

/// A chart of colours in squares of 16, as RGB and what BT.601 makes of it.
private struct Chart {
    static let colors: [(red: Int, green: Int, blue: Int)] = [
        (255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0),
        (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0),
        (128, 128, 128), (200, 100, 50), (50, 100, 200), (17, 240, 99),
    ]
    static let (columns, rows, side) = (4, 3, 16)
    static let (width, height) = (64, 48)

    /// y, u and v of a colour (BT.601, limited range).
    static func yuv(_ color: (red: Int, green: Int, blue: Int)) -> (Int, Int, Int) {
        let (r, g, b) = (Double(color.red), Double(color.green), Double(color.blue))
        let y = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255
        let u = 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255
        let v = 128 + (112 * r - 93.786 * g - 18.214 * b) / 255
        return (Int(y.rounded()), Int(u.rounded()), Int(v.rounded()))
    }

    static func color(_ x: Int, _ y: Int) -> (red: Int, green: Int, blue: Int) {
        colors[y / side * columns + x / side]
    }

    /// The chart in a format, with `gap` bytes behind each row and before each plane.
    static func picture(_ format: PixelFormat, gap: Int) throws -> ([UInt8], PictureLayout) {
        var bytes: [UInt8] = []
        var planes: [PictureLayout.Plane] = []
        func plane(width: Int, height: Int, step: Int, _ write: (Int, Int) -> [Int]) {
            bytes += [UInt8](repeating: 0xEE, count: gap)
            planes.append(.init(offset: bytes.count, stride: width * step + gap))
            for y in 0..<height {
                for x in 0..<width { bytes += write(x, y).map { UInt8(clamping: $0) } }
                bytes += [UInt8](repeating: 0xEE, count: gap)
            }
        }
        let half = (width: width / 2, height: height / 2)
        switch format {
        case .bgra:
            plane(width: width, height: height, step: 4) { x, y in
                let c = color(x, y)
                return [c.blue, c.green, c.red, 77]
            }
        case .bgr24:
            plane(width: width, height: height, step: 3) { x, y in
                let c = color(x, y)
                return [c.blue, c.green, c.red]
            }
        case .rgb24:
            plane(width: width, height: height, step: 3) { x, y in
                let c = color(x, y)
                return [c.red, c.green, c.blue]
            }
        case .i420, .nv12, .nv21:
            plane(width: width, height: height, step: 1) { x, y in [yuv(color(x, y)).0] }
            if format == .i420 {
                plane(width: half.width, height: half.height, step: 1) { x, y in
                    [yuv(color(2 * x, 2 * y)).1]
                }
                plane(width: half.width, height: half.height, step: 1) { x, y in
                    [yuv(color(2 * x, 2 * y)).2]
                }
            } else {
                plane(width: half.width, height: half.height, step: 2) { x, y in
                    let c = yuv(color(2 * x, 2 * y))
                    return format == .nv12 ? [c.1, c.2] : [c.2, c.1]
                }
            }
        }
        let layout = try PictureLayout(format: format, width: width, height: height, planes: planes)
        return (bytes, layout)
    }
}

@Suite struct PictureConverterTests {
    /// The largest difference from what a closure expects at each pixel.
    private func worst(
        _ frame: VideoFrame, _ expected: (Int, Int) -> (Int, Int, Int)
    ) -> (y: Int, u: Int, v: Int) {
        let (y, u, v) = (frame.yBytes, frame.uBytes, frame.vBytes)
        var worst = (y: 0, u: 0, v: 0)
        for row in 0..<frame.height {
            for column in 0..<frame.width {
                let wanted = expected(column, row)
                worst.y = max(worst.y, abs(Int(y[row * frame.yStride + column]) - wanted.0))
                guard row % 2 == 0, column % 2 == 0 else { continue }
                let place = row / 2 * frame.chromaStride + column / 2
                worst.u = max(worst.u, abs(Int(u[place]) - wanted.1))
                worst.v = max(worst.v, abs(Int(v[place]) - wanted.2))
            }
        }
        return worst
    }

    @Test(arguments: PixelFormat.allCases, [0, 5])
    func everyFormatKeepsItsColours(format: PixelFormat, gap: Int) throws {
        let (bytes, layout) = try Chart.picture(format, gap: gap)
        var converter = try PictureConverter()
        let frame = try converter.convert(
            bytes.span, layout: layout, timestampMicroseconds: 1_234)
        #expect(frame.timestampMicroseconds == 1_234)
        #expect(frame.width == Chart.width)
        let worst = worst(frame) { x, y in Chart.yuv(Chart.color(x, y)) }
        #expect(worst.y <= 3)
        // Colours of RGB are sampled between two columns: at the left edge of a square, half of them come from next door.
        let isRGB = format == .bgra || format == .rgb24 || format == .bgr24
        if isRGB {
            let inner = inner(frame)
            #expect(inner.u <= 3)
            #expect(inner.v <= 3)
        } else {
            #expect(worst.u <= 3)
            #expect(worst.v <= 3)
        }
    }

    /// The largest difference of colours away from the edges of the squares.
    private func inner(_ frame: VideoFrame) -> (u: Int, v: Int) {
        let (u, v) = (frame.uBytes, frame.vBytes)
        var worst = (u: 0, v: 0)
        for row in 0..<frame.chromaHeight where 1...6 ~= row % 8 {
            for column in 0..<frame.chromaWidth where 1...6 ~= column % 8 {
                let wanted = Chart.yuv(Chart.color(2 * column, 2 * row))
                let place = row * frame.chromaStride + column
                worst.u = max(worst.u, abs(Int(u[place]) - wanted.1))
                worst.v = max(worst.v, abs(Int(v[place]) - wanted.2))
            }
        }
        return worst
    }

    @Test(arguments: PictureRotation.allCases, [PixelFormat.i420, .nv12])
    func picturesAreTurned(rotation: PictureRotation, format: PixelFormat) throws {
        let (bytes, layout) = try Chart.picture(format, gap: 0)
        var converter = try PictureConverter()
        let frame = try converter.convert(
            bytes.span, layout: layout, rotation: rotation, timestampMicroseconds: 0)
        let (width, height) = (Chart.width, Chart.height)
        #expect(frame.width == (rotation.isSideways ? height : width))
        #expect(frame.height == (rotation.isSideways ? width : height))
        let worst = worst(frame) { x, y in
            // Where the pixel was: a quarter clockwise brings the lower left corner to the upper left.
            let (column, row) =
                switch rotation {
                case .none: (x, y)
                case .clockwise90: (y, height - 1 - x)
                case .half: (width - 1 - x, height - 1 - y)
                case .clockwise270: (width - 1 - y, x)
                }
            return Chart.yuv(Chart.color(column, row))
        }
        #expect(worst.y <= 1)
        #expect(worst.u <= 1)
        #expect(worst.v <= 1)
    }

    /// Brightness in the middle of each square of a scaled chart.
    private func centre(_ frame: VideoFrame, _ x: Int, _ y: Int) -> Int {
        Int(frame.yBytes[y * frame.yStride + x])
    }

    @Test func picturesAreScaledByEachFit() throws {
        let (bytes, layout) = try Chart.picture(.nv12, gap: 0)
        var converter = try PictureConverter()
        // Twice as wide as it should be: 128 x 48 for a picture of 64 x 48.
        func scaled(_ fit: PictureFit) throws -> VideoFrame {
            try converter.convert(
                bytes.span, layout: layout, size: (128, 48), fit: fit, timestampMicroseconds: 0)
        }
        let contained = try scaled(.contain)
        #expect(centre(contained, 8, 24) == 16, "a bar on the left")
        #expect(centre(contained, 120, 24) == 16, "a bar on the right")
        #expect(abs(centre(contained, 32 + 8, 8) - Chart.yuv(Chart.color(8, 8)).0) <= 3)
        #expect(abs(centre(contained, 32 + 56, 40) - Chart.yuv(Chart.color(56, 40)).0) <= 3)

        let filled = try scaled(.fill)
        for (x, y) in [(8, 8), (24, 24), (56, 40)] {
            #expect(abs(centre(filled, 2 * x, y) - Chart.yuv(Chart.color(x, y)).0) <= 3)
        }

        // Twice as large, and of the height the middle half.
        let covered = try scaled(.cover)
        for (x, y) in [(8, 14), (24, 24), (56, 34)] {
            #expect(
                abs(centre(covered, 2 * x, (y - 12) * 2) - Chart.yuv(Chart.color(x, y)).0) <= 3)
        }
    }

    @Test func aScaledPictureIsTheSmallerOne() throws {
        let large = try testPicture(0, width: 192, height: 128)
        var converter = try PictureConverter()
        let small = try converter.convert(large, size: (96, 64))
        let again = try converter.convert(small, size: (192, 128))
        #expect(small.width == 96)
        #expect(small.height == 64)
        #expect(peakSignalToNoise(large, again) > 25)
        // Equal in size and orientation is equal in content.
        #expect(peakSignalToNoise(large, try converter.convert(large)) == 99)
        let turned = try converter.convert(large, rotation: .clockwise90)
        let back = try converter.convert(turned, rotation: .clockwise270)
        #expect(peakSignalToNoise(large, back) == 99)
    }

    /// Odd and tiny sizes in all combinations: nothing is written elsewhere, and the corners are those of the source.
    @Test func oddSizesAreTaken() throws {
        var converter = try PictureConverter()
        for (width, height) in [(1, 1), (2, 1), (3, 5), (17, 9), (33, 2)] {
            let source = try testPicture(0, width: width, height: height)
            for rotation in PictureRotation.allCases {
                for fit in [PictureFit.contain, .cover, .fill] {
                    for size in [(1, 1), (5, 3), (40, 7), (16, 33)] {
                        // What libswscale cannot do is an error.
                        let frame = try? converter.convert(
                            source, rotation: rotation, size: size, fit: fit)
                        #expect(frame == nil || frame?.width == size.0)
                    }
                }
                let turned = try converter.convert(source, rotation: rotation)
                let corner = Int(turned.yBytes[0])
                let places = [
                    PictureRotation.none: (0, 0), .clockwise90: (0, height - 1),
                    .half: (width - 1, height - 1), .clockwise270: (width - 1, 0),
                ]
                let (x, y) = try #require(places[rotation])
                #expect(corner == Int(source.yBytes[y * source.yStride + x]))
            }
        }
    }

    @Test func aLayoutThatDoesNotFitIsRefused() throws {
        let (bytes, layout) = try Chart.picture(.nv12, gap: 3)
        #expect(layout.byteCount <= bytes.count)
        var converter = try PictureConverter()
        #expect(throws: MediaCodecError.self) {
            let few = Array(bytes[..<(layout.byteCount - 1)])
            _ = try converter.convert(few.span, layout: layout, timestampMicroseconds: 0)
        }
        #expect(throws: MediaCodecError.self) {
            _ = try converter.convert(
                bytes.span, layout: layout, size: (0, 7), timestampMicroseconds: 0)
        }
        let wrong: [[PictureLayout.Plane]] = [
            [], [.init(offset: 0, stride: 64)],
            [.init(offset: 0, stride: 63), .init(offset: 0, stride: 64)],
            [.init(offset: -1, stride: 64), .init(offset: 0, stride: 64)],
            [.init(offset: .max, stride: 64), .init(offset: 0, stride: .max)],
        ]
        for planes in wrong {
            #expect(throws: MediaCodecError.self) {
                _ = try PictureLayout(format: .nv12, width: 64, height: 48, planes: planes)
            }
        }
        #expect(throws: MediaCodecError.self) {
            _ = try PictureLayout(format: .bgra, width: 0, height: 48)
        }
    }
}

extension VideoFrame {
    var yBytes: [UInt8] { Self.array(y) }
    var uBytes: [UInt8] { Self.array(u) }
    var vBytes: [UInt8] { Self.array(v) }
    private static func array(_ span: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.count)
        for index in span.indices { bytes.append(span[index]) }
        return bytes
    }
}
