// That the proxy tells a browser's video from everything else.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ImpairmentProxy

@Suite struct VideoRecognitionTests {
    private func isVideo(_ first: UInt8, _ second: UInt8, count: Int = 20) -> Bool {
        let datagram = [first, second] + [UInt8](repeating: 0, count: count - 2)
        return ImpairedRelay.isVideo(datagram.span)
    }

    @Test func onlyRTPOfOtherTypesThanAudioIsVideo() {
        #expect(isVideo(0x90, 96))
        #expect(isVideo(0x80, 0x80 | 45))
        #expect(!isVideo(0x90, 111), "Opus")
        #expect(!isVideo(0x81, 200), "a sender report")
        #expect(!isVideo(0x00, 1), "STUN")
        #expect(!isVideo(22, 254), "DTLS")
        #expect(!isVideo(0x90, 96, count: 2), "cut off")
    }
}
