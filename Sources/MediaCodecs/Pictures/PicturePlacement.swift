// Which part of a picture is shown where, if it has another shape than the place for it.
// SPDX-License-Identifier: Apache-2.0

/// How a picture is fitted into another size.
public enum PictureFit: Codable, Sendable {
    /// All of it, undistorted, with black bars.
    case contain
    /// Everywhere, undistorted, with two sides cut off.
    case cover
    /// All of it everywhere, distorted.
    case fill
}

/// By how much a picture is turned.
public enum PictureRotation: Int, CaseIterable, Sendable {
    /// Not at all.
    case none = 0
    /// A quarter, clockwise.
    case clockwise90 = 90
    /// Upside down.
    case half = 180
    /// A quarter, counterclockwise.
    case clockwise270 = 270

    /// Whether width and height change places.
    public var isSideways: Bool { self == .clockwise90 || self == .clockwise270 }
}

/// A part of the source and its place in the target. Their corners are even, so that colours have one too.
struct PicturePlacement: Equatable {
    struct Rectangle: Equatable {
        var x = 0
        var y = 0
        var width: Int
        var height: Int
    }

    /// In the source as it lies, before it is turned.
    var crop: Rectangle
    /// In the target.
    var place: Rectangle

    init(
        source: (width: Int, height: Int), target: (width: Int, height: Int),
        rotation: PictureRotation, fit: PictureFit
    ) {
        // The target as the source sees it.
        let room =
            rotation.isSideways ? (width: target.height, height: target.width) : target
        crop = Rectangle(width: source.width, height: source.height)
        place = Rectangle(width: room.width, height: room.height)
        // Sides are at most 2^14: no product can overflow.
        let (wide, tall) = (source.width * room.height, source.height * room.width)
        switch fit {
        case .fill: break
        case .contain where wide > tall:
            place.height = Self.even(source.height * room.width, source.width, room.height)
        case .contain:
            place.width = Self.even(source.width * room.height, source.height, room.width)
        case .cover where wide > tall:
            crop.width = Self.part(source.height * room.width, room.height, source.width)
        case .cover:
            crop.height = Self.part(source.width * room.height, room.width, source.height)
        }
        crop.x = (source.width - crop.width) / 4 * 2
        crop.y = (source.height - crop.height) / 4 * 2
        if rotation.isSideways {
            place = Rectangle(width: place.height, height: place.width)
        }
        place.x = (target.width - place.width) / 4 * 2
        place.y = (target.height - place.height) / 4 * 2
    }

    /// The quotient rounded to an even number of at least 2; all of `whole` if no bar would be left.
    private static func even(_ dividend: Int, _ divisor: Int, _ whole: Int) -> Int {
        let rounded = max((dividend + divisor) / (2 * divisor) * 2, 2)
        return rounded >= whole - 1 ? whole : rounded
    }

    /// The quotient, rounded, of at least 1 and at most `whole`.
    private static func part(_ dividend: Int, _ divisor: Int, _ whole: Int) -> Int {
        min(max((dividend + divisor / 2) / divisor, 1), whole)
    }
}
