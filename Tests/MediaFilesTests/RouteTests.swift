// That what WebRTC can carry is passed on, and nothing else.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@testable import MediaFiles

@Suite struct RouteTests {
    private func route(
        _ codec: VideoCodec?, profile: Int = -99, isEightBit420: Bool = true,
        isInterlaced: Bool = false, reorderedCount: Int = 0, rotation: PictureRotation = .none
    ) -> MediaRoute {
        MediaRoute(
            codec: codec, profile: profile, isEightBit420: isEightBit420,
            isInterlaced: isInterlaced, reorderedCount: reorderedCount, rotation: rotation)
    }

    /// FFmpeg's numbers: 578 is constrained baseline, 2_158 "high 10 intra".
    @Test func h264IsPassedOnByProfileAndOrder() {
        for profile in [66, 578, 77, 100, -99] {
            #expect(route(.h264, profile: profile) == .passThrough, "\(profile)")
        }
        for profile in [88, 110, 122, 244, 2_158, 118] {
            #expect(route(.h264, profile: profile) == .transcode(.profile), "\(profile)")
        }
        #expect(route(.h264, profile: 77, reorderedCount: 1) == .transcode(.reordered))
        #expect(route(.h264, profile: 100, reorderedCount: 2) == .transcode(.reordered))
        // Baseline cannot have B frames: FFmpeg's guess at their number is none.
        #expect(route(.h264, profile: 578, reorderedCount: 2) == .passThrough)
        #expect(route(.h264, isEightBit420: false) == .transcode(.profile))
        #expect(route(.h264, isInterlaced: true) == .transcode(.interlaced))
        #expect(route(.h264, rotation: .half) == .transcode(.rotated))
    }

    @Test func otherCodecsArePassedOnIfBrowsersHaveThem() {
        #expect(route(.vp8) == .passThrough)
        #expect(route(.vp9, profile: 0) == .passThrough)
        #expect(route(.vp9, profile: 2) == .transcode(.profile))
        #expect(route(.vp8, rotation: .clockwise90) == .transcode(.rotated))
        #expect(route(.av1) == .passThrough)
        #expect(route(.av1, profile: 1) == .transcode(.profile))
        #expect(route(nil) == .transcode(.codec))
        #expect(MediaRoute(isOpus: true, channels: 1) == .passThrough)
        #expect(MediaRoute(isOpus: true, channels: 6) == .transcode(.channels))
        #expect(MediaRoute(isOpus: false, channels: 2) == .transcode(.codec))
    }
}
